"""`export --to figure`: a page that holds all it needs, pictures too, one line for mistakes."""

import importlib.util
import json

import plotly.graph_objects as go
import pytest

from aecore.cli import app
from aecore.plots.save import FIGURES, figure_bytes
from tests.helpers.paths import ROOT


@pytest.fixture(autouse=True)
def gallery(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_STORE", str(ROOT / "checkpoints"))
    monkeypatch.chdir(tmp_path)


OF_THIS_RUN = [name for name in FIGURES if name not in ("steps", "roc")]
"""It recorded no losses between epochs, and no class was left out of its training."""


@pytest.mark.parametrize("name", OF_THIS_RUN)
def test_every_figure_of_a_run_becomes_a_page(tmp_path, capsys, name):
    assert app.run(["export", "mnist-mlp8", "--to", "figure", "--figure", name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    text = (tmp_path / f"mnist-mlp8-{name}.html").read_text()
    assert told["path"] == f"mnist-mlp8-{name}.html"
    assert told["bytes"] > 4_000_000, "plotly's script is in it: the page opens without a server"
    assert "mnist-mlp8" in text
    assert "src=" not in text.partition("<body>")[2].partition("plotly.js v")[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mnist-mlp8", "--to", "figur"], "did you mean 'figure'"),
        (["mnist-mlp8", "--to", "figure", "--figure", "los"], "did you mean 'loss'"),
        (["mnist-mlp8", "--to", "figure", "--figure", "steps"], "no losses"),
        (["mnist-mlp8", "--to", "figure", "--figure", "roc"], "no class was left out"),
        (["mnist-mlp8", "--to", "figure", "--output", "loss.gif"], "unknown format 'gif'"),
        (["mnist-mlp8", "--to", "figure", "--output", "nowhere/loss.html"], "there is no folder"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(tmp_path, capsys, arguments, words):
    assert app.run(["export", *arguments]) == 2
    told = capsys.readouterr().err.strip()
    assert words in told
    assert len(told.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("format", "start"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF")])
@pytest.mark.parametrize("name", OF_THIS_RUN)
def test_every_figure_of_a_run_becomes_a_picture_without_kaleido(tmp_path, monkeypatch, name, format, start):
    monkeypatch.setattr("importlib.util.find_spec", without_kaleido)
    target = f"{name}.{format}"
    assert app.run(["export", "mnist-mlp8", "--to", "figure", "--figure", name, "--output", target]) == 0
    assert (tmp_path / target).read_bytes().startswith(start)


@pytest.mark.skipif(importlib.util.find_spec("kaleido") is None, reason="kaleido is not installed")
@pytest.mark.parametrize(("format", "start"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF")])
def test_kaleido_draws_the_picture_where_it_is_installed(format, start):
    figure = go.Figure({"data": [{"type": "scatter", "y": [1, 2]}], "layout": {"height": 300}})
    assert figure_bytes(figure, format).startswith(start)


FIND_SPEC = importlib.util.find_spec


def without_kaleido(name, *rest):
    return None if name == "kaleido" else FIND_SPEC(name, *rest)
