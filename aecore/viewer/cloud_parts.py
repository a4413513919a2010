"""The payloads of a run's point cloud for pages without a server: points, codes, thumbnails, decoder."""

from __future__ import annotations

import contextlib

import numpy as np

from aecore import data
from aecore.data import thumbnails
from aecore.errors import UserError
from aecore.latent.codes import Codes
from aecore.latent.projection import AT_ONCE, METHODS
from aecore.latent.projection_store import Projection, read_projection
from aecore.latent.request import ProjectionRequest, code_size, project_codes
from aecore.runs.run import Run
from aecore.viewer import point_cloud
from aecore.viewer.decoder import decoder_part

_PREFERRED = (("tsne", 3), ("tsne", 2), ("pca", 3))


def preferred(run: Run, codes: Codes | None) -> Projection:
    """The projection that shows most: a saved t-SNE, else principal components. Raises `UserError` without any."""
    for method, dims in _PREFERRED:
        with contextlib.suppress(UserError):  # not computed yet, or the code has no third unit
            return projection_of(run, codes, method, dims)
    return projection_of(run, codes, "pca", 2)


def projection_of(run: Run, codes: Codes | None, method: str, dims: int) -> Projection:
    """A saved projection; PCA and units are computed where they are not saved. Raises `UserError`."""
    split = codes.split if codes else "test"
    found = read_projection(run, method, dims, split=split) if method in METHODS and dims in (2, 3) else None
    if found is not None:
        return found
    request = ProjectionRequest(method, dims)
    request.check(code_size(run))
    if method not in AT_ONCE or codes is None or codes.codes is None:
        raise UserError(
            f"run {run.id} has no {method} in {dims}D yet: compute it with `aecore project {run.id} --method {method} "
            f"--dims {dims}{'' if split == 'test' else f' --images {split}'}`"
        )
    return project_codes(codes, request)


def tiles_of(run: Run, codes: Codes | None, projection: Projection) -> np.ndarray | None:
    """Thumbnails uint8 (N, C, H, W) of the projected images; None where there are none."""
    name = run.experiment().data.source
    if data.prepared(name):
        images = data.load(name)
        whole = images.x_test if projection.split == "test" else images.x_train
        return thumbnails.shrink(np.array(whole[projection.indices]))
    if projection.split != "test":
        return None
    if codes is not None and codes.images is not None:
        rows = np.searchsorted(codes.indices, projection.indices)
        if rows.max(initial=0) < len(codes.indices) and np.array_equal(codes.indices[rows], projection.indices):
            return codes.images[rows]
    return thumbnails.shipped(name, projection.indices, projection.labels)


def parts(run: Run, codes: Codes | None, projection: Projection) -> dict[str, point_cloud.Payload]:
    """All payloads of a run's projection, by the name that a view has for them."""
    return parts_of(projection, codes, tiles_of(run, codes, projection), decoder_part(run, codes))


def parts_of(
    projection: Projection,
    codes: Codes | None,
    tiles: np.ndarray | None,
    decoder: point_cloud.Payload | None = None,
) -> dict[str, point_cloud.Payload]:
    """Those of a projection of anything: with codes where one looks for neighbours, and with thumbnails uint8
    (N, C, H, W) where there are images."""
    found = {"points": point_cloud.points_part(projection)}
    if codes is not None:
        found["codes"] = point_cloud.codes_part(codes)
    if tiles is not None:
        found["atlas"] = point_cloud.atlas_part(tiles, projection.indices)
    if decoder is not None:
        found["decoder"] = decoder
    return found
