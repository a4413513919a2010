"""What other tools recorded becomes runs: read from files that the tools themselves wrote, tests/data/tracked."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import math
import os
import shutil
import sqlite3
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from aecore.errors import UserError
from aecore.imports import add, import_runs, mlflow, table, tensorboard, trackio
from aecore.imports.lines import lines_of
from aecore.imports.names import names_for
from aecore.imports.pictures import add_artifacts, add_file
from aecore.imports.tfrecord import fields, masked_crc32c, packed
from aecore.imports.tracked import Point, Tracked
from aecore.plots import loss_curves
from aecore.runs import notes, sums
from aecore.runs.logged import read_logged
from aecore.runs.run import Run
from aecore.runs.summary import summarise
from tests.helpers.paths import ROOT
from tests.helpers.real_tools import LOSSES

TRACKED = ROOT / "tests" / "data" / "tracked"


def runs_of(tool: str, place: Path, **more) -> dict[str, Run]:
    return {outcome.run.title(): outcome.run for outcome in import_runs(tool, place, **more).outcomes}


def values(run: Run, name: str) -> list[tuple[float, float | None]]:
    return [(entry["epoch"], entry[name]) for entry in run.metrics() if name in entry]


def test_scalars_of_tensorboard_are_the_float32_that_were_written(store):
    found = runs_of("tensorboard", TRACKED / "tensorboard")
    assert sorted(found) == ["keras", "purged", "simple", "simple/hp"]
    run = found["simple"]
    written = [float(np.float32(loss)) for loss in LOSSES[:3]]
    assert values(run, "train_loss") == [(0, written[0]), (10, written[1]), (20, written[2]), (30, 0.25), (40, 0.125)]
    assert values(run, "Loss/val") == [(10, 0.5)]
    assert values(run, "gan/_clair__b_") == [(20, None)]
    assert [entry["seconds"] for entry in run.metrics()] == [0, 1, 2, 130, 140]
    status = run.status()
    assert (status["started"], status["recorded"]["counts"]) == ("2023-11-14T22:13:20.000Z", "step")
    row = summarise(run)
    assert (row.state, row.recorded, row.tracked, row.train_loss, row.data) == (
        "finished", "TensorBoard", True, 0.125, "unknown",
    )  # fmt: skip
    assert found["simple/hp"].status()["recorded"]["config"] == {"lr": 0.01, "net": "mlp", "tied": True}
    assert values(found["keras"], "train_loss") == [(0, 0.0), (1, 0.125), (2, 0.25)]
    assert values(found["keras"], "validation/epoch_loss") == [(0, 1.0), (1, 1.125), (2, 1.25)]
    assert values(found["purged"], "train_loss") == [(0, 0.0), (1, 1.0), (2, 7.0)]
    assert all(state == "verified" for state in sums.verify(run.path).values())


def test_the_restart_and_what_is_not_taken_are_said(store):
    outcomes = {one.run.title(): one for one in import_runs("tensorboard", TRACKED / "tensorboard").outcomes}
    assert outcomes["simple"].said == (
        "1 value logged again for a step, as after a restart: the last one counts",
        "1 value NaN or infinite: a gap in the curve",
        "not taken: 1 histogram",
    )
    assert [remark["text"] for remark in summarise(outcomes["purged"].run).remarks] == [
        "started again at step 2: 2 values from before count no more"
    ]


def image_values(run):
    """By name the epochs and the one brightness of each image."""
    found = read_logged(run)
    assert all((images == images[:, :, :1, :1]).all() for _, images in found.values())
    return {name: (epochs.tolist(), images[:, 0, 0, 0].tolist()) for name, (epochs, images) in found.items()}


def test_images_of_the_tools_are_the_runs_logged_images(store):
    found = {one.run.title(): one.run for one in import_runs("tensorboard", TRACKED / "tensorboard").outcomes}
    assert image_values(found["simple"]) == {"panel": ([10, 20], [51, 153])}
    assert image_values(found["keras"]) == {}
    for tool, names, expected in (
        ("mlflow", "first second: it's 'quoted'", {"panel/noisy": ([0, 5], [40, 240])}),
        ("trackio", "first second", {"picture": ([9], [90])}),
    ):
        runs = {one.run.title(): one.run for one in import_runs(tool, TRACKED / tool).outcomes}
        for name in ("first", next(title for title in runs if title.startswith("second"))):
            assert image_values(runs[name]) == expected, (tool, name, names)
            assert sums.verify(runs[name].path)["logged.safetensors"] == "verified"
    again = import_runs("trackio", TRACKED / "trackio")
    assert {one.what for one in again.outcomes} == {"unchanged"}


def test_images_as_tensors_and_a_restart_that_takes_them_back(tmp_path, store):
    """As TensorFlow writes them: width, height, and the pictures of a batch."""
    pytest.importorskip("tensorboard", reason="requirements-dev.txt")
    names = ("event", "summary", "tensor", "types")
    event_pb2, summary_pb2, tensor_pb2, types_pb2 = (
        importlib.import_module(f"tensorboard.compat.proto.{name}_pb2") for name in names
    )
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    def png(level: int) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(np.full((4, 5, 3), level, np.uint8)).save(buffer, "PNG")
        return buffer.getvalue()

    plugin = summary_pb2.SummaryMetadata(plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="images"))
    with contextlib.closing(EventFileWriter(str(tmp_path / "run"))) as writer:
        for step in range(3):
            tensor = tensor_pb2.TensorProto(
                dtype=types_pb2.DT_STRING, string_val=[b"5", b"4", png(10 * step), png(10 * step + 1), b"broken"]
            )
            values = [
                summary_pb2.Summary.Value(tag="batch", tensor=tensor, metadata=plugin),
                summary_pb2.Summary.Value(tag="loss", simple_value=1.0),
            ]
            writer.add_event(event_pb2.Event(step=step, summary=summary_pb2.Summary(value=values)))
        start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        writer.add_event(event_pb2.Event(step=2, session_log=start))
    (outcome,) = import_runs("tensorboard", tmp_path).outcomes
    assert image_values(outcome.run) == {"batch/0": ([0, 1], [0, 10]), "batch/1": ([0, 1], [1, 11])}
    assert outcome.said[-1] == "not taken: 3 images"


def test_images_of_keras_training_and_validation_do_not_mix(tmp_path, store):
    """Both folders are one run, and name their images alike."""
    pytest.importorskip("tensorboard", reason="requirements-dev.txt")
    from torch.utils.tensorboard import SummaryWriter

    for number, folder in enumerate(("train", "validation")):
        with SummaryWriter(str(tmp_path / "keras" / folder), purge_step=2 if number else None) as writer:
            for step in range(3):
                writer.add_scalar("epoch_loss", 1.0 + number, step)
                writer.add_image("panel", np.full((3, 4, 5), 50 * number + step, np.uint8), step)
    (outcome,) = import_runs("tensorboard", tmp_path).outcomes
    assert image_values(outcome.run) == {
        "train/panel": ([0, 1, 2], [0, 1, 2]),
        "validation/panel": ([0, 1, 2], [50, 51, 52]),
    }


@pytest.mark.parametrize(
    "name",
    [
        "panel~noisy+step+3+timestamp+1795810359489+8f62354d-2c83-4e55-bdab-289739696b75.png",
        "panel#noisy%step%3%timestamp%1795810359489%8f62354d-2c83-4e55-bdab-289739696b75.png",
        "panel#noisy%step%3%timestamp%1795810359489%xf62354d-2c83-4e55-bdab-289739696b75.png",
    ],
)
def test_the_names_of_images_of_every_version_of_mlflow_are_known(tmp_path, name):
    """From new ones to old ones; smaller copies lie beside them."""
    folder = tmp_path / "artifacts" / "images"
    folder.mkdir(parents=True)
    picture = next((TRACKED / "trackio" / "media").rglob("*.png")).read_bytes()
    (folder / name).write_bytes(picture)
    (folder / f"{name.removesuffix('.png')}{name[11]}compressed.webp").write_bytes(b"")
    tracked = Tracked("key", "title")
    add_artifacts(tracked, folder.parent)
    assert tracked.files == [("panel/noisy", 3, folder, Path(name))]


def test_images_of_many_runs_are_not_in_memory_at_once(tmp_path):
    for tool, folder in ((tensorboard, "tensorboard"), (trackio, "trackio"), (mlflow, "mlflow")):
        (tmp_path / folder).mkdir()
        runs = add._read(tool, TRACKED / folder, tmp_path / folder)
        assert not any(run.images.rows for run in runs)
        assert [path for path in (run.aside for run in runs) if path] == sorted((tmp_path / folder).iterdir()) != []


def test_an_image_whose_name_is_no_text_is_kept():
    tracked = Tracked("key", "title")
    picture = next((TRACKED / "trackio" / "media").rglob("*.png")).read_bytes()
    tracked.add_image(os.fsdecode(b"panel\xff"), 3, picture)
    assert (list(tracked.images.rows), tracked.left) == (["panel?"], {})
    assert tracked.images.to_bytes()


def test_an_image_whose_name_no_path_may_have_is_counted(tmp_path):
    tracked = Tracked("key", "title")
    add_file(tracked, "panel", 0, tmp_path, Path("a\0b.png"))
    assert tracked.left == {"image": 1}


def test_images_that_are_not_there_or_lead_elsewhere_are_counted(tmp_path, store):
    assert any("set of images that is not beside" in line
               for one in import_runs("mlflow", TRACKED / "mlflow.db").outcomes for line in one.said)  # fmt: skip
    shutil.copytree(TRACKED / "trackio", tmp_path / "trackio")
    (tmp_path / "secret.png").write_bytes(next((TRACKED / "trackio" / "media").rglob("*.png")).read_bytes())
    with contextlib.closing(sqlite3.connect(tmp_path / "trackio" / "codes.db")) as base:
        for number, text in base.execute(
            "SELECT id, metrics FROM metrics WHERE CAST(metrics AS TEXT) LIKE '%file_path%'"
        ).fetchall():
            table = json.loads(text)
            outside = "first" in table["picture"]["file_path"]
            table["picture"]["file_path"] = "../../secret.png" if outside else "codes/gone.png"
            base.execute("UPDATE metrics SET metrics = ? WHERE id = ?", (json.dumps(table), number))
        base.commit()
    outcomes = import_runs("trackio", tmp_path / "trackio").outcomes
    assert all(read_logged(one.run) == {} for one in outcomes)
    assert all("1 image" in one.said[-1] for one in outcomes)


@pytest.mark.parametrize("step", [-1, 3e9, 2**62, float("nan"), float("inf")])
def test_a_picture_at_a_step_that_no_curve_has_is_counted(step):
    tracked = Tracked("key", "title")
    tracked.add_image("panel", step, next((TRACKED / "trackio" / "media").rglob("*.png")).read_bytes())
    assert (tracked.left, tracked.images.rows) == ({"image": 1}, {})


@given(st.binary(max_size=200))
def test_a_picture_of_any_bytes_is_read_or_counted(content):
    tracked = Tracked("key", "title")
    tracked.add_image("panel", 3, content)
    assert tracked.left == {"image": 1}


@pytest.mark.parametrize("place", ["mlflow", "mlflow/mlruns", "mlflow.db"])
def test_mlflow_in_files_and_in_its_database_says_the_same(store, place):
    result = import_runs("mlflow", TRACKED / place)
    assert result.without_numbers == ("nothing logged",)
    found = {one.run.title(): one.run for one in result.outcomes}
    assert sorted(found) == ["broken", "first", "second: it's 'quoted'"]
    run = found["second: it's 'quoted'"]
    assert values(run, "train_loss") == [(5 * step, 2 * loss) for step, loss in enumerate(LOSSES)]
    assert values(run, "val_loss") == [(5, 0.25)]
    assert values(run, "odd") == [(0, None), (1, None)]
    assert run.status()["recorded"]["config"] == {"lr": "0.1", "net": "mlp: 8", "tag stage": "draft"}
    assert run.notes() == {"title": "", "note": "a note\non two lines", "group": "autoencoders: 2"}
    assert (summarise(found["broken"]).state, summarise(found["broken"]).problem) == (
        "failed",
        "failed, as MLflow has it",
    )


def test_the_largest_number_of_the_database_is_infinity_only_there():
    from aecore.imports.mlflow import _finite_or_not

    assert [_finite_or_not(value) for value in (1e308, 1.7976931348623157e308)] == [1e308, math.inf]


def test_trackio(store):
    found = runs_of("trackio", TRACKED / "trackio")
    assert sorted(found) == ["first", "second"]
    run = found["second"]
    assert values(run, "train_loss") == [(3 * step, 2 * loss) for step, loss in enumerate(LOSSES)]
    assert values(run, "val_loss") == [(9, 0.5)]
    assert values(run, "odd") == [(0, None), (3, None), (6, None), (9, 1.0)]
    assert values(run, "more/a") == [(0, 0), (3, 1), (6, 2), (9, 3)]
    assert run.status()["recorded"]["config"] == {"lr": 0.1, "net": {"width": 8}}
    assert run.notes()["group"] == "codes"


def test_a_second_import_adds_what_is_new_and_keeps_what_the_user_wrote(tmp_path, store):
    place = tmp_path / "logs"
    place.mkdir()
    (place / "one.csv").write_text("epoch,loss,val_loss\n1,0.5,0.6\n2,0.4,\n")
    first = import_runs("csv", place).outcomes[0].run
    notes.rename(first, "my name")
    notes.annotate(first, "mine")
    assert [one.what for one in import_runs("csv", place).outcomes] == ["unchanged"]
    (place / "one.csv").write_text("epoch,loss,val_loss\n1,0.5,0.6\n2,0.4,\n3,0.3,0.35\n")
    (place / "two.csv").write_text("epoch,loss\n1,9\n")
    again = import_runs("csv", place).outcomes
    assert [(one.run.title(), one.what) for one in again] == [("my name", "refreshed"), ("two", "added")]
    assert again[0].run.id == first.id
    assert len(store.runs()) == 2
    assert values(first, "train_loss") == [(1, 0.5), (2, 0.4), (3, 0.3)]
    assert values(first, "val_loss") == [(1, 0.6), (3, 0.35)]
    assert first.notes()["note"] == "mine"
    assert first.status()["epoch"] == 3
    assert all(state == "verified" for state in sums.verify(first.path).values())
    (place / "one.csv").write_text("epoch,loss\n1,0.5\n")
    kept = import_runs("csv", place).outcomes[0]
    assert (kept.what, kept.said[0]) == ("kept", "left as it is: it has 5 values here and 1 there")
    assert len(first.metrics()) == 3


def test_a_copied_folder_is_a_run_of_its_own(tmp_path, store):
    shutil.copytree(TRACKED / "tensorboard" / "purged", tmp_path / "a" / "x")
    shutil.copytree(TRACKED / "tensorboard" / "purged", tmp_path / "b" / "x")
    assert sorted(runs_of("tensorboard", tmp_path)) == ["a/x", "b/x"]
    assert {one.what for one in import_runs("tensorboard", tmp_path).outcomes} == {"unchanged"}


def test_a_table_with_a_column_of_runs(tmp_path, store):
    path = tmp_path / "many.csv"
    path.write_text("\ufeffrun;Step;loss;note\na;0;1e-3;x\nb;0;nan;y\na;5;0.25;z\n")
    found = import_runs("csv", path).outcomes
    assert [(one.run.title(), values(one.run, "train_loss")) for one in found] == [
        ("a", [(0, 0.001), (5, 0.25)]),
        ("b", [(0, None)]),
    ]
    assert found[0].said == ("not taken, as they hold no numbers: note",)


def test_a_table_without_steps_counts_its_lines_and_has_times_of_its_own(tmp_path, store):
    path = tmp_path / "t.csv"
    path.write_text(",loss,seconds\n0,3,1.5\n1,2,2.5\n")
    (run,) = runs_of("csv", path).values()
    assert [(entry["epoch"], entry["train_loss"], entry["seconds"]) for entry in run.metrics()] == [
        (1, 3, 1.5),
        (2, 2, 2.5),
    ]
    assert run.status()["started"] is None


BAD = {
    "number": ("epoch,loss\n1,0.5\n2,o.4\n", r"line 3: loss is 'o\.4', which is no number"),
    "comma": ("epoch;loss\n1;0,5\n2;0.4\n", "line 2: loss is '0,5'"),
    "short": ("epoch,loss\n1\n", "line 2: should have 2 values"),
    "double": ("loss,loss\n1,2\n", "two columns are named 'loss'"),
    "empty": ("epoch,loss\n", "holds no table"),
    "words": ("epoch,word\n1,x\n", "no column of numbers"),
    "step": ("epoch,loss\n1,1\n,2\n", "line 3: epoch is empty"),
    "binary": (b"\xff\xfe\x00", "no text in UTF-8"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_is_none_is_one_line(tmp_path, store, name):
    content, words = BAD[name]
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=words):
        import_runs("csv", path)
    assert store.runs() == []


@pytest.mark.parametrize("tool", add.TOOLS)
def test_a_folder_without_runs_and_one_that_is_not_there(tmp_path, store, tool):
    with pytest.raises(UserError, match="holds no"):
        import_runs(tool, tmp_path)
    with pytest.raises(UserError, match="there is no folder or file"):
        import_runs(tool, tmp_path / "nowhere")
    (tmp_path / "x.db").write_bytes(b"no database" * 100)
    if tool in ("mlflow", "trackio"):
        with pytest.raises(UserError, match="cannot be read as a database"):
            import_runs(tool, tmp_path)


def test_another_tool_is_named():
    with pytest.raises(UserError, match="did you mean 'tensorboard'"):
        import_runs("tensorbord", ROOT)


@pytest.mark.parametrize(("at", "left"), [(30, 0), (140, 1), (230, 3), (300, 2)])
def test_damage_in_an_event_file_ends_it_and_is_said(tmp_path, store, at, left):
    """A changed byte never becomes a number; what stands before it is taken."""
    source = next((TRACKED / "tensorboard" / "purged").iterdir())
    content = bytearray(source.read_bytes())
    content[at] ^= 4
    (tmp_path / "events.out.tfevents.1").write_bytes(content)
    if not left:
        with pytest.raises(UserError, match=r"no numbers: .* is damaged"):
            import_runs("tensorboard", tmp_path)
        return
    (outcome,) = import_runs("tensorboard", tmp_path).outcomes
    assert values(outcome.run, "train_loss") == [(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0)][:left]
    assert outcome.said[-1].endswith("is damaged: what lies behind the damage is not taken")


def test_a_file_that_is_still_written_is_read_up_to_its_last_whole_record(tmp_path, store):
    source = next((TRACKED / "tensorboard" / "keras" / "train").iterdir())
    (tmp_path / "events.out.tfevents.1").write_bytes(source.read_bytes()[:-5])
    (outcome,) = import_runs("tensorboard", tmp_path).outcomes
    assert values(outcome.run, "train_loss") == [(0, 0.0), (1, 0.125)]
    assert outcome.said == ()


def test_the_checksum_is_castagnolis():
    """The value that RFC 3720 gives for 32 bytes of zero, masked as TFRecord does."""
    crc = 0x8A9136AA
    masked = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    assert masked_crc32c([bytes(32), bytes(32)]).tolist() == [masked, masked]


@given(st.binary(max_size=200))
def test_a_message_of_any_bytes_is_read_or_refused(data):
    try:
        tensorboard._event(data)
        packed(fields(data), "q")
    except (ValueError, struct.error):
        pass


@settings(max_examples=40)
@given(st.lists(st.text(max_size=12) | st.sampled_from(["x" * 90, "x" * 91, "loss", "a/b"]), max_size=6, unique=True))
def test_every_curve_has_a_name_of_its_own(tags):
    found = names_for(tags)
    assert set(found) == set(tags)
    assert len(set(found.values())) == len(tags)
    assert not {"epoch", "seconds", ""} & set(found.values())
    assert all(len(name) <= 80 and name.isascii() for name in found.values())


@pytest.mark.parametrize(
    ("tags", "train", "test"),
    [
        (("loss", "val_loss"), "loss", None),
        (("Loss/train", "Loss/test", "Loss/val"), "Loss/train", "Loss/test"),
        (("train/loss_step", "train/loss_epoch", "val/loss_epoch"), "train/loss_epoch", None),
        (("trainLoss", "evalLoss", "loss"), "trainLoss", None),
        (("train_loss", "loss/train", "test/loss"), "train_loss", "test/loss"),
        (("train/kl_loss", "train/acc", "perceptual_loss"), None, None),
        (("train_val_loss",), None, None),
    ],
)
def test_losses_are_known_by_their_usual_names(tags, train, test):
    found = {name: tag for tag, name in names_for(tags).items()}
    assert (found.get("train_loss"), found.get("test_loss")) == (train, test)


@given(st.lists(st.tuples(st.integers(-2, 6), st.floats(allow_nan=True, allow_infinity=True)), min_size=1, max_size=30))
def test_lines_hold_the_last_value_of_every_step_exactly(logged):
    tracked = Tracked("k", "t", {"x": [Point(step, value) for step, value in logged]})
    lines = lines_of(tracked, {"x": "x"})
    expected = {step: value if math.isfinite(value) else None for step, value in logged if step >= 0}
    assert {entry["epoch"]: entry["x"] for entry in map(json.loads, lines.to_bytes().splitlines())} == expected
    assert [entry["epoch"] for entry in lines.entries] == sorted(expected)


def test_curves_of_different_steps_are_drawn_through_all_their_points(store):
    """A test loss every tenth step is a line, not points that nobody sees."""
    points = {"loss": [Point(step, 1 / (step + 1)) for step in range(50)]}
    points["test_loss"] = points["loss"][::10]
    made = add._Made(
        "csv",
        "CSV",
        "k",
        Tracked("k", "t", points),
        lines_of(Tracked("k", "t", points), names := names_for(points)),
        "unknown",
    )
    run = add._added(store, made, names).run
    figure = loss_curves(run)
    traces: Any = figure.data
    drawn = {trace["name"]: (list(trace["x"]), list(trace["y"])) for trace in traces}
    assert drawn["test loss"] == ([0, 10, 20, 30, 40], [1, 1 / 11, 1 / 21, 1 / 31, 1 / 41])
    assert len(drawn["training loss"][0]) == 50
    assert [axis.title.text for axis in figure.select_xaxes() if axis.title.text] == ["Step"]


def test_values_that_are_called_as_ours_are_the_loops_own(store):
    """A loop's wrong_digit_rate may be in percent already, and its active_units a share."""
    names = ["train_kl", "train_penalty", "wrong_digit_rate", "active_units", "used_vectors", "dead_units"]
    tracked = Tracked("k", "t", {name: [Point(step, 5.0) for step in range(3)] for name in names})
    same = {name: name for name in names}
    run = add._added(store, add._Made("csv", "CSV", "k", tracked, lines_of(tracked, same), "unknown"), same).run
    traces: Any = loss_curves(run).data
    assert sorted(trace["name"] for trace in traces) == sorted(names)
    assert all(set(trace["y"]) == {5.0} for trace in traces)


def test_a_database_of_other_values_is_one_line(tmp_path, store):
    path = tmp_path / "p.db"
    shutil.copyfile(TRACKED / "trackio" / "codes.db", path)
    with contextlib.closing(sqlite3.connect(path)) as base:
        base.execute("UPDATE metrics SET step = 'soon'")
        base.commit()
    with pytest.raises(UserError, match="holds something else than Trackio writes"):
        import_runs("trackio", tmp_path)
    with contextlib.closing(sqlite3.connect(path)) as base:
        base.execute("UPDATE metrics SET step = 1, metrics = 'no JSON'")
        base.commit()
    with pytest.raises(UserError, match="holds a line that is no table of values"):
        import_runs("trackio", tmp_path)
    assert store.runs() == []


def test_a_loss_that_is_logged_less_often_than_others_is_the_last_one_that_was_logged(tmp_path, store):
    (tmp_path / "t.csv").write_text("step,loss,lr\n1,0.5,1\n2,,2\n3,,3\n")
    run = import_runs("csv", tmp_path / "t.csv").outcomes[0].run
    assert summarise(run).train_loss == 0.5
    (tmp_path / "t.csv").write_text("step,loss,lr\n1,0.5,1\n2,nan,2\n3,,3\n")
    import_runs("csv", tmp_path / "t.csv")
    assert summarise(run).train_loss is None, "it has diverged"


def test_settings_that_nobody_knows_are_not_shown(store):
    known = runs_of("trackio", TRACKED / "trackio")["first"].settings()
    assert not [key for key in known if key.startswith(("training.", "evaluation.", "corruption"))]


def test_many_points_are_read(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("step,loss\n" + "".join(f"{step},{step / 7}\n" for step in range(20_000)))
    (tracked,) = table.runs(path)
    assert tracked.series["loss"][-1] == Point(19_999, 19_999 / 7)
