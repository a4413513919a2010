"""What runs are called, in which order they are listed, and which of them are best."""

from __future__ import annotations

import json

import pytest

from aecore import jobs
from aecore.cli import app
from aecore.config.title import default_title
from aecore.format import numbered
from aecore.presets import preset
from aecore.runs import notes as run_notes
from aecore.runs.listing import best, distinct, in_group, listed, on_shelf
from aecore.runs.summary import RunSummary, is_sound, summarise

QUICK = preset("digits-quick").experiment


def row(run_id: str, **more) -> RunSummary:
    return RunSummary(
        run_id, **({"title": run_id, "preset": "", "shipped": False, "state": "finished", "problem": ""} | more)
    )


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "digits-quick"),
        ({"corruption": "gaussian:0.5", "model.bottleneck.size": 4}, "digits-quick · code 4 · σ 0.5"),
        ({"corruption": "none", "training.seed": 3}, "digits-quick · clean · seed 3"),
        ({"corruption": "masking:0.25+square:8"}, "digits-quick · masking 25% + square 8"),
        ({"training.lr": 0.02, "training.epochs": 7}, "digits-quick · lr 0.02 · 7 epochs"),
        ({"model.dense": [128, 64], "model.dropout": 0.1}, "digits-quick · dense layers 128–64 · dropout 0.1"),
        ({"data.train_images": 100, "data.name": "digits"}, "digits-quick · digits · 100 images"),
        ({"evaluation.wrong_digits": False, "training.precision": "float32"}, "digits-quick"),
        ({"data.train_images": 1, "training.epochs": 1}, "digits-quick · 1 epoch · 1 image"),
        ({"name": "Mine", "training.epochs": 7}, "Mine"),
        (
            {f"training.{key}": 3 for key in ("epochs", "batch_size", "lr", "seed", "weight_decay")},
            "digits-quick · lr 3 · 3 epochs · batch 3 · 2 more",
        ),
    ],
)
def test_a_default_title_says_what_was_changed(changes, title):
    assert default_title(QUICK.changed(changes), QUICK) == title


def test_without_a_preset_the_images_and_the_code_are_the_title():
    assert default_title(QUICK.changed({"preset": ""}), None) == "digits-28 · code 16"


def test_equal_submissions_are_numbered_and_ids_keep_their_form(store):
    small = QUICK.changed({"training.epochs": 3})
    runs = [jobs.submit(small, "cpu") for _ in range(3)]
    assert [run.title() for run in runs] == [f"digits-quick · 3 epochs{end}" for end in ("", " (2)", " (3)")]
    assert all(run.id.startswith("digits-quick-20") for run in runs)
    assert summarise(runs[1]).title == runs[1].title()
    assert runs[1].experiment() == small, "the title is no setting"
    assert jobs.submit(small.changed({"name": "Mine"}), "cpu").title() == "Mine"


def test_runs_without_a_title_of_their_own_keep_their_name(trained):
    trained.write_status(title=None)
    assert trained.title() == summarise(trained).title == "digits-quick"


def test_one_title_is_never_listed_twice():
    rows = distinct([row("c", title="x"), row("b", title="x (2)"), row("a", title="x"), row("d", title="y")])
    assert [entry.title for entry in rows] == ["x (3)", "x (2)", "x", "y"], "the oldest, listed last, keeps it"
    assert numbered("x", ["x", "x (2)"]) == "x (3)"


def test_own_runs_come_first_then_the_reports(gallery, trained):
    rows = listed(map(summarise, gallery.runs()))
    assert [entry.id for entry in rows] == [trained.id, "mnist-mlp8"]
    assert [entry.id for entry in on_shelf(rows, "own")] == [trained.id]
    assert [entry.id for entry in on_shelf(rows, "shipped")] == ["mnist-mlp8"]
    assert on_shelf(rows, "all") == rows


def test_a_summary_says_what_was_measured_on_what(trained):
    found = summarise(trained)
    measured = {entry["corruption"]: entry["metrics"] for entry in trained.evaluation()}
    assert (found.tested_on, found.noise) == ("none", "gaussian:0.2")
    assert found.test_psnr_db == measured["none"]["psnr_db"]
    assert found.noisy_psnr_db == measured["gaussian:0.2"]["psnr_db"]
    assert (found.lr, found.seed) == (QUICK.training.lr, QUICK.training.seed)
    trained.write_json(
        "evaluation.json", {"evaluations": [entry for entry in trained.evaluation() if entry["corruption"] != "none"]}
    )
    assert summarise(trained).tested_on == "gaussian:0.2"


def test_the_best_of_an_image_set_are_sound_runs():
    clean = {"data": "digits", "tested_on": "none"}
    rows = [
        row("good", **clean, test_mse=0.1, test_psnr_db=10.0, test_ssim=0.5),
        row("fair", **clean, test_mse=0.2, test_psnr_db=9.0, test_ssim=0.6),
        row("alien", **clean, test_mse=0.01, imported="x.pth", may_win=False),
        row("ill", **clean, test_mse=0.01, remarks=({"kind": "duplicates", "text": "seen in training"},)),
        row("noisy", data="digits", tested_on="gaussian:0.1", test_mse=0.01),
        row("alone", data="mnist", tested_on="none", test_mse=0.3),
    ]
    assert [entry.id for entry in rows if not is_sound(entry)] == ["alien", "ill"]
    assert is_sound(row("late", remarks=({"kind": "overfitting", "text": "…"},)))
    assert best(rows) == {"test_mse": {"good"}, "test_psnr_db": {"good"}, "test_ssim": {"fair"}}


def test_a_group_is_kept_beside_title_and_note(trained):
    run_notes.annotate(trained, "seen")
    before = trained.file("notes.json").read_bytes()
    run_notes.put_in_group(trained, " thesis ")
    assert trained.notes() == {"title": "", "note": "seen", "group": "thesis"}
    assert [entry.id for entry in in_group([summarise(trained), row("other")], "thesis")] == [trained.id]
    run_notes.put_in_group(trained, "")
    assert trained.file("notes.json").read_bytes() == before, "as it was before there were groups"


def test_the_command_line_groups_and_lists(capsys, gallery, trained):
    def command(*words: str) -> str:
        assert app.run(list(words)) == 0
        return capsys.readouterr().out

    assert json.loads(command("group", trained.id, "--to", "thesis", "--json")) == {
        "runs": [trained.id],
        "group": "thesis",
    }
    assert [entry["id"] for entry in json.loads(command("runs", "--json"))] == [trained.id, "mnist-mlp8"]
    assert [entry["id"] for entry in json.loads(command("runs", "--group", "thesis", "--json"))] == [trained.id]
    assert [entry["id"] for entry in json.loads(command("runs", "--shelf", "shipped", "--json"))] == ["mnist-mlp8"]
    text = command("runs")
    assert "thesis" in text
    assert "digits-quick · 3 epochs · batch 256" in text
    assert app.run(["group", "mnist-mlp8", "--to", "x"]) == 2, "shipped runs are read-only"
    assert app.run(["runs", "--shelf", "mine"]) == 2
