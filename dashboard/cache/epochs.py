"""The codes that runs keep over their epochs, and their projections, read again only when their files change."""

from __future__ import annotations

from aecore.errors import OutdatedError
from aecore.latent.epoch_codes import EpochCodes, read_epoch_codes
from aecore.latent.epoch_projection import (
    EpochProjection,
    pca_over_epochs,
    projection_file,
    read_epoch_projection,
)
from aecore.runs.run import EPOCH_CODES, Run
from aecore.runs.sums import SUMS
from dashboard.cache.keyed import keyed_on


@keyed_on((EPOCH_CODES, SUMS))
def epoch_codes(run: Run) -> EpochCodes | None:
    """The codes that the run keeps over its epochs; None where it keeps none. Raises `DamagedError`."""
    return read_epoch_codes(run)


def can_play(run: Run) -> bool:
    """Whether the run has codes of its epochs, for links from other pages: a file that is damaged is told where it is
    shown."""
    return run.file(EPOCH_CODES).is_file()


def over_epochs(run: Run, method: str, dims: int) -> EpochProjection | None:
    """Their projection: PCA is computed at once, t-SNE is None until it is saved. Raises `DamagedError`, and
    `UserError` for codes that are too few."""
    codes = epoch_codes(run)
    if codes is None:
        return None
    return _pca(run, dims, codes) if method == "pca" else _saved(run, method, dims)


@keyed_on((EPOCH_CODES,), show_spinner="Projecting the codes…")
def _pca(run: Run, dims: int, _codes: EpochCodes) -> EpochProjection:
    return pca_over_epochs(_codes, dims)


def _files(run: Run, method: str, dims: int) -> list[str]:
    return [EPOCH_CODES, SUMS, str(projection_file(run, method, dims))]


@keyed_on(_files)
def _saved(run: Run, method: str, dims: int) -> EpochProjection | None:
    try:
        return read_epoch_projection(run, method, dims)
    except OutdatedError:  # the training has gone on since: a new one is offered
        return None
