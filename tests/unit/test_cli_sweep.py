"""The command line on sweeps."""

from __future__ import annotations

import json

import pytest

from aecore.cli import app
from aecore.sweeps import store as sweep_store

FILE = """
name = "Sizes"
base = "digits-quick"
[set]
training.epochs = {epochs}
data.train_images = 100
evaluation.corruptions = ["none"]
[vary]
model.bottleneck.size = {sizes}
"""


@pytest.fixture
def written(tmp_path):
    def write(epochs=1, sizes=(2, 4), name="sweep.toml"):
        (tmp_path / name).write_text(FILE.format(epochs=epochs, sizes=list(sizes)))
        return str(tmp_path / name)

    return write


def test_a_sweep_is_carried_out_listed_extended_and_shown(store, written, capsys):
    assert app.run(["sweep", written(), "--device", "cpu"]) == 0
    said = capsys.readouterr()
    assert "1/2  size 2, seed 0: finished, mse 0." in said.err
    assert "2/2  size 4, seed 0: finished" in said.err
    (found,) = sweep_store.sweeps(store)
    assert app.run(["sweeps", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["sweep"] == found.id
    assert (told["state"], told["finished"], told["runs"]) == ("finished", 2, 2)
    assert app.run(["sweep", written(sizes=[2, 3, 4]), "--extend", found.id, "--device", "cpu", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {entry["values"]["model.bottleneck.size"] for entry in document["combinations"]} == {2, 3, 4}
    means = [entry["mean"] for entry in document["combinations"]]
    assert means == sorted(means)
    assert len(store.runs()) == 3
    assert app.run(["sweeps", found.id[:8]]) == 0
    assert "size" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "there is no sweep 'nothing'"),
        (["missing.toml"], "there is no file missing.toml"),
        (["nothing", "--on", "slurm"], "--on: should be local or ray, got 'slurm'"),
        (["nothing", "--on", "ray", "--cpus", "0"], "--cpus: should be a number above 0"),
        (["nothing", "--extend", "other"], "--extend: needs a file"),
    ],
)
def test_a_mistake_is_one_line(store, capsys, arguments, told):
    assert app.run(["sweep", *arguments]) == 2
    errors = capsys.readouterr().err
    assert told in errors
    assert errors.count("\n") == 1
