"""The Replay page without a browser: what it sends, and what it says about a store that is empty or damaged."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image
from streamlit.testing.v1 import AppTest

from aecore.errors import DamagedError
from aecore.runs.run import SNAPSHOTS, STEPS
from aecore.viewer import reel as reels
from dashboard.replay.reel import reel
from tests.helpers.pages import components, texts
from tests.helpers.pages import page as opened
from tests.helpers.paths import ROOT
from tests.helpers.runs import made_run


def page(**query: str) -> AppTest:
    return opened("replay", **query)


def sent(app: AppTest) -> dict[str, Any]:
    """The data of the player."""
    (player,) = components(app, "replay")
    return json.loads(player.json)


def test_a_run_is_sent_whole_and_opens_at_its_last_epoch(gallery):
    data = sent(page())
    (run,) = data["runs"]
    assert run["id"] == "mnist-mlp8"
    assert data["start"] is None
    assert run["epochs"] == list(range(1, 51))
    assert run["names"][0] == "test image 0 · 7"
    assert run["train"]["epochs"] == run["test"]["epochs"] == list(range(1, 51))
    assert run["test"]["values"][-1] == pytest.approx(0.0206, abs=0.002)


def test_a_link_names_runs_and_epoch(store):
    made_run(store, "one-20260101-000000", [1, 2, 3])
    made_run(store, "two-20260101-000000", [1, 2, 3, 4, 5])
    app = page(run="one-20260101-000000", **{"with": "two-20260101-000000"}, epoch="2")
    data = sent(app)
    assert [run["title"] for run in data["runs"]] == ["one", "two"]
    assert data["start"] == 2
    assert data["shared"]
    assert not data["one_noise"]
    assert app.query_params["with"] == "two-20260101-000000"
    app.selectbox(key="replay-with").set_value("").run()
    assert len(sent(app)["runs"]) == 1
    assert "with" not in app.query_params


@pytest.mark.parametrize("epoch", ["nan", "-3", "x", "1e99"])
def test_a_link_with_a_senseless_epoch_opens_at_the_last(store, epoch):
    made_run(store, "one-20260101-000000", [1, 2, 3])
    assert sent(page(epoch=epoch))["start"] is None


def test_runs_with_other_images_do_not_share_columns(store):
    made_run(store, "one-20260101-000000", [1, 2])
    made_run(store, "two-20260101-000000", [1, 2], shape=(3, 32, 32))
    made_run(store, "three-20260101-000000", [1, 2], indices=np.arange(6) + 1)
    for other in ("two-20260101-000000", "three-20260101-000000"):
        data = sent(page(run="one-20260101-000000", **{"with": other}))
        assert len(data["runs"]) == 2
        assert not data["shared"]


def test_an_empty_store_says_what_to_do(store):
    app = page()
    assert "No run has snapshots yet" in texts(app)
    assert not components(app, "replay")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"nonsense", "cannot be read"),
        (b"", "cannot be read"),
        (safetensors.numpy.save({"clean": np.zeros((2, 1, 8, 8), np.uint8)}), "it has no 'epochs'"),
        (
            safetensors.numpy.save(
                {
                    "clean": np.zeros((2, 1, 8, 8), np.uint8),
                    "epochs": np.arange(3, dtype=np.int32),
                    "reconstructions": np.zeros((2, 2, 1, 8, 8), np.uint8),
                }
            ),
            "the shape 2 × 2 × 1 × 8 × 8, not 3 × 2 × 1 × 8 × 8",
        ),
    ],
)
def test_damaged_snapshots_are_told_in_one_line_and_the_other_run_is_shown(store, content, words):
    broken = made_run(store, "broken-20260101-000000", [1, 2])
    broken.file(SNAPSHOTS).write_bytes(content)
    app = page(run=broken.id)
    assert len(app.error) == 1
    assert words in app.error[0].value
    assert not components(app, "replay")
    sound = made_run(store, "sound-20260101-000000", [1, 2])
    app = page(run=sound.id, **{"with": broken.id})
    assert len(app.error) == 1
    assert [run["id"] for run in sent(app)["runs"]] == [sound.id]


def test_stale_links_and_missing_snapshots_are_told(store):
    run = made_run(store, "one-20260101-000000", [1, 2])
    assert "There is no run “gone”" in texts(page(run="gone"))
    assert "There is no run “../x”" in texts(page(run=run.id, **{"with": "../x"}))
    run.file(SNAPSHOTS).unlink()
    assert "has no snapshots.safetensors" in texts(page(run=run.id))


def test_a_run_that_has_just_begun_is_waited_for(store):
    run = made_run(store, "one-20260101-000000", [1, 2])
    run.file(SNAPSHOTS).unlink()
    run.write_status(state="queued")
    assert "appear with its first saved epoch" in texts(page(run=run.id))


def unpacked(made: reels.Reel) -> np.ndarray:
    image = Image.open(io.BytesIO(base64.b64decode(made["atlas"].partition(",")[2])))
    return np.asarray(image)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_holds_every_tile_unchanged(store, channels):
    noise = np.random.default_rng(0).integers(0, 256, (6, channels, 8, 12), np.uint8)
    run = made_run(store, "one-20260101-000000", [1, 2, 3], shape=(channels, 8, 12), noisy=noise)
    made, shown = reel(run)
    sheet = unpacked(made)
    tiles = np.concatenate([shown.clean, noise, shown.reconstructions.reshape(-1, channels, 8, 12)])
    for i, tile in enumerate(tiles):
        x, y = i % made["per_line"] * 12, i // made["per_line"] * 8
        found = sheet[y : y + 8, x : x + 12]
        assert np.array_equal(found, tile[0] if channels == 1 else np.moveaxis(tile, 0, -1))


def test_large_panels_stay_within_what_browsers_take(store):
    run = made_run(store, "one-20260101-000000", list(range(1, 129)), images=20, shape=(1, 96, 96))
    made, _ = reel(run)
    assert max(unpacked(made).shape) <= reels.LONGEST_SIDE
    assert unpacked(made).size <= reels.MOST_PIXELS * 1.1
    assert made["epochs"][-1] == 128
    assert made["test"]["epochs"][-1] == 128


def test_epochs_within_an_epoch_are_short_and_in_order(store):
    run = made_run(store, "one-20260101-000000", [0.24, 1, 2, 0.5])
    made, shown = reel(run)
    assert made["epochs"] == [0.24, 0.5, 1, 2]
    assert shown.reconstructions[:, 0, 0, 0, 0].tolist() == [0, 30, 10, 20]


def test_losses_written_within_epochs_make_the_training_curve(store):
    run = made_run(store, "one-20260101-000000", [0.24, 0.48, 1])
    lines = [{"epoch": step * 0.002, "step": step, "train_loss": 1 / step} for step in range(1, 2001)]
    run.file(STEPS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    made, _ = reel(run)
    train = dict(zip(made["train"]["epochs"], made["train"]["values"], strict=True))
    assert len(train) < 1000
    assert train[0.24] == 1 / 120
    assert made["test"]["epochs"] == [1]


def test_digits_that_are_read_wrong(store):
    digits = np.tile(np.arange(6, dtype=np.uint8), (2, 1))
    digits[0, 2], digits[1, 3] = 7, reels.NOT_READ
    made, _ = reel(made_run(store, "one-20260101-000000", [1, 2], digits=digits))
    assert made["digits"] == [[None, None, 7, None, None, None], [None] * 6]
    assert made["digits_read"] == [[5, 6], [5, 5]]


def test_no_rows_yet(store):
    run = made_run(store, "one-20260101-000000", [1])
    tensors = run.snapshots()
    empty = {"epochs": tensors["epochs"][:0], "reconstructions": tensors["reconstructions"][:0]}
    safetensors.numpy.save_file(tensors | empty, run.file(SNAPSHOTS))
    with pytest.raises(DamagedError, match="no snapshot yet"):
        reel(run)


def test_replay_needs_no_torch():
    code = "import dashboard.replay.reel, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT).returncode == 0
