"""The command line: training, lists, and one line for every mistake."""

from __future__ import annotations

import json
from importlib import import_module

import numpy as np
import pytest
import typer

from aecore.cli.parser import MODULES
from aecore.presets import presets
from aecore.presets.titles import titles
from tests.helpers.cli import as_json, run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "mnist-mpl8"], "did you mean 'mnist-mlp8'"),
        (["train", "digits-quick", "--set", "training.epochs=0"], "greater than or equal to 1"),
        (["train", "digits-quick", "--set", "training.lr=fast"], "should be a valid number"),
        (["train", "digits-quick", "--set", "epochs"], "training.epochs=2"),
        (["train", "digits-quick", "--set", "epoch=3"], "did you mean"),
        (["train", "digits-quick", "--device", "tpu"], "unknown device"),
        (["train", "nothing.toml"], "there is no file"),
        (["data", "prepare", "minst"], "did you mean 'mnist'"),
        (["show", "../../etc"], "there is no run"),
        (["stop", "nothing"], "there is no run 'nothing'"),
        (["delete", "nothing", "--yes"], "there is no run"),
        (["trian"], "did you mean 'train'"),
        (["train"], "missing argument"),
        (["runs", "--jsno"], "no such option"),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(capsys, store, arguments, words):
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("aecore: ")
    assert words.lower() in err.lower()
    assert store.runs() == []


def test_a_training_from_start_to_end_as_json(capsys, store):
    status, out, err = run(
        capsys,
        "train",
        "digits-quick",
        "--set",
        "training.epochs=2",
        "--name",
        "two",
        "--device",
        "cpu",
        "--json",
    )
    document = json.loads(out)
    assert status == 0
    assert (document["state"], document["epochs"], len(document["history"])) == ("finished", 2, 2)
    assert document["experiment"]["name"] == "two"
    assert document["evaluation"][1]["noisy_input"]["psnr_db"] < 15
    assert "training 100 %" in err

    status, out, _ = run(capsys, "runs", "--json")
    assert [row["id"] for row in json.loads(out)] == [document["run"]]
    status, out, _ = run(capsys, "evaluate", document["run"][:8], "--corruption", "gaussian:0.2", "--json")
    again = json.loads(out)
    assert again["metrics"] == pytest.approx(document["evaluation"][1]["metrics"], abs=1e-6)
    status, out, _ = run(capsys, "show", "two")
    assert "finished, epoch 2 of 2" in out
    assert run(capsys, "delete", "two")[0] == 0
    assert store.runs() == []


def test_an_experiment_of_ones_own_from_a_file(capsys, store, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n[data]\nname = "digits"\n[model]\ndense = [32]\n[training]\nepochs = 1\n')
    status, out, _ = run(capsys, "train", str(path), "--json", "--device", "cpu")
    assert status == 0
    assert json.loads(out)["run"].startswith("mine-")
    path.write_text("epochs = = 1")
    status, _, err = run(capsys, "train", str(path))
    assert status == 2
    assert "not valid TOML" in err


def test_lists_are_readable_and_json(capsys, store):
    for arguments in (["presets"], ["data", "list"]):
        assert "mnist" in run(capsys, *arguments)[1]
        assert isinstance(json.loads(run(capsys, *arguments, "--json")[1]), list)
    assert "no runs yet" in run(capsys, "runs")[2]
    assert "Usage" in run(capsys)[1]


def test_a_failure_exits_with_1(capsys, store, monkeypatch):
    monkeypatch.setattr("aecore.data.sources._mnist_mirrors", _refuse)
    monkeypatch.setattr("shutil.which", lambda name: None)
    status, _, err = run(capsys, "data", "prepare", "mnist")
    assert status == 1
    assert err.strip().splitlines()[-1].startswith("aecore: MNIST could not be fetched")


def _refuse(*_):
    from aecore.data.sources import SourceError

    raise SourceError("no network")


def test_preparing_ones_own_images_says_what_was_understood(capsys, store, tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "cache"))
    images = np.arange(12 * 64, dtype=np.uint16).reshape(12, 8, 8) * 5  # up to 3835: 12 bits
    np.savez(tmp_path / "own.npz", x_train=images, names=np.zeros(3))
    name = str(tmp_path / "own.npz")
    status, out, _ = run(capsys, "data", "prepare", name)
    assert status == 0
    assert "an .npz file of arrays: 10 training images, 2 test images\n" in out
    assert "values: uint16 from 0 to 3835, 0 is black, 4095 is white (12 bits" in out
    assert "left out: names, which is neither images nor labels\n" in out
    found = as_json(capsys, "data", "prepare", name, "--size", "16")
    assert (found["name"], found["result"]) == (name, "prepared")
    about = found["understood"]
    assert (about["train"], about["test"]) == ({"unlabelled": 10}, {"unlabelled": 2})
    assert (about["size_before"], about["size_after"], about["channels"]) == ("8×8", "16×16", 1)
    assert about["left_out"] == [{"name": "names", "why": "is neither images nor labels"}]
    status, _, err = run(capsys, "data", "prepare", name, "--size", "5")
    assert (status, err) == (2, "aecore: data.size: should be 0 or from 8 to 256 pixels, got 5\n")


def test_each_command_is_found_in_its_module():
    """And none is missing in the table by which only one module is imported."""
    for module, names in MODULES.items():
        found = typer.main.get_command(import_module(f"aecore.cli.{module}").commands)
        assert set(getattr(found, "commands", {found.name: found})) == set(names), module


def test_the_list_of_presets_is_that_of_their_definitions():
    assert titles() == tuple((one.name, one.report, one.title) for one in presets().values())
