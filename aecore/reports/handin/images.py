"""The images of a report: one test image of each class through every run, and an interpolation between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aecore import data
from aecore.config.corruption import Corruption
from aecore.data import thumbnails
from aecore.data.convert import to_uint8
from aecore.drawing import Sheet, SheetRow
from aecore.errors import AecoreError
from aecore.latent.interpolation import along
from aecore.reports.handin.document import Block, Figure, Lane, Paragraph, Scrubber
from aecore.reports.handin.subject import Subject
from aecore.runs.run import Run

MOST_CLASSES = 10
STRIP_FRAMES = 11
SCRUB_FRAMES = (31, 21, 11)
"""Of the slider, as many as keep the file small: each holds the frames of the strip."""
MOST_VALUES = 3_000_000
"""In all frames of a slider."""
ENDS = (3, 4)
"""The classes between which is interpolated, if there are so many."""


class Examples(NamedTuple):
    """Some test images: uint8 (N, C, H, W), labels and indices in the test set."""

    clean: np.ndarray
    labels: np.ndarray
    indices: np.ndarray


def blocks(subjects: Sequence[Subject]) -> tuple[list[Block], list[Block]]:
    """What the runs make of one image of each class, and of an interpolation; runs of other images apart."""
    sheets: list[Block] = []
    ways: list[Block] = []
    for number, group in enumerate(alike(subjects), 1):
        able = [subject for subject in group if subject.has_weights]
        without = [subject.name for subject in group if not subject.has_weights]
        if without:
            sheets.append(Paragraph(f"No weights are saved, so there are no images: {', '.join(without)}."))
        if not able:
            continue
        try:
            found = one_per_class(able[0].run)
            sheets += _sheet(able, found, number)
            coded = [subject for subject in able if subject.experiment.model.has_code]
            ways += _interpolation(coded, found, number) if coded else []
        except AecoreError as error:
            sheets.append(Paragraph(f"There are no images: {error}.", warning=True))
    return sheets, ways


def alike(subjects: Sequence[Subject]) -> list[list[Subject]]:
    """The runs in groups of the same image set and shape; those whose images nobody knows are in none."""
    groups: dict[tuple, list[Subject]] = {}
    for subject in subjects:
        if not subject.summary.images_known:
            continue
        key = (subject.experiment.data.source, subject.run.image_info().image_shape)
        groups.setdefault(key, []).append(subject)
    return list(groups.values())


def one_per_class(run: Run) -> Examples:
    """The first test image of each class, of at most ten; from the image set if it is on this machine, else from what
    ships or is stored with the run. Raises `AecoreError` if there are none."""
    found = _available(run)
    first = [np.flatnonzero(found.labels == label)[0] for label in np.unique(found.labels)[:MOST_CLASSES]]
    return Examples(found.clean[first], found.labels[first], found.indices[first])


def _available(run: Run) -> Examples:
    name = run.experiment().data.source
    if data.prepared(name):
        images = data.load(name)
        first = np.unique([np.flatnonzero(images.y_test == label)[0] for label in np.unique(images.y_test)])
        return Examples(np.array(images.x_test[first]), np.array(images.y_test[first]), first)
    ship = thumbnails.SHIPPED.get(name)
    known = thumbnails.shipped_set(name)
    if ship is not None and ship.lossless and known is not None:
        indices, labels = known
        first = np.unique([np.flatnonzero(labels == label)[0] for label in np.unique(labels)])
        clean = thumbnails.shipped(name, indices[first], labels[first])
        assert clean is not None
        return Examples(clean, labels[first], indices[first])
    panel = run.snapshots()
    return Examples(panel["clean"], panel["labels"], panel["indices"])


def common_corruption(subjects: Sequence[Subject]) -> Corruption:
    """The corruption of the report's images: the first that all runs were tested under and that changes them, else the
    first run's own, else none."""
    tested = [[entry["corruption"] for entry in subject.run.evaluation()] for subject in subjects]
    for text in [*(tested[0] if tested else []), str(subjects[0].experiment.corruption).removesuffix("+once")]:
        found = Corruption.parse(text)
        own = str(subjects[0].experiment.corruption).removesuffix("+once")
        if found.active and (text == own or all(text in entries for entries in tested)):
            return found
    return Corruption()


def _sheet(subjects: Sequence[Subject], found: Examples, number: int) -> list[Block]:
    from aecore.inference import denoise, load_model  # torch
    from aecore.metrics.evaluation import NOISE_SEED

    corruption = common_corruption(subjects)
    info = subjects[0].run.image_info()
    rows = [SheetRow("clean", _bytes(found.clean / np.float32(255)))]
    noises: list[np.ndarray] = []
    lines: list[SheetRow] = []
    for subject in subjects:
        noisy, output, noisy_scores, scores, _ = denoise(
            load_model(subject.run), found.clean, corruption, NOISE_SEED, found.labels
        )
        if corruption.active and not any(np.allclose(noisy, other, atol=1e-5) for other in noises):
            noises.append(noisy)
            of = f"{subject.letter} noisy".strip() if len(noises) > 1 else "noisy"
            lines.append(SheetRow(of, _bytes(noisy), _captions(noisy_scores)))
        name = subject.name if subject.letter else "output"
        lines.append(SheetRow(name, _bytes(output), _captions(scores)))
    label = corruption.label if corruption.active else "clean images"
    words = "PSNR and SSIM under each image."
    if len(noises) > 1:
        words += " These models' pixel ranges differ, and so does their noise: each has the noisy input above it."
    across = 5 if len(lines) <= 3 else 10  # a sheet of many rows would be higher than a page
    title = f"{info.title}: {label}"
    sheet = Sheet([*rows, *lines], _headings(found, info.classes), title, [words], per_block=across)
    caption = f"The first test image of each class ({label}); single images, not the test set's mean."
    return [Figure(f"images-{number}", caption, sheet.drawing())]


def _interpolation(subjects: Sequence[Subject], found: Examples, number: int) -> list[Block]:
    info = subjects[0].run.image_info()
    ends = [ENDS[i] if len(found.labels) > max(ENDS) else min(i, len(found.labels) - 1) for i in (0, 1)]
    images = found.clean[ends]
    names = [_heading(found, i, info.classes) for i in ends]
    fits = MOST_VALUES / (len(subjects) * images[0].size)
    count = next((frames for frames in SCRUB_FRAMES if frames <= fits), SCRUB_FRAMES[-1])
    lanes = [Lane(subject.name, _frames(subject, images, found.labels[ends], count)) for subject in subjects]
    edge, every = _bytes(images / np.float32(255)), (count - 1) // (STRIP_FRAMES - 1)
    rows = [
        SheetRow(lane.name if subject.letter else "", np.concatenate([edge[:1], lane.frames[::every], edge[1:]]))
        for subject, lane in zip(subjects, lanes, strict=True)
    ]
    headings = [f"from\n{names[0]}", *(f"{share:.0%}" for share in np.linspace(0, 1, STRIP_FRAMES)), f"to\n{names[1]}"]
    caption = f"Decoded from the line between the codes of test images {names[0]} and {names[1]}."
    strip = Sheet(rows, headings, "Interpolation in the latent space", per_block=len(headings), tile=42).drawing()
    return [Figure(f"interpolation-{number}", caption, strip), Scrubber("Drag the slider.", edge, names, lanes)]


def _frames(subject: Subject, images: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Frames uint8 (count, C, H, W) decoded along the line between the codes of two images, of a VAE between means."""
    import torch

    from aecore.inference import load_model
    from aecore.models.condition import Condition
    from aecore.models.network import known_classes

    model = load_model(subject.run)
    with torch.inference_mode():
        batch = model.from_bytes(torch.from_numpy(np.array(images)))
        codes = model.mean_codes(batch, Condition(known_classes(model, labels))).numpy()
        path = along(codes[0], codes[1], np.linspace(0, 1, count))
        # The class that a conditional model is told changes halfway.
        told = Condition(known_classes(model, np.repeat(labels, [count - count // 2, count // 2])))
        return _bytes(model.to_unit(model.decode(torch.from_numpy(path), told)).contiguous().numpy())


def _captions(scores: dict[str, np.ndarray]) -> list[list[str]]:
    return [
        [f"{psnr:.1f} dB · {ssim:.2f}" if np.isfinite(psnr) else f"∞ dB · {ssim:.2f}"]
        for psnr, ssim in zip(scores["psnr_db"], scores["ssim"], strict=True)
    ]


def _headings(found: Examples, classes: Sequence[str]) -> list[str]:
    return [_heading(found, i, classes) for i in range(len(found.labels))]


def _heading(found: Examples, i: int, classes: Sequence[str]) -> str:
    label = int(found.labels[i])
    return f"#{found.indices[i]} · {classes[label] if label < len(classes) else label}"


def _bytes(images: np.ndarray) -> np.ndarray:
    return to_uint8(np.ascontiguousarray(images if images.shape[1] in (1, 3) else images[:, :1]))
