"""The command that looks at the machine: `doctor`."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Annotated, Any

import typer

from aecore.cli.as_json import print_json
from aecore.cli.console import print_message, table
from aecore.cli.options import Json
from aecore.data import data_set
from aecore.devices import devices
from aecore.presets import preset

commands = typer.Typer()

INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16")
"""Those that matter for training, as Linux names them."""


@commands.command()
def doctor(
    tried: Annotated[
        list[str] | None,
        typer.Option("--try", metavar="PRESET", help="Try this preset's network in all ways now; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """What this machine has for training, and which ways of computing a step were tried on it and won.

    Before a run that lasts, its steps are tried in several ways for a moment; the fastest is kept in the cache. So is
    whether t-SNE's repulsion of so many points is summed faster over all pairs or on a grid.
    """
    from aecore.models import known_ways

    for name in tried or []:
        print_message(f"trying {name}")
        if not _try(name):
            print_message(
                "the processor is busy with other work: what was found is not kept; try again when it is idle"
            )
    found = _machine()
    here = [entry for entry in known_ways.entries().values() if _is_here(entry, found)]
    ours = [entry for entry in here if isinstance(entry.get("network"), str)]
    drawn = [entry for entry in here if isinstance(entry.get("projection"), str)]
    if as_json:
        print_json({"machine": found, "cache": str(known_ways.path()), "ways": ours, "projections": drawn})
        return
    table(["", ""], [[name, str(value)] for name, value in found.items()])
    if ours:
        table(["network", "fastest way", "ms a step", "others, ms"], [_row(entry) for entry in ours])
    else:
        print_message("no ways were tried here yet: a run of more than 20 s does, or 'aecore doctor --try PRESET'")
    if drawn:
        rows = [_told(entry["projection"], str(entry["way"]), entry["seconds"]) for entry in drawn]
        table(["projection", "faster repulsion", "ms an iteration", "other, ms"], rows)


def _machine() -> dict[str, Any]:
    import torch

    found: dict[str, Any] = {device.name: device.title for device in devices()}
    found["instructions"] = ", ".join(_instructions()) or platform.machine()
    found |= {"threads": torch.get_num_threads(), "torch": torch.__version__}
    found["oneDNN"] = "yes" if torch.backends.mkldnn.is_available() else "no"
    found["MKL"] = "yes" if torch.backends.mkl.is_available() else "no"
    if memory := _memory():
        found["memory"] = f"{memory / 2**30:.1f} GiB"
    return found | {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}


def _instructions() -> list[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []
    flags = next((line for line in lines if line.lower().startswith(("flags", "features"))), "").split()
    return [name for name in INSTRUCTIONS if name in flags]


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def _is_here(entry: Any, machine: dict[str, Any]) -> bool:
    """Whether an entry that can be shown was made on this machine with this PyTorch."""
    if not isinstance(entry, dict) or not isinstance(entry.get("machine"), dict):
        return False
    known = entry["machine"]
    shown = isinstance(entry.get("seconds"), dict)
    titles = [value for name, value in machine.items() if name in {device.name for device in devices()}]
    return shown and known.get("torch") == machine["torch"] and known.get("device") in titles


def _row(entry: dict[str, Any]) -> list[str]:
    from aecore.training.ways import Way

    way = Way.known(entry.get("way"))
    return _told(entry["network"], str(way) if way else "?", entry["seconds"])


def _told(what: str, best: str, seconds: dict[str, float]) -> list[str]:
    others = sorted((value, name) for name, value in seconds.items() if name != best)
    told = "; ".join(f"{name} {1000 * value:.1f}" for value, name in others)
    return [what, best, f"{1000 * seconds.get(best, 0):.1f}", told]


def _try(name: str) -> bool:
    """Try all ways for a preset's network, on made images; whether what was found is kept."""
    import torch

    from aecore.models.fast_paths import keep_freed_memory
    from aecore.training.ways import choose

    experiment = preset(name).experiment
    device = torch.device(devices()[0].name)
    if device.type == "cpu":
        keep_freed_memory()
    count = 4 * experiment.training.batch_size
    shape = (count, *data_set(experiment.data.source).image_shape)
    made = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return choose(experiment, made.to(device), experiment.training.epochs, again=True).kept
