"""Time, memory and faithfulness of projections against the number of points: `python -m benchmarks.projections`.

Our t-SNE, once as a trial on this machine chooses and once in either way of summing the repulsion, openTSNE's,
scikit-learn's, UMAP and PaCMAP embed the codes of a shipped run's training images (all t-SNEs with perplexity 30, a
thousand iterations and PCA initialisation), each in a process of its own, after a warm-up on a few codes that is not
counted. Memory is what the process grew by. Packages that are not installed (requirements-projections.txt and openTSNE)
are left out, and so is what takes more than half an hour. Where two take part at the same size, they follow each other,
so that changes in machine speed affect them alike. `--chart FILE.svg` draws seconds against points, also of results
that `--from FILE.json` has.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aecore.errors import UserError
from aecore.latent import packages, tsne
from aecore.latent.repulsion import WAYS
from aecore.metrics.projection import trustworthiness
from benchmarks import memory, projections_chart

PERPLEXITY, ITERATIONS, QUICK_ITERATIONS = 30.0, 1000, 500
SIZES, QUICK_SIZES = (1000, 5000, 10_000, 20_000, 60_000), (600,)
MOST = {("openTSNE", 3): 20_000, ("scikit-learn", 2): 10_000, ("scikit-learn", 3): 10_000}
MOST |= {(way, dims): 20_000 for way in WAYS for dims in (2, 3)}
"""Points, by dimensions, beyond which a method takes too long to be measured; or, on a grid, is the same as ours."""
METHODS = ("ours", *WAYS, "openTSNE", "scikit-learn", "umap", "pacmap")
CODES_OF = "mnist-mlp8"
WARM_UP = {"umap": 4200}
"""Codes in the warm-up, else 400: from 4,096 on UMAP looks for neighbours in another way, and compiles that first."""

Draw = Callable[[np.ndarray, int, int], np.ndarray]


def _ours(repulsion: str) -> Draw:
    def drawn(codes: np.ndarray, dims: int, iterations: int) -> np.ndarray:
        return tsne.embed(codes, dims, perplexity=PERPLEXITY, iterations=iterations, repulsion=repulsion)

    return drawn


def _open_tsne(codes: np.ndarray, dims: int, iterations: int) -> np.ndarray:
    """Repulsion from a grid in 2D (Linderman et al. 2019), from a tree in 3D (van der Maaten 2014); a quarter of the
    iterations, at most 250, exaggerate the attraction, as ours do."""
    from openTSNE import TSNE  # type: ignore[import-not-found]

    early = min(250, iterations // 4)
    model = TSNE(
        dims,
        perplexity=PERPLEXITY,  # type: ignore[arg-type]
        early_exaggeration_iter=early,
        n_iter=iterations - early,
        negative_gradient_method="fft" if dims == 2 else "bh",
        random_state=0,
        n_jobs=torch.get_num_threads(),
    )
    return np.asarray(model.fit(np.asarray(codes, np.float64)), np.float32)


def _scikit_learn(codes: np.ndarray, dims: int, iterations: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    model = TSNE(dims, perplexity=PERPLEXITY, max_iter=max(iterations, 250), init="pca", random_state=0, n_jobs=-1)
    return model.fit_transform(codes)


def _umap(codes: np.ndarray, dims: int, iterations: int) -> np.ndarray:
    return packages.umap(codes, dims, 0, _silent)[0]


def _pacmap(codes: np.ndarray, dims: int, iterations: int) -> np.ndarray:
    return packages.pacmap(codes, dims, 0)[0]


DRAWS: dict[str, Draw] = {
    "ours": _ours("auto"),
    **{way: _ours(way) for way in WAYS},
    "openTSNE": _open_tsne,
    "scikit-learn": _scikit_learn,
    "umap": _umap,
    "pacmap": _pacmap,
}
TITLES = {
    "ours": "t-SNE, ours",
    "exact": "t-SNE, ours, over all pairs",
    "grid": "t-SNE, ours, on a grid",
    "openTSNE": "t-SNE, openTSNE (grid in 2D, tree in 3D)",
    "scikit-learn": "t-SNE, scikit-learn (tree)",
    "umap": "UMAP, umap-learn",
    "pacmap": "PaCMAP",
}


def _silent(*_: object) -> None:
    pass


def _installed(method: str) -> bool:
    return packages.installed(method) and (method != "openTSNE" or importlib.util.find_spec("openTSNE") is not None)


def embed(method: str, codes: np.ndarray, dims: int, iterations: int, warm_up: int = 400) -> dict[str, Any]:
    """One embedding in this process: seconds, growth of its memory in MB, and the points. The memory is NaN where the
    system does not tell it."""
    DRAWS[method](codes[: WARM_UP.get(method, warm_up)], dims, 20)
    known = memory.is_told()
    begun = time.perf_counter()
    with memory.growth() as grown:
        points = DRAWS[method](codes, dims, iterations)
        seconds = time.perf_counter() - begun
    return {"seconds": seconds, "memory_mb": grown() / 1e6 if known else math.nan, "points": points}


def _in_process(method: str, codes: Path, count: int, dims: int, iterations: int) -> dict[str, Any]:
    """`embed` in a process of its own, and how faithful the points are."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "points.npz")
        asked = ["--embed", method, str(codes), str(count), str(dims), str(iterations), str(out)]
        done = subprocess.run([sys.executable, "-m", "benchmarks.projections", *asked], capture_output=True, text=True)
        if done.returncode:
            return {"failed": done.stderr.strip().rpartition("\n")[2][:200]}
        with np.load(out) as found:
            points, seconds, grown = found["points"], float(found["seconds"]), float(found["memory_mb"])
    value = trustworthiness(np.load(codes)[:count], points)
    return {"seconds": seconds, "memory_mb": None if math.isnan(grown) else grown, "trustworthiness": value}


def codes_of(run_name: str, count: int) -> np.ndarray:
    """Codes of some of the images that a shipped run was trained on, float32 (count, n)."""
    from aecore.inference import training_codes
    from aecore.runs.store import Store

    found = training_codes(Store.default().find(run_name), count).codes
    assert found is not None
    if len(found) < count:
        raise SystemExit(f"{run_name} was trained on {len(found):,} images: no {count:,} points can be measured")
    return found


def measure(
    run: str, sizes: list[int], methods: list[str], iterations: int, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "codes.npy")
        np.save(path, codes_of(run, max(sizes)))
        for count in sizes:
            for dims in (2, 3):
                for method in methods:
                    if count > MOST.get((method, dims), count):
                        continue
                    one = _in_process(method, path, count, dims, iterations)
                    found.append({"method": method, "points": count, "dims": dims, **one})
                    say(f"{TITLES[method]}, {count:,} points in {dims}D: {json.dumps(one)}")
    return found


def markdown(found: list[dict[str, Any]], methods: list[str]) -> str:
    """Seconds, trustworthiness and memory, a row for each number of points and dimensions."""
    lines = ["| points | " + " | ".join(TITLES[method] for method in methods) + " |", "|---|" + "---|" * len(methods)]
    for count, dims in dict.fromkeys((one["points"], one["dims"]) for one in found):
        cells = []
        for method in methods:
            here = [one for one in found if (one["method"], one["points"], one["dims"]) == (method, count, dims)]
            cells.append(_cell(here[0]) if here else "–")
        lines.append(f"| {count:,}, {dims}D | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(one: dict[str, Any]) -> str:
    if "failed" in one:
        return one["failed"]
    grown = "memory unknown" if one["memory_mb"] is None else f"{one['memory_mb']:.0f} MB"
    return f"{one['seconds']:.1f} s, {one['trustworthiness']:.4f}, {grown}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default=CODES_OF, help="the run whose codes are embedded")
    parser.add_argument("--points", type=int, nargs="+", help=f"default {' '.join(map(str, SIZES))}")
    parser.add_argument("--method", choices=METHODS, action="append", help="only this one; may be repeated")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="600 points, 500 iterations, and of our t-SNE the way that a run takes alone",
    )
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    parser.add_argument("--chart", type=Path, help="also draw seconds against points: .svg, .pdf or .png")
    parser.add_argument("--from", dest="measured", type=Path, help="with --chart: draw these results, measure nothing")
    parser.add_argument("--embed", nargs=6, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.embed:
        method, codes, count, dims, iterations, out = asked.embed
        np.savez(out, **embed(method, np.load(codes)[: int(count)], int(dims), int(iterations)))
        return
    if asked.measured:
        if not asked.chart:
            parser.error("--from: name the chart to draw with --chart")
        _chart(json.loads(asked.measured.read_text()), asked.chart)
        return
    usual = [name for name in METHODS if not (asked.quick and name in WAYS)]
    methods = [name for name in asked.method or usual if _installed(name)]
    sizes = asked.points or list(QUICK_SIZES if asked.quick else SIZES)
    iterations = QUICK_ITERATIONS if asked.quick else ITERATIONS
    found = measure(asked.run, sizes, methods, iterations, lambda line: print(line, file=sys.stderr, flush=True))
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"Codes of {asked.run}, {iterations:,} iterations; seconds, trustworthiness and memory. {machine}\n")
    print(markdown(found, methods))
    measured = {"machine": machine, "run": asked.run, "iterations": iterations, "results": found}
    if asked.json:
        asked.json.write_text(json.dumps(measured, indent=1))
    if asked.chart:
        _chart(measured, asked.chart)


def _chart(measured: dict[str, Any], file: Path) -> None:
    try:
        projections_chart.draw(measured, TITLES, file)
    except UserError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
