"""What else was found with a measure, as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aecore.format import count


def facts(name: str, measured: Mapping[str, Any]) -> list[str]:
    """Sentences about a measure beyond its number; none where there is nothing to add."""
    told = _OF.get(name, lambda _: [])(_Numbers(measured))
    images = _Numbers(measured)["test_images"]
    if images is not None and name != "likelihood":
        told.append(f"On {count(int(images), 'test image')}.")
    return told


class _Numbers:
    """A measure's table: what is no number is None."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = table

    def __getitem__(self, name: str) -> float | None:
        value = self.table.get(name)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def inner(self, name: str) -> _Numbers:
        value = self.table.get(name)
        return _Numbers(value if isinstance(value, Mapping) else {})


def _units(found: _Numbers) -> list[str]:
    told = []
    for key, words in (
        ("constant", "The same for every image"),
        ("never_fire", "Never firing, so 0 for every image"),
        ("active_for_their_scale", "Varying by more than a hundredth of the unit that varies most"),
    ):
        if (number := found[key]) or (number is not None and key == "active_for_their_scale"):
            told.append(f"{words}: {count(int(number), 'unit')}.")
    if (nats := found["kl_nats"]) is not None:
        told.append(f"Together they carry {nats:.2f} nats about an image (KL divergence from the prior).")
    return told


def _reconstruction(found: _Numbers) -> list[str]:
    told = []
    if (psnr := found["psnr_db"]) is not None:
        told.append(f"The mean PSNR is {psnr:.2f} dB.")
    if (size := found["equals_pca"]) is not None:
        told.append(f"PCA needs {count(int(size), 'component')} for as low an error.")
    return told


def _rate(found: _Numbers) -> list[str]:
    size, raw = found["bytes"], found["raw_bytes"]
    return [f"{size:,.0f} bytes an image, of {raw:,.0f} uncompressed."] if size and raw else []


def _samples(found: _Numbers) -> list[str]:
    told = []
    if found["samples"]:
        told.append(
            f"{found['samples']:,.0f} samples, in the features of the {found.table.get('features', 'classifier')}."
        )
    readable = found.inner("readable")
    if (share := readable["value"]) is not None:
        of_real = f" (test images: {100 * real:.1f} %)" if (real := readable["real"]) is not None else ""
        told.append(f"{100 * share:.1f} % are readable{of_real}: the classifier is sure of their class.")
    copies = found.inner("copies")
    if (share := copies["value"]) is not None:
        of_real = f" (test images: {100 * real:.1f} %)" if (real := copies["real"]) is not None else ""
        told.append(f"{100 * share:.1f} % may be copies{of_real}: they are suspiciously near to a training image.")
    return told


def _likelihood(found: _Numbers) -> list[str]:
    told = []
    samples, images = found["samples"], found["test_images"]
    if samples and images:
        told.append(f"{samples:,.0f} samples an image, on {count(int(images), 'test image')}.")
    if found.table.get("observation"):
        width = f", standard deviation {std:.3g}" if (std := found["std"]) is not None else ""
        told.append(f"Observation model: {found.table['observation']}{width}.")
    return told


def _anomalies(found: _Numbers) -> list[str]:
    left_out = found.table.get("left_out")
    told = [f"Left out of training: {', '.join(map(str, left_out))}."] if isinstance(left_out, list) else []
    if (high := found["high"]) is not None and high < 0.5:
        told.append("Worse than guessing: to this model the images left out look more usual than the others.")
    if (precision := found["average_precision"]) is not None:
        told.append(f"Average precision {100 * precision:.1f} %.")
    rows = found.table.get("thresholds")
    chosen_on = found.table.get("thresholds_from", "other images")
    for row in rows if isinstance(rows, list) else []:
        wanted, caught, raised = (_Numbers(row if isinstance(row, Mapping) else {})[name] for name in _THRESHOLD)
        if wanted is not None and caught is not None and raised is not None:
            told.append(
                f"A threshold for {100 * wanted:g} % false alarms, chosen on {chosen_on}, catches {100 * caught:.1f} % "
                f"of the anomalies at {100 * raised:.1f} %."
            )
    return told


_THRESHOLD = ("false_alarms", "caught", "raised")
_OF: dict[str, Callable[[_Numbers], list[str]]] = {
    "active_units": _units,
    "reconstruction": _reconstruction,
    "rate_distortion": _rate,
    "samples_prior": _samples,
    "samples_gaussian": _samples,
    "samples_mixture": _samples,
    "likelihood": _likelihood,
    "anomaly_error": _anomalies,
    "anomaly_distance": _anomalies,
}
