"""The card of a model in a repository: what it is, how it was measured and against what, and how it is loaded."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

from aecore.config.corruption import Corruption
from aecore.drawing import Sheet, SheetRow, write
from aecore.format import count, printable
from aecore.metrics.baselines import input_word
from aecore.metrics.evaluation_rows import SCORES, evaluation_rows
from aecore.metrics.measure_names import MEASURES
from aecore.runs.measures import Measures, read_measures
from aecore.runs.run import SNAPSHOTS, Run
from aecore.runs.summary import import_notes, summarise

PANEL = "images/panel.png"
DATASETS = {
    "mnist": "ylecun/mnist",
    "fashion-mnist": "zalando-datasets/fashion_mnist",
    "cifar10": "uoft-cs/cifar10",
}
"""Names on the Hub of the image sets that are the same there."""


def card(run: Run, config: dict[str, Any], *, code: bool, picture: bool) -> str:
    """README.md with its front matter, from the run and what `config.json` says of it. No licence is given: only its
    maker can."""
    experiment, summary = run.experiment(), summarise(run)
    parts = [
        _front(_tags(run), DATASETS.get(experiment.data.name)),
        f"# {_text(config['title'])}",
        _what(run),
    ]
    if picture:
        parts.append(f"![Images of the panel]({PANEL})")
        parts.append(
            "The first test images of every class, none chosen by hand: as they are, "
            f"{'as the network was given them, ' if experiment.corruption.active else ''}and what it made of them."
        )
    warnings = [str(remark["text"]) for remark in config["remarks"]]
    if summary.state not in ("finished", "stopped"):
        warnings.append(f"The run is {summary.state}: these are the weights that it saved last.")
    if warnings:
        parts += ["## What is wrong with it", "\n".join(f"- {_text(line)}" for line in warnings)]
    parts += ["## Measured", *_measured(config["evaluations"])]
    if (measures := read_measures(run)) is not None:
        parts += _worth(measures)
    parts += ["## How to load it", _loading(config, code=code)]
    if config["data"]["citation"]:
        parts += ["## Images", f"{_text(config['data']['title'])}: {_text(config['data']['citation'])}."]
    return "\n\n".join(parts) + "\n"


def panel_png(run: Run) -> bytes | None:
    """The panel as a sheet: clean images, what went into the network, and its last outputs; None without a panel."""
    if not run.file(SNAPSHOTS).exists():
        return None
    panel = run.snapshots()
    if not len(panel["epochs"]):
        return None
    word = input_word(run.experiment().corruption)
    rows = [SheetRow("clean", panel["clean"])]
    rows += [SheetRow(word, panel["noisy"])] if "noisy" in panel else []
    rows += [SheetRow("output", panel["reconstructions"][-1])]
    return write(Sheet(rows, per_block=10).drawing(), "png")


def _front(tags: Iterable[str], dataset: str | None) -> str:
    lines = ["---", "library_name: aecore", "tags:", *(f"- {tag}" for tag in tags)]
    lines += ["datasets:", f"- {dataset}"] if dataset else []
    return "\n".join([*lines, "---"])


def _tags(run: Run) -> list[str]:
    experiment = run.experiment()
    model, corruption = experiment.model, experiment.corruption
    tags = ["image-restoration" if not model.has_code else "autoencoder", "onnx" if model.external else "pytorch"]
    tags += ["variational-autoencoder"] if model.variational else []
    tags += [f"{model.bottleneck.quantise}-autoencoder"] if model.quantised else []
    tags += ["conditional"] if model.classes else []
    return tags + (["denoising"] if corruption.kind != "none" else [])


def _what(run: Run) -> str:
    experiment, summary, info = run.experiment(), summarise(run), run.image_info()
    model = experiment.model
    kind = "A network that restores images" if not model.has_code else "An autoencoder"
    parts = [count(summary.parameters, "parameter")] if summary.parameters else []
    parts += [f"a code of {count(summary.code_size, 'number')}"] if model.has_code and summary.code_size else []
    sentence = f"{kind} with {' and '.join(parts)}" if parts else kind
    shape = "×".join(map(str, info.image_shape))
    sentence += f" for images of {shape} (channels, height, width), of {_text(info.title)}."
    if summary.imported:
        notes = " ".join(f"{line}." for line in import_notes(run.status()))
        return f"{sentence} Imported from {_text(summary.imported)}. {_text(notes)}".strip()
    if summary.epoch:
        sentence += f" Trained for {count(summary.epoch, 'epoch')}"
        sentence += f" in another program's loop ({_text(summary.recorded)})" if summary.recorded else ""
        noise = experiment.corruption
        clean = "." if summary.recorded else ", on clean images."  # a loop of one's own need not say
        sentence += f", its inputs corrupted by `{noise}`." if noise.active else clean
    return sentence


def _measured(evaluations: Sequence[dict[str, Any]]) -> list[str]:
    if not evaluations:
        return ["It was not measured."]
    images = f"{evaluations[0]['n']:,} test images"
    others = [Corruption.parse(entry["corruption"]) for entry in evaluations]
    note = "All are means over the test images on the [0, 1] scale."
    note += " The corrupted input's own metrics stand below the output's." if any(one.active for one in others) else ""
    return [_table(["corruption", images, *SCORES], evaluation_rows(list(evaluations))), note]


def _worth(measures: Measures) -> list[str]:
    rows = []
    for named in MEASURES:
        if (measured := measures.measures.get(named.name)) is None:
            continue
        beside = [
            f"{words} {named.format(value)}"
            for key, words in named.beside
            if (value := measures.value(named.name, key)) is not None
        ]
        rows.append([named.title, named.with_interval(measured), "; ".join(beside) or "–"])
    if not rows:
        return []
    note = "Measured on test images without noise; in brackets the 95 % interval of the bootstrap over them."
    return ["## What its code is worth", _table(["measure", "value", "held against"], rows), note]


def _loading(config: dict[str, Any], *, code: bool) -> str:
    channels, height, width = config["image_shape"]
    lines = [
        "```python",
        "import aecore",
        "",
        'model = aecore.load("hub:USER/NAME")  # or the path of this folder',
        f"images = model.from_bytes(pixels)     # uint8 (N, {channels}, {height}, {width})",
        "output = model.to_unit(model(images))  # float from 0 to 1",
        "```",
    ]
    own = (
        "`model.safetensors` holds its ONNX files (`encoder.onnx` and `decoder.onnx`, or `network.onnx`), each as the "
        "bytes of a file for ONNX Runtime."
    )
    plain = (
        "`model.py` defines the same network as plain PyTorch, with images from 0 to 1, and "
        '`load_state_dict(safetensors.torch.load_file("model.safetensors"))` gives it its weights.'
    )
    lines += ["", f"Without aecore: {plain if code else own}"]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(_text(cell).replace('|', '&#124;') for cell in cells)} |"

    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])


def _text(text: str) -> str:
    """Text of a person as one line that Markdown shows as it is."""
    plain = html.escape(printable(" ".join(text.split())), quote=False)
    for sign in "\\`*_[]":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
