"""Command lines of an older version, from its README: each is still understood, and says what it did."""

from __future__ import annotations

import json

import pytest

from aecore.cli import app

COMMANDS = """
presets
data list
data prepare cifar10
train digits-quick
train mnist-mlp8 --set training.epochs=10 --set model.bottleneck.size=2 --name CODE
train mnist-selu-6 --set data.name=my-images.npz --set evaluation.wrong_digits=false
train my-experiment.toml --device cuda --detach
train digits-quick --deterministic
runs
show RUN
stop RUN
resume RUN
resume RUN --detach
evaluate cifar-conv-denoise --corruption gaussian:0.2:clamp+square:8 --classical
project mnist-mlp8 --method tsne --dims 3
project mnist-mlp8 --method pca --points 400 --perplexity 10 --iterations 50 --seed 1
import model.pth
import model.pth --name mine --preset mnist-mlp8 --data digits --set model.activation=selu --no-evaluate
export mnist-mlp8 --to pth
export mnist-mlp8 --to zip --output x.zip
export mnist-mlp8 --to csv
export mnist-mlp8 --to html
rename RUN CODE
annotate RUN TEXT
delete RUN
delete RUN RUN --forever --yes
restore
restore RUN
sweep docs/sweeps/code-size-and-noise.toml
sweep SWEEP --extend SWEEP --detach
sweep FILE.toml --on ray --gpus 1
sweep FILE.toml --on ray --cpus 1 --address auto
sweeps
sweeps SWEEP
results
results --markdown
gallery
"""


@pytest.mark.parametrize("line", COMMANDS.strip().splitlines())
def test_a_line_is_understood(capsys, store, line):
    """With --help behind it nothing is done, but an unknown command or option is told all the same."""
    assert app.run([str(word) for word in line.split()] + ["--help"]) == 0, capsys.readouterr().err
    assert "Usage" in capsys.readouterr().out


def test_an_unknown_option_is_told_before_the_help(capsys, store):
    assert app.run(["train", "digits-quick", "--detched", "--help"]) == 2
    assert "no such option" in capsys.readouterr().err.lower()


def test_what_is_done_in_a_moment_is_done(capsys, old_store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for line in (
        "presets --json",
        "data list --json",
        "runs --json",
        "show finished --json",
        "evaluate finished --corruption gaussian:0.2:clamp+square:2 --device cpu --json",
        "project noted --method pca --dims 3 --points 60 --device cpu --json",
        "rename finished again --json",
        "annotate finished note --json",
        "export finished --to zip --json",
        "export finished --to pth --json",
        "export finished --to csv --json",
        "export finished --to html --json",
        "delete finished --json",
        "restore --json",
        "restore finished --json",
        "restore trashed --json",
        "sweeps --json",
        "sweeps sizes --json",
        "results --json",
    ):
        assert app.run(list(map(str, line.split()))) == 0, (line, capsys.readouterr().err)
        assert json.loads(capsys.readouterr().out), line
    run = old_store.find("finished")
    assert run.notes() == {"title": "again", "note": "note", "group": ""}
    assert {path.suffix for path in tmp_path.iterdir() if path.stem == run.id} == {".zip", ".pth", ".csv", ".html"}
    run = old_store.find("trashed")
    assert app.run(["delete", run.id, "--forever", "--yes"]) == 0
    assert run not in old_store.runs()
    assert app.run(["import", f"{old_store.find('finished').id}.zip", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"].endswith("-2")
