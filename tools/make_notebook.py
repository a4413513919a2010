"""Make `examples/notebook.ipynb` from `examples/notebook.py`: `python -m tools.make_notebook`.

The script is the source: a line `# %%` starts a code cell, `# %% [markdown]` a text cell.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[1] / "examples"
MARK = "# %%"


def notebook(script: str) -> dict[str, Any]:
    """The cells of a script as a Jupyter notebook (nbformat 4.5), without outputs."""
    cells = []
    for number, part in enumerate(script.split(f"{MARK}")[1:]):
        kind, _, body = part.partition("\n")
        text = body.strip("\n")
        cell: dict[str, Any] = {"id": f"cell-{number}", "metadata": {}}
        if kind.strip() == "[markdown]":
            lines = [line.removeprefix("#").removeprefix(" ") for line in text.splitlines()]
            cell |= {"cell_type": "markdown"}
        else:
            lines = text.splitlines()
            cell |= {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append(cell | {"source": [f"{line}\n" for line in lines[:-1]] + lines[-1:]})
    language = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {"cells": cells, "metadata": language, "nbformat": 4, "nbformat_minor": 5}


def written(script: Path) -> str:
    """The content of the notebook file."""
    return json.dumps(notebook(script.read_text()), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (EXAMPLES / "notebook.ipynb").write_text(written(EXAMPLES / "notebook.py"))
