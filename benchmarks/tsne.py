"""Our exact t-SNE compared with openTSNE's and scikit-learn's: `python -m benchmarks.tsne [--quick] [--json FILE]`.

All embed the same codes of the same shipped run, with perplexity 30, a thousand iterations and PCA initialisation,
alternating in one process, so that changes in machine speed affect them alike; ratios are taken within a round. A first
embedding of a few points is a warm-up and not counted. openTSNE is measured if it is installed
(benchmarks/requirements-tsne.txt). Repulsion is computed by a tree (Barnes–Hut), a grid (FFT interpolation) or exactly.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import torch
from rich.console import Console
from rich.table import Table

from aecore.inference import open_run
from aecore.latent import tsne
from aecore.metrics.projection import knn_accuracy, trustworthiness
from aecore.runs.store import Store

OURS = "ours, exact"
PERPLEXITY, ITERATIONS = 30, 1000

Draw = Callable[[np.ndarray, int], np.ndarray]


def ours(device: str, iterations: int = ITERATIONS) -> Draw:
    def draw(codes: np.ndarray, dims: int) -> np.ndarray:
        return tsne.embed(codes, dims, perplexity=PERPLEXITY, iterations=iterations, device=device)

    return draw


def with_scikit_learn(iterations: int = ITERATIONS) -> Draw:
    from sklearn.manifold import TSNE

    def draw(codes: np.ndarray, dims: int) -> np.ndarray:
        model = TSNE(dims, perplexity=PERPLEXITY, max_iter=iterations, init="pca", random_state=0, n_jobs=-1)
        return model.fit_transform(codes)

    return draw


def with_open_tsne(iterations: int = ITERATIONS) -> Draw:
    from openTSNE import TSNE  # type: ignore[import-not-found]

    def draw(codes: np.ndarray, dims: int) -> np.ndarray:
        early = min(tsne.EXAGGERATED, iterations // 4)
        model = TSNE(
            dims,
            perplexity=PERPLEXITY,
            early_exaggeration_iter=early,
            n_iter=iterations - early,
            negative_gradient_method="fft" if dims == 2 else "bh",
            random_state=0,
            n_jobs=-1,
        )
        return np.asarray(model.fit(codes), np.float32)

    return draw


def methods(device: str) -> dict[str, Draw]:
    found = {OURS: ours(device)}
    if importlib.util.find_spec("openTSNE"):
        found["openTSNE, tree in 3D, grid in 2D"] = with_open_tsne()
    return found | {"scikit-learn, tree": with_scikit_learn()}


def measure(
    embedders: dict[str, Draw],
    codes: np.ndarray,
    labels: np.ndarray,
    dims: int,
    rounds: int,
    say: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    """Seconds of every embedding, and the quality of the last one."""
    found: dict[str, dict[str, Any]] = {name: {"seconds": []} for name in embedders}
    for turn in range(rounds):
        for name, draw in embedders.items():
            begun = time.perf_counter()
            points = draw(codes, dims)
            found[name]["seconds"].append(time.perf_counter() - begun)
            found[name]["trustworthiness"] = trustworthiness(codes, points)
            found[name]["knn_accuracy"] = knn_accuracy(points, labels)
            say(f"{len(codes):,} points, {dims}D, round {turn + 1} of {rounds}: {name}")
    for result in found.values():
        pairs = zip(result["seconds"], found[OURS]["seconds"], strict=True)
        result["median_s"] = statistics.median(result["seconds"])
        result["ratio"] = statistics.median(theirs / own for theirs, own in pairs)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="mnist-mlp8", help="the run whose codes are embedded")
    parser.add_argument("--points", type=int, nargs="+", default=[5000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--device", default="cuda" if torch.cuda.is_available() else "cpu", help="ours; default the GPU"
    )
    parser.add_argument("--quick", action="store_true", help="600 points, one round")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    sizes, rounds = ([600], 1) if asked.quick else (asked.points, asked.rounds)
    errors = Console(stderr=True)
    trained = open_run(Store.default().find(asked.run), "cpu")
    embedders = methods(asked.device)
    for draw in (ours(asked.device, 20), with_scikit_learn(250)):
        draw(trained.encoded(200)[0], 3)
    machine = f"{asked.device}, {torch.get_num_threads()} threads, {platform.machine()}, torch {torch.__version__}"
    table = Table(title=f"t-SNE of codes of {asked.run}, median of {rounds}; {machine}, sklearn {sklearn.__version__}")
    for heading in ("points", "method", "s", "times ours", "trustworthiness", "kNN accuracy (10)"):
        table.add_column(heading, justify="left" if heading == "method" else "right")
    results = []
    for size in sizes:
        codes, labels, _ = trained.encoded(size)
        for dims in (3, 2):
            found = measure(embedders, codes, labels, dims, rounds, errors.print)
            for name, result in found.items():
                scores = [f"{result['median_s']:.1f}", f"{result['ratio']:.2f}", f"{result['trustworthiness']:.4f}"]
                table.add_row(f"{len(codes):,}, {dims}D", name, *scores, f"{result['knn_accuracy']:.1%}")
            results.append({"points": len(codes), "dims": dims, "methods": found})
    Console(width=None if Console().is_terminal else 110).print(table)
    if asked.json:
        asked.json.write_text(json.dumps({"machine": machine, "rounds": rounds, "results": results}, indent=1))


if __name__ == "__main__":
    main()
