"""The command line on whole runs: rename, annotate, delete, restore, import, export."""

from __future__ import annotations

import shutil

import pytest
import torch
from torch import nn

from tests.helpers.cli import as_json, run
from tests.helpers.paths import GALLERY_RUN


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "mine.pth"
    model = nn.Sequential(
        nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 5), nn.Linear(5, 20), nn.ReLU(), nn.Linear(20, 64)
    )
    torch.save(model.state_dict(), path)
    return path


def test_a_title_and_a_note_are_shown_everywhere(capsys, trained):
    told = as_json(capsys, "rename", trained.id, "Best so far")
    assert told == {"run": trained.id, "title": "Best so far", "note": "", "group": ""}
    assert as_json(capsys, "annotate", trained.id, "two\nlines")["note"] == "two\nlines"
    assert as_json(capsys, "runs")[0]["title"] == "Best so far"
    document = as_json(capsys, "show", trained.id)
    assert (document["title"], document["note"]) == ("Best so far", "two\nlines")
    status, out, _ = run(capsys, "show", trained.id)
    assert status == 0
    assert "  Best so far\n  two\n  lines\n" in out
    status, out, _ = run(capsys, "rename", trained.id, "")
    assert status == 0
    assert "Best so far" not in out


def test_delete_restore_and_delete_forever(capsys, store, trained):
    assert "no run has been deleted" in run(capsys, "restore")[2]
    copy = shutil.copytree(trained.path, trained.path.with_name("copy"))
    status, out, err = run(capsys, "delete", trained.id, "copy")
    assert (status, out) == (0, "")
    assert "restore copy" in err
    assert store.runs() == []
    assert [row["run"] for row in as_json(capsys, "restore")] == ["copy", trained.id]
    assert trained.id in run(capsys, "restore")[1]
    assert as_json(capsys, "restore", "copy") == {"run": "copy"}
    assert copy.is_dir()
    status, _, err = run(capsys, "delete", "copy", "--forever")
    assert status == 2
    assert "--yes" in err
    assert copy.is_dir()
    # One from the store and one from the trash.
    told = as_json(capsys, "delete", "copy", trained.id[:12], "--forever", "--yes")
    assert told == {"deleted": ["copy", trained.id], "forever": True}
    assert store.runs() == []
    assert as_json(capsys, "restore") == []


def test_a_wrong_one_of_several_deletes_none(capsys, store, trained):
    assert run(capsys, "delete", trained.id, "nothing")[0] == 2
    assert [found.id for found in store.runs()] == [trained.id]


def test_a_run_goes_out_and_comes_back(capsys, store, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {path.name: path.read_bytes() for path in trained.path.glob("[a-z]*.*")}
    told = as_json(capsys, "export", trained.id, "--to", "zip")
    assert told["path"] == f"{trained.id}.zip"
    assert (tmp_path / told["path"]).stat().st_size == told["bytes"]
    assert run(capsys, "delete", trained.id)[0] == 0
    assert as_json(capsys, "import", told["path"]) == {"run": trained.id}
    assert {name: trained.file(name).read_bytes() for name in files} == files
    status, out, _ = run(capsys, "import", told["path"], "--name", "twice")
    assert status == 0
    assert f"{trained.id}-2: finished" in out
    assert "twice" in out


def test_weights_and_curves_go_out(capsys, trained, tmp_path):
    target = tmp_path / "out.pth"
    assert as_json(capsys, "export", trained.id, "--to", "pth", "--output", str(target))["to"] == "pth"
    assert set(torch.load(target, weights_only=True)) >= {"encoder.linear1.weight", "decoder.linear2.bias"}
    target = tmp_path / "out.csv"
    status, out, err = run(capsys, "export", trained.id, "--to", "csv", "--output", str(target))
    assert (status, out) == (0, "")
    assert str(target) in err
    assert len(target.read_text().splitlines()) == 4


def test_a_checkpoint_becomes_a_run(capsys, store, checkpoint):
    status, out, err = run(capsys, "import", str(checkpoint), "--name", "from elsewhere", "--anyway")
    assert status == 0
    assert "imported from mine.pth" in out
    assert "297 test images" in out
    assert "chosen because they reconstruct test images best: model." in err
    assert "assumed, as they do not follow from the shapes: data.name = digits\n" in err
    assert "not understood" in err, "it was never trained"
    command = ("import", str(checkpoint), "--no-evaluate", "--data", "digits", "--set", "model.activation=selu")
    assert run(capsys, *command)[0] == 2
    command += ("--anyway",)
    told = as_json(capsys, *command)
    assert told["assumed"] == {}
    # What of it images decided depends on the weights, which were never trained.
    assert told["tried"]
    assert "model.activation" not in told["tried"]
    document = as_json(capsys, "show", told["run"])
    model = document["experiment"]["model"]
    assert model["activation"] == "selu" or "selu" in model["encoder"]
    assert "relu" not in (model["encoder"] or [])
    assert (document["state"], document["history"], document["evaluation"]) == ("finished", [], [])
    status, out, _ = run(capsys, "runs")
    assert status == 0
    assert "imported" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rename", "shipped", "x"], "ships with the project"),
        (["delete", "shipped"], "ships with the project"),
        (["rename", "RUN", "two\nlines"], "without line breaks"),
        (["annotate", "nothing", "x"], "there is no run 'nothing'"),
        (["restore", "nothing"], "there is no deleted run 'nothing'"),
        (["import", "nothing.pth"], "there is no file nothing.pth"),
        (["import", "FILE", "--preset", "mnist-mpl8"], "did you mean 'mnist-mlp8'"),
        (["import", "FILE", "--preset", "mnist-mlp8"], "0.weight is 20×64, where encoder.linear1 is 392×784"),
        (["import", "FILE", "--data", "cifar"], "did you mean 'cifar10'"),
        (["import", "FILE", "--data", "mnist"], "0 takes 64 numbers"),
        (["import", "FILE", "--set", "model.activation"], "should look like"),
        (["import", "FILE", "--set", "model.actvation=selu"], "did you mean"),
        (["import", "FILE", "--set", "model.conv=3"], "model.conv"),
        (["export", "RUN", "--to", "zpi"], "did you mean 'zip'"),
        (["export", "RUN"], "missing option '--to'"),
        (["export", "RUN", "--to", "csv", "--output", "no/such/x.csv"], "there is no folder no/such"),
        (["export", "RUN", "--to", "csv", "--output", "."], "is a folder"),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(capsys, store, trained, checkpoint, arguments, words):
    shutil.copytree(GALLERY_RUN, store.root / "gallery" / "shipped")
    known = {"RUN": trained.id, "FILE": str(checkpoint)}
    before = [found.id for found in store.runs()]
    status, out, err = run(capsys, *(known.get(argument, argument) for argument in arguments))
    assert status == 2
    assert out == ""
    assert words.lower() in err.lower()
    assert [line for line in err.splitlines() if line.startswith("aecore: ")] == err.splitlines()[-1:]
    assert [found.id for found in store.runs()] == before


def test_a_packed_run_takes_no_settings(capsys, trained, tmp_path):
    target = tmp_path / "x.zip"
    assert run(capsys, "export", trained.id, "--to", "zip", "--output", str(target))[0] == 0
    status, _, err = run(capsys, "import", str(target), "--preset", "mnist-mlp8")
    assert status == 2
    assert "are for checkpoints" in err


def test_a_page_to_take_along_is_drawn_where_none_was(capsys, trained, tmp_path):
    told = as_json(capsys, "export", trained.id, "--to", "html", "--output", str(tmp_path / "codes.html"))
    page = (tmp_path / "codes.html").read_text()
    assert told["bytes"] == len(page.encode())
    assert trained.title() in page
    assert "pca" in page


def test_runs_of_another_tool_are_imported_and_their_names_printed(tmp_path, capsys, store):
    (tmp_path / "log.csv").write_text("epoch,loss,val_loss,kl\n1,0.5,0.6,3\n2,0.4,0.5,2\n")
    status, out, _ = run(capsys, "import", str(tmp_path), "--from", "csv")
    name = store.runs()[0].id
    assert status == 0
    assert out.splitlines() == [f"{name}: added, 3 curves", "  loss is train_loss", "  val_loss is test_loss"]
    told = as_json(capsys, "import", str(tmp_path), "--from", "csv")
    assert told["runs"][0]["what"] == "unchanged"
    assert told["runs"][0]["names"] == {"loss": "train_loss", "val_loss": "test_loss", "kl": "kl"}
    status, out, _ = run(capsys, "show", name)
    assert "epoch 2, imported from CSV" in out
    status, _, err = run(capsys, "import", str(tmp_path), "--from", "csv", "--preset", "000-mlp-8")
    assert (status, err.strip()) == (2, "aecore: --from takes one folder or file, and --data alone beside it")
    status, _, err = run(capsys, "import", str(tmp_path), "--from", "wandb")
    assert status == 2
    assert "--from wandb" in err
