"""Whether the user's own images are read truly: folders and files as people have them, each with its known truth.

`python -m benchmarks.own_pictures [--quick] [--json FILE]` writes every case into a temporary folder, prepares it, and
compares every pixel and class with what was written, or the line of refusal with what it must say. The table shows
what was given, understood and said; the exit status is 1 if any case is wrong. `--quick` leaves out every second case.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from aecore import data
from aecore.errors import UserError
from benchmarks import own_arrays, own_files, own_folders
from benchmarks.own_cases import Case, Refused, Truth


@dataclass(frozen=True)
class Result:
    """One row of the table; `wrong` is empty where all is right."""

    given: str
    understood: str
    said: str
    wrong: str


def run_case(case: Case, folder: Path) -> Result:
    """Write the case below the folder, prepare it, and compare."""
    path, truth = case.write(folder)
    source = f"{path}{case.options}"
    try:
        found = data.load(source)
        report = data.understood(source)
    except UserError as error:
        said = str(error).replace(str(path), path.name)
        right = isinstance(truth, Refused) and truth.said in said and "\n" not in said
        return Result(case.name, "refused", said, "" if right else "refused, or with other words")
    assert report is not None  # it is a path
    lines, about = report.lines(), found.about
    shape = "×".join(map(str, about.image_shape))
    understood = f"{about.train_images} + {about.test_images}, {shape}, {len(about.classes)} classes"
    said = "; ".join(line for line in lines if line.startswith(("values:", "left out:", "copies:", "note:")))
    return Result(case.name, understood, said, wrong(found, truth, lines))


def wrong(found: data.ImageSet, truth: Truth | Refused, lines: list[str]) -> str:
    """What differs from the truth; empty where nothing does."""
    if isinstance(truth, Refused):
        return f"taken, but should be refused: {truth.said}"
    for part, expected, names in (
        ("train", truth.train, truth.train_classes),
        ("test", truth.test, truth.test_classes),
    ):
        images, labels = (getattr(found, f"{axis}_{part}") for axis in "xy")
        if images.shape != expected.shape:
            return f"{part} images are {images.shape}, not {expected.shape}"
        if np.abs(images.astype(int) - expected.astype(int)).max() > truth.within:
            return f"pixels of the {part} images differ"
        if names is not None and [found.about.classes[label] for label in labels] != list(names):
            return f"classes of the {part} images differ"
    text = "\n".join(lines)
    missing = [words for words in truth.said if words not in text]
    return f"not said: {missing[0]}" if missing else ""


def all_cases() -> list[Case]:
    """Every case, in the order of the table."""
    return own_folders.cases() + own_arrays.cases() + own_files.cases()


def print_results(results: list[Result]) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    table = Table("given", "understood", "said", "wrong", box=box.SIMPLE_HEAD, pad_edge=False)
    for result in results:
        table.add_row(
            *(cell.replace("[", r"\[") for cell in (result.given, result.understood, result.said, result.wrong))
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.own_pictures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="every second case only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aecore-own-") as folder:
        os.environ["AECORE_DATA"] = f"{folder}/cache"
        chosen = all_cases()[:: 2 if asked.quick else 1]
        results = [run_case(case, Path(folder) / f"case{i}") for i, case in enumerate(chosen)]
    print_results(results)
    count = sum(bool(result.wrong) for result in results)
    if asked.json:
        asked.json.write_text(json.dumps({"cases": [asdict(result) for result in results], "wrong": count}, indent=1))
    print(f"{len(results)} cases, {count} wrong")
    sys.exit(count > 0)


if __name__ == "__main__":
    main()
