"""Which way of summing t-SNE's repulsion is the faster one here: over all pairs, or on a grid.

It depends on the processor, its threads, and the number of points. So, where it is not obvious, a few evaluations of
the forces are timed in both ways, and the choice is kept in the user's cache (`aecore.models.known_ways`), so that the
next such drawing begins at once.
"""

from __future__ import annotations

import math
import time

from torch import Tensor

from aecore.latent.affinities import Affinities
from aecore.latent.exact_forces import ExactForces
from aecore.latent.grid_forces import GridForces
from aecore.latent.pool import threads_for
from aecore.models import known_ways

Forces = ExactForces | GridForces
WAYS: dict[str, type[ExactForces] | type[GridForces]] = {"exact": ExactForces, "grid": GridForces}
TRIED = (1500, 20_000)
"""With fewer points a grid is nowhere worth its transforms, and from so many on all pairs are too many everywhere."""
GRID_FROM = {2: 3000, 3: 7000}
"""By dimensions, the points from which a grid is taken without a trial."""
WORTH = 200
"""Of fewer iterations both ways are soon over."""
EARLY = 0.25
"""The share of the iterations in which the points lie close together."""
SPREAD = 40.0
"""The standard deviation of each axis at the end: that of the shipped runs' drawings, of 3,000 to 10,000 points in two
and three dimensions, is between 30 and 50 along the longer ones."""
ROUNDS, MOST_S = 4, 0.5
"""How often each way is timed, and for how long at most, in either drawing."""
GAIN = 1.05
"""The grid must be this many times as fast: less may be chance, and sums over all pairs are exact."""
PER_DOUBLING = 8
"""Numbers of points that differ by less than a ninth or so share an entry of the cache."""


def choose(pulls: Affinities, points: Tensor, perplexity: float, iterations: int) -> str:
    """The name in `WAYS` of the faster way on the CPU for these affinities, from these points (N, dims) on."""
    count, dims = points.shape
    if not TRIED[0] <= count < TRIED[1]:
        return "exact" if count < TRIED[0] else "grid"
    work = {"t-SNE": dims, "points": round(PER_DOUBLING * math.log2(count)), "perplexity": perplexity}
    here = known_ways.machine(points.device)
    name = known_ways.name_of(here, work)
    known = known_ways.find(name)
    if known and known["way"] in tuple(WAYS):
        return known["way"]
    if iterations < WORTH:
        return "grid" if count >= GRID_FROM[dims] else "exact"
    others = known_ways.Others()
    seconds = dict.fromkeys(WAYS, 0.0)
    with threads_for(points.device) as pool:
        forces = {way: make(pulls, dims, pool) for way, make in WAYS.items()}
        for share, drawing in ((EARLY, points), (1 - EARLY, spread_out(points))):
            for way, least in _timed(forces, drawing).items():
                seconds[way] += share * least
    way = "grid" if GAIN * seconds["grid"] < seconds["exact"] else "exact"
    if not others.are_busy():
        about = {"projection": f"t-SNE, {count:,} points in {dims}D, perplexity {perplexity:g}", "machine": here}
        known_ways.keep(name, {"way": way, "seconds": {way: round(each, 6) for way, each in seconds.items()}} | about)
    return way


def spread_out(points: Tensor) -> Tensor:
    """Points that fill a disc or ball as evenly as those of a finished drawing, which an iteration on a grid then takes
    about as long for: each in the direction from the middle in which it is, in the order of their distances."""
    count, dims = points.shape
    scaled = (points - points.mean(0)) / points.std(0).clamp(min=1e-30)  # a drawing to start from may be flat
    far = scaled.norm(dim=1)
    rank = far.argsort().argsort() + 0.5
    radius = SPREAD * math.sqrt(dims + 2) * (rank / count) ** (1 / dims)
    return scaled * (radius / far.clamp(min=1e-30))[:, None]


def _timed(forces: dict[str, Forces], points: Tensor) -> dict[str, float]:
    """Seconds for an evaluation of each, the least of a few turns, so that a change of the machine's speed affects
    both."""
    for each in forces.values():
        each.gradient(points)  # a grid makes its kernel
    least = dict.fromkeys(forces, math.inf)
    begun = time.perf_counter()
    for _ in range(ROUNDS):
        for way, each in forces.items():
            start = time.perf_counter()
            each.gradient(points)
            least[way] = min(least[way], time.perf_counter() - start)
        if time.perf_counter() - begun > MOST_S:
            break
    return least
