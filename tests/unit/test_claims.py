"""Reported against measured: the words of a verdict, where each number comes from, and the table."""

import json
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from aecore.errors import UserError
from aecore.format import format_value
from aecore.presets import Claim, preset
from aecore.reports import claims
from aecore.reports.claims import judge, markdown_table, measure, verdict, verdicts
from aecore.runs.run import Run


def claim(metric="mse", **more: Any) -> Claim:
    return Claim(quantity="a number", reported=1.0, metric=metric, **more)


@pytest.mark.parametrize(
    ("limits", "measured", "word"),
    [
        ({"at_least": 1, "at_most": 2, "better": "lower"}, 1.0, "reproduced"),
        ({"at_least": 1, "at_most": 2, "better": "lower"}, 2.0, "reproduced"),
        ({"at_least": 1, "at_most": 2, "better": "lower"}, 0.9, "better"),
        ({"at_least": 1, "at_most": 2, "better": "lower"}, 2.1, "not reproduced"),
        ({"at_least": 1, "at_most": 2, "better": "higher"}, 2.1, "better"),
        ({"at_least": 1, "at_most": 2, "better": "higher"}, 0.9, "not reproduced"),
        ({"at_least": 1, "at_most": 2, "better": "neither"}, 0.9, "not reproduced"),
        ({"at_least": 1, "at_most": 2, "better": "neither"}, 2.1, "not reproduced"),
        ({"at_most": 2}, -5.0, "reproduced"),
        ({"at_most": 2}, 2.1, "not reproduced"),
        ({"at_least": 24, "better": "higher"}, 99.0, "reproduced"),
        ({"at_least": 24, "better": "higher"}, 23.9, "not reproduced"),
        ({"at_least": 0.3, "at_most": 0.3}, 0.1 + 0.2, "reproduced"),
        ({}, 7.0, "reproduced"),
        ({"at_most": 2}, None, "not measured"),
        ({"at_most": 2}, float("nan"), "not measured"),
        ({"at_least": 2}, float("inf"), "not measured"),
    ],
)
def test_the_words(limits, measured, word):
    assert verdict(claim(**limits), measured) == word


def write(run: Run, name: str, lines: list[dict]) -> None:
    run.file(name).write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def small(store):
    """Two shipped runs of report 002's presets, made by hand."""
    for name, offset in (("mnist-selu-2", 0.01), ("mnist-selu-6", 0.0)):
        run = Run(store.root / "gallery" / name)
        run.path.mkdir(parents=True)
        run.write_json("status.json", {"state": "finished", "parameters": 283_007})
        # One epoch stands there twice, as after a crash, and the later line counts; epoch 2 is better for once.
        losses = [0.9, 0.5, 0.4, 0.3, 0.2]
        write(
            run,
            "metrics.jsonl",
            [
                {
                    "epoch": epoch,
                    "train_loss": loss,
                    "test_loss": loss + (offset if epoch != 2 else -offset),
                    "wrong_digit_rate": 0.1 + offset * epoch,
                    "lr": 0.001 if epoch < 3 else 0.0001 if epoch < 5 else 1e-5,
                }
                for epoch, loss in [(1, 7.0), *enumerate(losses, 1)]
            ],
        )
        write(
            run,
            "steps.jsonl",
            [
                {"epoch": step / 40, "step": step, "train_loss": 1 / step, "validation_loss": 2 / step}
                for step in (100, 200)
            ],
        )
        scores = {"mse": 0.02, "psnr_db": 17.0, "ssim": 0.7, "snr_db": None}
        noisy = {"mse": 0.04, "psnr_db": 14.0, "ssim": 0.5, "snr_db": 3.0}
        entry = {"n": 10, "metrics": scores | {"wrong_digit_rate": 0.3}, "noisy_input": noisy, "black_mse": 0.1}
        run.write_json("evaluation.json", {"evaluations": [entry | {"corruption": c} for c in ("none", "square:8")]})
        panel = {
            "indices": np.array([0, 3]),
            "labels": np.array([7, 0], np.uint8),
            "epochs": np.arange(1, 6, dtype=np.int32),
            "digits": np.array([[1, 0], [7, 0], [9, 0], [7, 1], [2, 0]], np.uint8),
            "clean": np.zeros((2, 1, 2, 2), np.uint8),
            "reconstructions": np.zeros((5, 2, 1, 2, 2), np.uint8),
        }
        run.file("snapshots.safetensors").write_bytes(safetensors.numpy.save(panel))
    return store


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (claim("train_loss"), 0.2),
        (claim("train_loss", epoch=1), 0.9),
        (claim("train_loss", from_epoch=4), 0.25),
        (claim("mse"), 0.02),
        (claim("psnr_db", corruption="square:8"), 17.0),
        (claim("snr_db", corruption="square:8"), None),
        (claim("black_mse", corruption="square:8"), 0.1),
        (claim("wrong_digit_rate", corruption="none"), 0.3),
        (claim("parameters"), 283_007),
        (claim("step_train_loss", step=100), 0.01),
        (claim("step_validation_loss"), 0.01),
        (claim("lr_drops"), 2),
        (claim("wrong_digit_epochs"), 3),
        (claim("wrong_digit_epochs", from_epoch=2), 2),
        (claim("share_of_epochs_above", other="mnist-selu-6"), 1.0),
        (claim("share_of_epochs_below", other="mnist-selu-6"), 0.2),
        (claim("share_of_epochs_below", other="mnist-selu-6", from_epoch=3), 0.0),
        (claim("share_of_epochs_below", other="mnist-mlp8"), None),
    ],
)
def test_each_metric_is_found_where_it_is_said_to_be(small, asked, expected):
    measured = measure(asked, Run(small.root / "gallery" / "mnist-selu-2"), small)
    assert measured == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    "asked",
    [
        claim("train_loss", epoch=60),
        claim("train_loss", from_epoch=60),
        claim("mse", corruption="gaussian:0.2"),
        claim("step_train_loss", step=150),
        claim("share_of_epochs_below", other="mnist-selu-6", from_epoch=60),
        claim("nonsense"),
    ],
)
def test_what_a_run_does_not_say_is_not_measured(small, asked):
    found = judge(preset("mnist-selu-2"), asked, small)
    assert (found.measured, found.word) == (None, "not measured")
    json.dumps(found.as_dict(), allow_nan=False)


@pytest.mark.parametrize("damage", ["missing", "damaged", "unfinished"])
def test_a_run_that_cannot_tell_measures_nothing(small, damage):
    run = Run(small.root / "gallery" / "mnist-selu-2")
    if damage == "missing":
        run.path.rename(run.path.with_name("elsewhere"))
    elif damage == "damaged":
        run.file("status.json").write_text("{")
    else:
        run.write_json("status.json", {"state": "stopped", "parameters": 283_007})
    assert judge(preset("mnist-selu-2"), claim("train_loss"), small).word == "not measured"


def test_a_noisy_score_stands_beside_the_noisy_inputs_own(small):
    entry = preset("mnist-selu-2")
    assert judge(entry, claim("psnr_db", corruption="square:8"), small).noisy_input == 14.0
    assert judge(entry, claim("psnr_db"), small).noisy_input is None
    assert judge(entry, claim("parameters"), small).noisy_input is None


def test_every_claim_has_a_verdict_and_unknown_presets_are_a_mistake(small):
    found = verdicts(small)
    assert {v.preset for v in found} == {name for name in claims.presets() if preset(name).claims}
    assert {v.word for v in found if v.preset == "mnist-mlp8"} == {"not measured"}
    only = verdicts(small, ["mnist-selu-2"])
    assert [(v.report, v.preset, v.word) for v in only] == [("002", "mnist-selu-2", "reproduced")]
    with pytest.raises(UserError, match="did you mean 'mnist-mlp8'"):
        verdicts(small, ["mnist-mpl8"])


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "dB", "–"),
        (24.48, "dB", "24.48 dB"),
        (622_504.0, "", "622,504"),
        (0.0, "", "0"),
        (0.0206903, "", "0.02069"),
        (12.0, "", "12"),
        (1.5, "", "1.50"),
        (-1.339, "dB", "-1.34 dB"),
    ],
)
def test_numbers_are_shown_as_people_read_them(value, unit, text):
    assert format_value(value, unit) == text


def test_the_table_is_markdown(small):
    lines = markdown_table(verdicts(small, ["mnist-selu-2"])).splitlines()
    assert lines[-1] == "| 002 | `mnist-selu-2` | parameters | 283,007 | 283,007 |  | reproduced |"
    assert {line.count("|") for line in lines} == {8}
