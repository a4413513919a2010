"""Networks in the browser: `python -m benchmarks.networks [--quick] [--json FILE]`.

How long one image takes in headless Chromium, through encoder and decoder of shipped runs and through a residual
denoiser of five convolutions with 64 channels: by WebAssembly, and by the plain loops that stand in where a browser has
none. Medians of many images; the first one, in which the browser compiles, apart.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page
from rich.console import Console
from rich.table import Table

from aecore.models.browser_export import Network
from aecore.runs.store import Store
from aecore.viewer.decoder import network_payload
from aecore.viewer.link import link
from tools.browser import ROOT, chromium

RUNS = ("mnist-mlp8", "mnist-wide-8", "colored-conv", "mnist-denoise-any", "colored-unet", "cifar-unet-denoise")
QUICK_RUNS = ("mnist-mlp8", "mnist-denoise-any")
AIM = "the residual denoiser ≤ 40 ms an image"
SCRIPT = ROOT / "aecore" / "viewer" / "js" / "network.js"
SECONDS, QUICK_SECONDS = 3.0, 0.5

TIMED = """([ops, weights, length, plain, seconds]) => {
  const numbers = new Float32Array(Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0)).buffer);
  const run = createNetwork(ops, numbers, plain), image = Float32Array.from({ length }, (_, i) => (i % 97) / 97);
  const times = [], begun = performance.now();
  let count = 1;
  do {
    const start = performance.now();
    for (let i = 0; i < count; i += 1) run(image, 0, 0.1);
    const took = performance.now() - start;
    times.push(took / count);
    if (took < 3) count *= 2; // the browser's clock knows only tenths of a millisecond
  } while (times.length < 4 || performance.now() - begun < 1000 * seconds);
  return times;
}"""


def residual_denoiser(layers: int = 5, channels: int = 64, side: int = 32) -> Network:
    """Convolutions of 3×3 with made weights, whose output is subtracted from the image."""
    rng, widths, parts, ops, at = np.random.default_rng(0), [3, *[channels] * (layers - 1), 3], [], [], 0
    for before, after in pairwise(widths):
        last = len(ops) == layers - 1
        parts.append(rng.normal(0, (2 / (9 * before)) ** 0.5, 9 * before * after + after))
        sides = {"from": [side, side, before], "to": [side, side, after], "kernel": 3, "stride": 1, "padding": 1}
        bias = at + 9 * before * after
        ops.append({"kind": "conv", **sides, "at": at, "bias": bias, "activation": "none" if last else "relu"})
        at = bias + after
    ops.append({"kind": "subtract", "earlier": -1, "scaled": False})
    return Network(tuple(ops), np.concatenate(parts).astype(np.float32))


def cases(names: tuple[str, ...]) -> Iterator[tuple[str, list[tuple[list[dict[str, Any]], bytes, int]], int]]:
    """A name, its networks one after another as operations, weights and numbers that go in, and the multiplications."""
    made = residual_denoiser()
    parts = [(list(made.ops), made.weights.tobytes(), 32 * 32 * 3)]
    yield "residual denoiser, 5 convolutions of 64 channels, 32×32×3", parts, made.products
    for name in names:
        run = Store.default().find(name)
        pixels = int(np.prod(run.image_info().image_shape))
        sides = [made for side in ("encoder", "decoder") if (made := network_payload(run, side))]
        sizes = [pixels, sides[1].header["code_size"] or pixels]
        parts = [
            (side.header["ops"], side.weights, size)
            for side, size in zip(sides, sizes, strict=True)
            if side.header["ops"]
        ]
        yield f"`{name}`", parts, sum(side.products for side in sides)


def measure(page: Page, names: tuple[str, ...], seconds: float) -> list[dict[str, Any]]:
    """A row for each network: milliseconds an image in both ways, the networks of a run added up."""
    page.add_script_tag(content=link(SCRIPT) + "globalThis.createNetwork = createNetwork;", type="module")
    page.wait_for_function("'createNetwork' in globalThis")
    rows = []
    for name, parts, products in cases(names):
        row: dict[str, Any] = {"network": name, "products": products}
        for way, plain in (("wasm", False), ("plain", True)):
            asked = [[ops, base64.b64encode(weights).decode(), size, plain, seconds] for ops, weights, size in parts]
            found = [page.evaluate(TIMED, each) for each in asked]
            row[f"{way}_first_ms"] = sum(times[0] for times in found)
            row[f"{way}_ms"] = sum(statistics.median(times[len(times) // 2 :]) for times in found)
        rows.append(row)
    return rows


def print_table(console: Console, rows: list[dict[str, Any]]) -> None:
    table = Table("network", "million multiplications", "WebAssembly, ms", "first", "plain, ms", "ratio")
    for row in rows:
        table.add_row(
            row["network"],
            f"{row['products'] / 1e6:.1f}",
            f"{row['wasm_ms']:.3g}",
            f"{row['wasm_first_ms']:.3g}",
            f"{row['plain_ms']:.3g}",
            f"{row['plain_ms'] / row['wasm_ms']:.1f}",
        )
    console.print(table)
    console.print(f"Aim: {AIM}.")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.networks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="two runs, for a moment each")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    try:
        with chromium() as browser:
            page = browser.new_page()
            quick = asked.quick
            rows = measure(page, QUICK_RUNS if quick else RUNS, QUICK_SECONDS if quick else SECONDS)
    except RuntimeError as error:
        sys.exit(f"benchmarks.networks: {error}")
    print_table(Console(), rows)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
