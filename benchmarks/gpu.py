"""A GPU against the CPU, and how fast it is: `python -m benchmarks.gpu [--quick] [--json FILE] [--markdown FILE]`.

Checks that every preset's first steps have the CPU's losses, that steps recorded as CUDA graphs are those written out,
that a resumed run goes on where it was, and what happens when memory runs out or a step cannot be recorded. Times
report 000 in full beside other loops, a whole training of every preset (projected from a second of it), and t-SNE of
60,000 points. Needs torch, numpy, pydantic, safetensors and the small packages that aecore imports (filelock,
platformdirs, pillow, psutil), and no image set: images are made, in the shapes of the real ones.

Most of that is the CPU's part, which any machine can do beforehand: `--reference FILE` reads its losses from a file,
or computes and writes them where there is none yet (`--device cpu --only steps` writes nothing else).
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from aecore import data
from aecore.presets import presets
from aecore.training.setup import choose_kernels
from benchmarks import gpu_checks, gpu_speed

SECTIONS = ("steps", "safety", "report", "presets", "tsne")
QUICK = ("mnist-mlp8", "colored-dropout", "colored-vae", "mnist-fsq")


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def guarded(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `work` found, or why it failed: one failure must not cost the rest of the measurement."""
    try:
        return work()
    except Exception as error:
        line = str(error).strip().partition("\n")[0]
        say(f"failed: {type(error).__name__}: {line}")
        return {"failed": f"{type(error).__name__}: {line}", "passed": False}


def machine(device: str) -> dict[str, str]:
    found = {"torch": torch.__version__, "python": platform.python_version(), "threads": str(torch.get_num_threads())}
    if device.startswith("cuda"):
        about = torch.cuda.get_device_properties(device)
        found |= {"device": about.name, "memory": f"{about.total_memory / 2**30:.0f} GiB"}
        found |= {"cuda": torch.version.cuda or "", "cudnn": str(torch.backends.cudnn.version())}
    return found


def losses_of_cpu(path: Path | None, names: list[str]) -> dict[str, list[float]]:
    known: dict[str, list[float]] = json.loads(path.read_text()) if path and path.exists() else {}
    for name in names:
        if name not in known:
            known[name], seconds = gpu_checks.first_steps(presets()[name].experiment, "cpu")
            say(f"{name} on the CPU: {1000 * seconds:.1f} ms a step")
            if path:
                path.write_text(json.dumps(known, indent=1))
    return known


def measure(asked: argparse.Namespace, keep: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Everything that was asked for; `keep` is given what there is after each part."""
    device = asked.device
    choose_kernels(torch.device(device))
    names = asked.preset or [name for name in presets() if not asked.quick or name in QUICK]
    found: dict[str, Any] = {"machine": machine(device), "quick": asked.quick}

    def part(section: str, key: str, work: Callable[[], dict[str, Any]]) -> None:
        found.setdefault(section, {})[key] = guarded(work)
        keep(found)
        say(f"{section}, {key}: {json.dumps(found[section][key])}")

    if "steps" in asked.only:
        expected = losses_of_cpu(asked.reference, names)
        if device != "cpu":
            for name in names:
                part("steps", name, lambda name=name: gpu_checks.compare(name, device, expected[name]))
    if "safety" in asked.only:
        part("safety", "resumed", lambda: gpu_checks.resumed(device))
        if device.startswith("cuda"):
            part("safety", "out of memory", lambda: gpu_checks.too_large(device))
            part("safety", "not recordable", lambda: gpu_checks.unrecordable(device))
    if "report" in asked.only:
        count, real = (6000, False) if asked.quick else (60_000, data.prepared("mnist"))
        part("report", "000", lambda: gpu_speed.fifty_epochs(device, count, real, say))
    if "presets" in asked.only:
        most = 2048 if asked.quick else 1 << 30
        for name in names:
            part("presets", name, lambda name=name: gpu_speed.full_training(name, device, most))
    if "tsne" in asked.only:
        points, iterations = (1000, 100) if asked.quick else (60_000, 1000)
        for dims in (2, 3):
            part("tsne", f"{dims}D", lambda dims=dims: gpu_speed.embedding(device, points, dims, iterations))
    return found


def table(headings: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]]


def shown(value: Any, digits: int = 3) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float | int) and not isinstance(value, bool) else "–"


def markdown(found: dict[str, Any]) -> str:
    """The tables for docs/speed.md."""
    lines = ["`python -m benchmarks.gpu` on " + ", ".join(f"{k} {v}" for k, v in found["machine"].items()) + ".", ""]
    if steps := found.get("steps"):
        rows = []
        for name, one in steps.items():
            if "failed" in one:
                rows.append([name, one["failed"], *["–"] * 5])
                continue
            mark = "" if one["passed"] and one.get("graphs_passed", True) else " **over**"
            bound = f"{one['difference']:.2%} of {one['tolerance']:.0%}{mark}"
            graph = f"{one['graph_difference']:.1e}" if "graph_difference" in one else "–"
            times = [shown(one.get(f"{way}ms_per_step")) for way in ("", "plain_", "bfloat16_")]
            rows.append([name, bound, graph, *times, f"{one['bfloat16_difference']:.2%}"])
        headings = ["first 200 steps", "loss against the CPU's", "graph against plain", "ms a step", "without graph"]
        lines += [*table([*headings, "bfloat16, ms", "its loss"], rows), ""]
    for key, one in found.get("safety", {}).items():
        lines.append(f"- {key}: {'passed' if one.get('passed') else 'FAILED'}; {json.dumps(one)}")
    if report := found.get("report", {}).get("000"):
        rows = [
            [name, *[shown(one.get(key)) for key in ("training_s", "wall_s", "loss")]]
            if "failed" not in one
            else [name, one["failed"], "–", "–"]
            for name, one in report.get("loops", {}).items()
        ]
        heading = f"report 000, {gpu_speed.EPOCHS} epochs, {report.get('train', 0):,} of {report.get('images', '')}"
        lines += ["", *table([heading, "training, s", "with tests, s", "training loss"], rows)]
    if full := found.get("presets"):
        rows = [
            [name, one["way"], shown(one["epoch_s"]), shown(60 * one["minutes"])]
            if "failed" not in one
            else [name, one["failed"], "–", "–"]
            for name, one in full.items()
        ]
        lines += ["", *table(["preset", "way", "s an epoch", "whole training, s"], rows)]
    if embedded := found.get("tsne"):
        lines += [""]
        told = ""
        for name, one in embedded.items():
            if "failed" not in one:
                told = f"{one['points']:,} points, {one['iterations']} iterations, {one['seconds']:.1f} s"
            lines.append(f"- t-SNE, {name}: {one.get('failed') or told}")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1 …; cpu runs everything that needs no GPU")
    parser.add_argument("--quick", action="store_true", help="four presets, fewer images and points")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="only this part; may be repeated")
    parser.add_argument(
        "--preset", choices=presets(), action="append", metavar="NAME", help="only this preset; may be repeated"
    )
    parser.add_argument("--reference", type=Path, help="the CPU's losses: read from here, or written here")
    parser.add_argument("--json", type=Path, help="also write the results as JSON, after every part")
    parser.add_argument("--markdown", type=Path, help="write the tables there too")
    asked = parser.parse_args()
    asked.only = asked.only or list(SECTIONS)
    if asked.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit("benchmarks.gpu: there is no CUDA device here; --device cpu runs everything that needs none")

    def keep(found: dict[str, Any]) -> None:
        if asked.json:
            asked.json.write_text(json.dumps(found, indent=1))
        if asked.markdown:
            asked.markdown.write_text(markdown(found))

    found = measure(asked, keep)
    keep(found)
    print(markdown(found))
    parts = [one for section in ("steps", "safety") for one in found.get(section, {}).values()]
    sys.exit(any(not one.get("passed", True) or not one.get("graphs_passed", True) for one in parts))


if __name__ == "__main__":
    main()
