"""Our evaluation against the textbook one, for report 001: `python -m benchmarks.evaluation [--quick] [--json FILE]`.

Both run the whole test set of CIFAR-10 with Gaussian noise through the same shipped network and score outputs and
noisy inputs by MSE, PSNR, SSIM and SNR. The textbook version is a loop over images that calls scikit-image's metrics
for each. They alternate in one process, so that changes in machine speed affect both alike, and the ratio is the
median over pairs; a first round of a few images is a warm-up and not counted. Our stages are also timed separately.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from aecore.config.corruption import Corruption
from aecore.data.corruption import corrupt
from aecore.inference import open_run
from aecore.metrics import image as image_metrics
from aecore.metrics.evaluation import BATCH, NOISE_SEED, evaluate, reconstruct
from aecore.models.network import Network
from aecore.runs.store import Store

OURS, TEXTBOOK = "ours", "textbook"
NOISE = Corruption.parse("gaussian:0.1")


@torch.no_grad()
def textbook(model: Network, images: Tensor) -> dict[str, dict[str, float]]:
    """The mean scores of outputs and of noisy inputs, image by image."""
    model.eval()
    generator = torch.Generator(images.device).manual_seed(NOISE_SEED)
    scores: dict[str, list[list[float]]] = {"metrics": [], "noisy_input": []}
    for batch in images.split(BATCH):
        clean = model.from_bytes(batch)
        noisy = corrupt(clean, NOISE, generator, model.low, model.high)
        parts = (model.to_unit(part).cpu().numpy() for part in (clean, model(noisy), noisy))
        for image, output, bad in zip(*parts, strict=True):
            for side, other in (("metrics", output), ("noisy_input", bad)):
                error = mean_squared_error(image, other)
                psnr = peak_signal_noise_ratio(image, other, data_range=1)
                ssim: Any = structural_similarity(image, other, data_range=1, channel_axis=0)
                power = float(np.mean(np.square(image, dtype=np.float64)))
                snr = 10 * math.log10(power / float(error)) if power else math.nan
                scores[side].append([float(error), float(psnr), float(ssim), snr])
    means = {side: np.nanmean(np.array(values), axis=0) for side, values in scores.items()}
    return {side: dict(zip(image_metrics.NAMES, map(float, mean), strict=True)) for side, mean in means.items()}


@torch.inference_mode()
def parts(model: Network, images: Tensor) -> dict[str, float]:
    """Seconds of each stage of our evaluation, timed separately."""
    model.eval()
    generator = torch.Generator(images.device).manual_seed(NOISE_SEED)
    spent: dict[str, float] = dict.fromkeys(("corruption", "network", "scores"), 0.0)

    def timed(name: str, work: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        result = work()
        if images.device.type == "cuda":
            torch.cuda.synchronize()
        spent[name] += time.perf_counter() - begun
        return result

    for batch in images.split(BATCH):
        clean, noisy = timed("corruption", lambda batch=batch: noised(model, batch, generator))
        output = timed("network", lambda noisy=noisy: reconstruct(model, noisy))
        unit = model.to_unit(clean)
        for other in (output, noisy):
            timed("scores", lambda unit=unit, other=other: image_metrics.measure(unit, model.to_unit(other)))
    return spent


def noised(model: Network, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    clean = model.from_bytes(batch)
    return clean, corrupt(clean, NOISE, generator, model.low, model.high)


def measure(model: Network, images: Tensor, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of both, of our stages, their ratio, and the largest difference between their mean scores."""
    ways = {OURS: lambda: evaluate(model, images, NOISE), TEXTBOOK: lambda: textbook(model, images)}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    pieces: dict[str, list[float]] = {}
    scores: dict[str, Any] = {}
    for turn in range(rounds):
        for name, way in ways.items():
            begun = time.perf_counter()
            scores[name] = way()
            seconds[name].append(time.perf_counter() - begun)
        for name, spent in parts(model, images).items():
            pieces.setdefault(name, []).append(spent)
        say(f"round {turn + 1} of {rounds}: " + ", ".join(f"{name} {all_[-1]:.2f} s" for name, all_ in seconds.items()))
    apart = [abs(scores[OURS][side][name] - value) for side in ("metrics", "noisy_input") for name, value in
             scores[TEXTBOOK][side].items()]  # fmt: skip
    return {
        "seconds": seconds,
        "median_s": {name: statistics.median(all_) for name, all_ in (seconds | pieces).items()},
        "ratio": statistics.median(b / a for a, b in zip(seconds[OURS], seconds[TEXTBOOK], strict=True)),
        "scores_apart": max(apart),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="cifar-conv", help="the run whose network and test set are used")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--quick", action="store_true", help="1,000 images, 3 rounds")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    trained = open_run(Store.default().find(asked.run), asked.device)
    images = trained.test[:1000] if asked.quick else trained.test
    rounds = 3 if asked.quick else asked.rounds
    errors = Console(stderr=True)
    measure(trained.model, images[:200], 1, lambda line: None)
    result = measure(trained.model, images, rounds, errors.print)
    where = f"{images.device}, {torch.get_num_threads()} threads, {platform.machine()}, torch {torch.__version__}"
    table = Table(title=f"Evaluation of {len(images):,} images of {asked.run}, {NOISE}, median of {rounds}; {where}")
    for heading in ("", "s", "times ours"):
        table.add_column(heading, justify="right" if heading else "left")
    median = result["median_s"]
    table.add_row(OURS, f"{median[OURS]:.2f}", "1.00")
    for name in ("corruption", "network", "scores"):
        table.add_row(f"  of which {name}", f"{median[name]:.2f}", "")
    table.add_row(TEXTBOOK, f"{median[TEXTBOOK]:.2f}", f"{result['ratio']:.2f}")
    console = Console(width=None if Console().is_terminal else 100)
    console.print(table)
    console.print(f"Mean scores differ by {result['scores_apart']:.1e} at most.", highlight=False)
    if asked.json:
        asked.json.write_text(json.dumps({"machine": where, "images": len(images), **result}, indent=1))


if __name__ == "__main__":
    main()
