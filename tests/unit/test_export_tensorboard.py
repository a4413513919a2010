"""A run as a log folder: TensorBoard's own readers find every number, image and code in it."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aecore import data
from aecore.interop.event_file import Picture, Scalar, crc32c, event_file
from aecore.interop.export_tensorboard import tensorboard_folder
from aecore.latent.codes import read_codes
from aecore.runs.run import METRICS, STEPS
from tests.helpers.cli import as_json, run
from tests.helpers.families import untrained
from tests.helpers.runs import forget_sums, made_run

event_accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator", reason="requirements-dev.txt"
)
event_file_loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")

TAGS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
WHOLE = st.integers(-(2**63), 2**63 - 1)
SCALARS = st.builds(Scalar, TAGS, WHOLE, st.floats(0, 4e9), st.floats(width=32))


def read_back(folder):
    """The folder by TensorBoard, every event of it."""
    found = event_accumulator.EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    return found.Reload()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("events")


@given(st.lists(SCALARS, max_size=8), st.binary(max_size=300))
def test_any_event_is_read_as_it_was_written(folder, scalars, png):
    file = folder / "events.out.tfevents.1.x"
    picture = Picture("panel", 3, 2.5, png, 300, 20, 3)
    file.write_bytes(event_file([*scalars, picture], 1.5))
    begin, *events = list(event_file_loader.LegacyEventFileLoader(str(file)).Load())  # it compares the checksums
    assert (begin.file_version, begin.wall_time) == ("brain.Event:2", 1.5)
    for event, scalar in zip(events[:-1], scalars, strict=True):
        (value,) = event.summary.value
        assert (value.tag, event.step, event.wall_time) == (scalar.tag, scalar.step, scalar.wall_s)
        assert np.array_equal(value.simple_value, scalar.value, equal_nan=True)
    image = events[-1].summary.value[0].image
    assert (image.width, image.height, image.colorspace, image.encoded_image_string) == (300, 20, 3, png)


def test_the_checksum_is_that_of_the_standard():
    assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4


def test_every_number_image_and_code_of_a_run(capsys, trained, tmp_path):
    folder = tmp_path / "log"
    lines = [json.loads(line) for line in trained.file(METRICS).read_text().splitlines()]
    lines[1]["test_loss"] = None
    lines[2]["huge"] = 1e300
    forget_sums(trained)
    trained.file(METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    steps = [{"epoch": number / 4, "step": number, "train_loss": 1 / (3 + number)} for number in range(1, 13)]
    trained.file(STEPS).write_text("".join(json.dumps(line) + "\n" for line in steps))
    told = as_json(capsys, "export", trained.id, "--to", "tensorboard", "--output", str(folder))
    found = read_back(folder)
    expected: dict[str, dict[int, np.float32]] = {}
    for kind, entries in (("epoch", lines), ("step", steps)):
        for line in entries:
            for name in line.keys() - {"epoch", "step"}:
                # 1e300 is more than float32 holds, and null was not finite.
                value = {"huge": np.inf}.get(name, np.nan if line[name] is None else line[name])
                expected.setdefault(f"{kind}/{name}", {})[line[kind]] = np.float32(value)
    assert set(found.Tags()["scalars"]) == set(expected)
    apart, numbers = 0.0, 0
    for tag, values in expected.items():
        read = {event.step: event.value for event in found.Scalars(tag)}
        assert read.keys() == values.keys()
        for step, value in values.items():
            assert np.array_equal(read[step], value, equal_nan=True), (tag, step)
            numbers += 1
            apart = max(apart, abs(read[step] - value) if np.isfinite(value) else 0)
    print(f"{numbers} numbers, largest difference {apart}")
    assert told["scalars"] == numbers
    begin = found.Scalars("epoch/lr")[0].wall_time - lines[0]["seconds"]
    assert found.Scalars("epoch/lr")[2].wall_time == pytest.approx(begin + lines[2]["seconds"])
    panel = trained.snapshots()
    images = found.Images("epoch/panel")
    assert [image.step for image in images] == panel["epochs"].tolist()
    pixels = np.asarray(Image.open(io.BytesIO(images[-1].encoded_image_string)))
    assert pixels.shape == (images[-1].height, images[-1].width)
    rows = [panel["clean"], *([panel["noisy"]] if "noisy" in panel else []), panel["reconstructions"][-1]]
    assert np.array_equal(pixels, np.concatenate([np.concatenate([*row[:, 0]], axis=1) for row in rows]))


def test_the_projector_serves_the_codes_with_labels_and_pictures(trained, tmp_path):
    pytest.importorskip("tensorboard.plugins.projector")
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
    from werkzeug.test import Client

    folder = tmp_path / "log"
    tensorboard_folder(trained).write(folder)
    events = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(str(folder)).Reload()
    provider = data_provider.MultiplexerDataProvider(events, str(folder))
    pages = ProjectorPlugin(TBContext(data_provider=provider, logdir=str(folder))).get_plugin_apps()

    def ask(page):
        return Client(pages[page]).get("/", query_string={"run": ".", "name": "codes"})

    codes = read_codes(trained)
    assert codes is not None
    assert codes.codes is not None
    (known,) = ask("/info").get_json()["embeddings"]
    assert known["tensorShape"] == list(codes.codes.shape)
    tensor = np.frombuffer(ask("/tensor").get_data(), np.float32).reshape(codes.codes.shape)
    assert np.array_equal(tensor, codes.codes)
    header, *rows = [line.split("\t") for line in ask("/metadata").get_data(as_text=True).splitlines()]
    assert header == ["class", "image", "squared error"]
    assert [(row[0], int(row[1])) for row in rows] == [
        (str(label), index) for label, index in zip(codes.labels.tolist(), codes.indices.tolist(), strict=True)
    ]
    sheet, images = np.asarray(Image.open(io.BytesIO(ask("/sprite_image").get_data()))), data.load("digits-28").x_test
    side = images.shape[2]
    assert known["sprite"]["singleImageDim"] == [side, side]
    across = sheet.shape[1] // side
    for place in (0, across + 1, len(codes.indices) - 1):
        top, left = side * (place // across), side * (place % across)
        assert np.array_equal(sheet[top : top + side, left : left + side], images[codes.indices[place], 0])


def test_a_run_within_epochs_and_one_without_codes(store, tmp_path):
    found = made_run(store, "mine", [0.5, 1, 1.5, 2])
    steps = [{"epoch": number / 2, "step": 10 * number, "train_loss": 0.1} for number in range(1, 5)]
    found.file(STEPS).write_text("".join(json.dumps(line) + "\n" for line in steps))
    made = tensorboard_folder(found)
    made.write(tmp_path / "log")
    assert [image.step for image in read_back(tmp_path / "log").Images("step/panel")] == [10, 20, 30, 40]
    assert len(made.files) == 1
    assert made.lines == ("10 numbers, 4 images, 0 codes (the run has kept none)",)


def test_a_run_that_has_nothing_of_it_gets_one_line(capsys, store, tmp_path):
    (store.root / "runs").mkdir(parents=True)
    untrained("unet", store.root / "runs" / "mine")
    status, _, err = run(capsys, "export", "mine", "--to", "tensorboard", "--output", str(tmp_path / "log"))
    assert (status, err) == (2, "aecore: run mine has no epochs, no panel and no codes to export\n")
    assert not (tmp_path / "log").exists()


def test_a_zip_where_the_output_ends_so(capsys, store, tmp_path):
    made_run(store, "mine", [1, 2])
    told = as_json(capsys, "export", "mine", "--to", "tensorboard", "--output", str(tmp_path / "log.zip"))
    with zipfile.ZipFile(tmp_path / "log.zip") as archive:
        assert archive.namelist() == [f"log/{name}" for name in told["files"]]
        assert {entry.external_attr >> 16 & 0o777 for entry in archive.infolist()} == {0o644}, "all may read them"
    status, _, err = run(capsys, "export", "mine", "--to", "tensorboard", "--output", str(tmp_path))
    assert status == 2
    assert "is not empty" in err
