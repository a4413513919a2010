"""The filters of a decoder that is one linear layer: each unit's weights are the picture that it adds to the image.
Without torch: the weights are read from the run's file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aecore.config.model import Model
from aecore.drawing import Drawing, Sheet, SheetRow
from aecore.drawing.frame import COLORS
from aecore.drawing.items import color_of
from aecore.errors import DamagedError
from aecore.format import count
from aecore.models.layer import Plan
from aecore.runs.run import CODES, WEIGHTS, Run
from aecore.viewer.units import Unit
from dashboard.cache.keyed import keyed_on
from dashboard.widgets.image_files import remarks_of, title_of

BRIGHTER, DARKER = COLORS[:2]
"""The colour of a picture where a unit makes the image brighter, and where darker."""
WITHIN = 99.5
"""Per cent of the weights that the scale spans: a few large ones would leave all others pale."""
ACROSS, TILE = 16, 42.0


class Filters(NamedTuple):
    """The pictures of all units, and how they are used."""

    order: list[int]
    """Units, counted from 0, the most used first, dead ones last."""
    used: list[float]
    """By unit, the share of the real codes in which it is not 0."""
    dead: list[bool]
    weights: np.ndarray
    """float32 (n, C, H, W) by unit, in the model's own range for a unit of code."""
    scale: float
    """The weight that has the full colour; larger ones have it too."""
    beyond: float
    """The share of larger ones among the weights of units that are not dead."""

    @property
    def shades(self) -> np.ndarray:
        """int8 (n, C, H, W): the weights as shares of the scale, 127 for all of it."""
        return np.rint(np.clip(self.weights / self.scale, -1, 1) * 127).astype(np.int8)

    @property
    def sparse(self) -> bool:
        """Whether the units differ in how often they are used, not only in how strongly."""
        return any(share < 0.995 and not dead for share, dead in zip(self.used, self.dead, strict=True))


def has_filters(model: Model, solved: Plan) -> bool:
    """Whether the decoder is one linear layer from a code with a slider for every unit."""
    if not solved.has_code or model.quantised or solved.map_shape or len(solved.decoder) != 1:
        return False
    only = solved.decoder[0]
    return only.kind == "Linear" and not only.norm and not only.residual


def filters_of(run: Run, solved: Plan, codes: np.ndarray, units: Sequence[Unit]) -> Filters:
    """The filters of a run with such a decoder, `codes` (N, n) being its real ones. Raises `DamagedError` where the
    weights lack them."""
    return _filters(run, solved, tuple(unit["dead"] for unit in units), _codes=codes)


@keyed_on((WEIGHTS, CODES))
def _filters(run: Run, solved: Plan, dead: tuple[bool, ...], _codes: np.ndarray) -> Filters:
    return arranged(_weights(run, solved), _codes, dead)


def _weights(run: Run, solved: Plan) -> np.ndarray:
    only, size = solved.decoder[0], solved.code_size
    name = f"{only.tied_to or only.name}.weight"
    found = run.tensors(WEIGHTS).get(name)
    if found is None:
        raise DamagedError(f"run {run.id}: {WEIGHTS} holds no {name}")
    # A linear layer's weights are (outputs, inputs); tied ones are the encoder's, used the other way round.
    by_unit = found if only.tied_to else found.T
    pixels = math.prod(solved.image_shape)
    if by_unit.ndim != 2 or by_unit.shape[1] != pixels or len(by_unit) < size:
        raise DamagedError(f"run {run.id}: {name} is {found.shape}, not for {size} units and {pixels} pixels")
    return by_unit[:size].astype(np.float32).reshape(size, *solved.image_shape)  # behind them are those of classes


def arranged(weights: np.ndarray, codes: np.ndarray, dead: Sequence[bool]) -> Filters:
    """Filters (n, C, H, W) in the order of their use in real `codes` (N, n): by the share of codes in which a unit is
    not 0, in whole per cent, and among equal ones by how much it changes the image, which is the unit's standard
    deviation times its weights' norm."""
    used = (codes != 0).mean(0)
    change = codes.std(0, dtype=np.float64) * np.sqrt(np.square(weights, dtype=np.float64).sum((1, 2, 3)))
    order = sorted(range(len(weights)), key=lambda unit: (dead[unit], -round(100 * used[unit]), -change[unit]))
    sizes = np.abs(weights[[not each for each in dead]])
    scale = float(np.percentile(sizes, WITHIN)) if sizes.size else 0.0
    scale = scale or 1.0
    beyond = float((sizes > scale).mean()) if sizes.size else 0.0
    return Filters(order, used.tolist(), list(dead), weights, scale, beyond)


def colored(filters: Filters) -> np.ndarray:
    """The pictures by unit on white, uint8 (n, 3, H, W); of colour images each channel around grey."""
    shares = filters.shades / np.float32(127)
    if shares.shape[1] == 3:
        return np.rint(127.5 + 127.5 * shares).astype(np.uint8)
    amount = np.abs(shares[:, :1])
    ends = [np.array(color_of(code)[:3], np.float32)[None, :, None, None] for code in (BRIGHTER, DARKER)]
    return np.rint(255 + amount * (np.where(shares[:, :1] < 0, ends[1], ends[0]) - 255)).astype(np.uint8)


def caption(filters: Filters, unit: int) -> list[str]:
    """The lines beside a unit's picture."""
    if filters.dead[unit]:
        return [f"unit {unit + 1}", "dead"]
    return [f"unit {unit + 1}", *([f"{_percent(filters.used[unit])} used"] if filters.sparse else [])]


def _percent(share: float) -> str:
    """A share above 0 in whole per cent; what rounds to none is used nevertheless."""
    return f"{100 * share:.0f} %" if share >= 0.005 else "< 1 %"


def words(filters: Filters) -> str:
    """What the pictures show, in which order, and their scale."""
    if filters.weights.shape[1] == 3:
        colors = "each channel's weights around grey"
    else:
        colors = "blue where more of it makes pixels brighter, orange where darker"
    order = "the share of the real codes in which a unit is not 0, then by " if filters.sparse else ""
    scale = f"One scale for all: full colour at ±{filters.scale:.3g}"
    if filters.beyond:
        scale += f", and beyond it ({100 * filters.beyond:.1f} % of the weights)"
    gone = sum(filters.dead)
    dead = f", {count(gone, 'dead unit')} last" if gone else ""
    return (
        f"What one unit adds to the image, its weights in the decoder: {colors}. {scale}. Sorted by {order}"
        f"how much a unit changes the images{dead}."
    )


def sheet(run: Run, filters: Filters) -> Drawing:
    """All filters as a figure, in the page's order."""
    return Sheet(
        [SheetRow("", colored(filters)[filters.order])],
        ["\n".join(caption(filters, unit)) for unit in filters.order],
        f"{title_of(run)}: filters of the decoder",
        [words(filters), *remarks_of(run)],
        per_block=ACROSS,
        tile=TILE,
    ).drawing()
