"""A run's projection prepared for the point cloud: its payloads are sent once and referred to by name."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from aecore import data
from aecore.data.subset import SPLITS
from aecore.latent.codes import Codes
from aecore.latent.epoch_projection import EpochProjection
from aecore.latent.projection_store import Projection
from aecore.runs.run import CODES, WEIGHTS, Run
from aecore.viewer import epoch_cloud
from aecore.viewer import point_cloud as drawn
from dashboard.cache import codes as cached_codes
from dashboard.cache import networks
from dashboard.cache.images import pictures_of
from dashboard.cache.kept import KEPT
from dashboard.cache.keyed import keyed_on, signature
from dashboard.components.assets import ship
from dashboard.components.networks import ship_network


def view(run: Run, projection: Projection, title: str = "", plain: bool = False) -> dict[str, Any]:
    """The projection for `dashboard.components.point_cloud.cloud`.

    Sends its payloads; call it where nothing else is drawn, because each of them leaves a gap in the layout. A `plain`
    one has images, but neither reconstructions nor neighbours.
    """
    split = projection.split
    codes = cached_codes.codes(run, split)
    made = drawn.points_part(projection)
    points = _name("points", run.id, projection.method, str(projection.dims), split, _digest(made["coordinates"]))
    ship(points, **made)
    return drawn.view(
        projection,
        points,
        title or drawn.projection_title(projection.method, projection.dims),
        points=points,
        codes=None if plain else _ship_codes(run, codes),
        atlas=_ship_atlas(run, codes, projection.indices, projection.labels, split),
        decoder=None if plain else ship_decoder(run, codes),
    )


def epochs_view(run: Run, projection: EpochProjection) -> dict[str, Any]:
    """A projection over the epochs for `dashboard.components.epoch_cloud`; sends its payloads, as `view`."""
    made = epoch_cloud.points_part(projection)
    name = _name("epochs", run.id, projection.method, str(projection.dims), _digest(made["coordinates"]))
    points = ship(name, **made)
    atlas = _ship_atlas(run, cached_codes.codes(run), projection.indices, projection.labels, "test")
    return epoch_cloud.view(projection, points, atlas)


def live_view(
    run: Run, method: str, dims: int, indices: np.ndarray, labels: np.ndarray, channel: str, split: str = "test"
) -> dict[str, Any]:
    """The same for moving points, whose coordinates arrive on `channel` (`point_cloud.frames`)."""
    codes = cached_codes.codes(run, split)
    numbers = indices.astype("<i4").tobytes()
    points = _name("moving", run.id, method, str(dims), split, _digest(numbers))
    ship(points, indices=numbers, labels=labels.tobytes())
    return {
        "id": points,
        "title": drawn.projection_title(method, dims),
        "dims": dims,
        "method": method,
        "axes": None,
        "quality": [],
        "note": "",
        "noun": SPLITS[split],
        "points": points,
        "codes": _ship_codes(run, codes),
        "atlas": _ship_atlas(run, codes, indices.astype(np.int64), labels, split),
        "decoder": ship_decoder(run, codes),
        "live": channel,
        "moving": True,
    }


def ship_decoder(run: Run, codes: Codes | None) -> str | None:
    """The run's decoder; preceded by the encoder if codes are too wide to be stored."""
    if codes is None:
        return None
    if codes.codes is not None:
        return ship_network(run, "decoder")
    made, before = networks.payload(run), networks.payload(run, "encoder")
    if made is None or before is None:
        return None
    name = _name("both", run.id, str(signature(run, (WEIGHTS,))))
    return ship(name, header=made.header, weights=made.weights, before=before.header, before_weights=before.weights)


def _ship_codes(run: Run, codes: Codes | None) -> str | None:
    if codes is None:
        return None
    stamp = signature(run, (CODES, WEIGHTS))
    return ship(_name("codes", run.id, codes.split, str(stamp)), **_codes(run, codes.split, codes))


@keyed_on((CODES, WEIGHTS))
def _codes(run: Run, split: str, _codes: Codes) -> dict[str, Any]:
    return drawn.codes_part(_codes)


def _ship_atlas(run: Run, codes: Codes | None, indices: np.ndarray, labels: np.ndarray, split: str) -> str | None:
    """The images of these points: of all that have codes, if these are among them, so that changing the
    projection does not send them again."""
    if codes is not None and np.isin(indices, codes.indices).all():
        indices, labels = codes.indices, codes.labels
    name = run.experiment().data.source
    # Images stored only with the run are its own; those of the set or the project are the same for all runs.
    own = str(run.path) if codes is not None and codes.images is not None else ""
    key = ("atlas", name, own, data.prepared(name), _digest(indices.tobytes()), split)
    made = KEPT.get(key, lambda: _atlas(run, codes, indices, labels, split), "Collecting images…")
    return ship(_name("atlas", name, own, _digest(made["image"])), **made) if made else None


def _atlas(run: Run, codes: Codes | None, indices: np.ndarray, labels: np.ndarray, split: str) -> dict[str, Any] | None:
    whole = Codes(None, labels, indices, np.zeros(len(indices), np.float32), "none", split=split)
    among = codes is not None and np.array_equal(codes.indices, indices)
    tiles = pictures_of(run, codes if among and codes is not None else whole)
    return None if tiles is None else drawn.atlas_part(tiles, indices)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _name(what: str, *parts: str) -> str:
    return f"{what}-{_digest(' '.join(parts).encode())}"
