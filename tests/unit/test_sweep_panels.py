"""The images that a sweep keeps: those of each run's panel, and what is made of a file that is not right."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from aecore.errors import DamagedError
from aecore.runs.run import SNAPSHOTS
from aecore.runs.store import Store
from aecore.sweeps import panels
from aecore.sweeps import store as sweep_store
from tests.helpers.sweeps import InProcess, carried, made


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory):
    """A store with a sweep that was carried out, and the sweep's name."""
    store = Store(tmp_path_factory.mktemp("sweep") / "store")
    found = sweep_store.create(made(), store)
    carried(found, store, InProcess())
    return store, found.path.name


@pytest.fixture
def folder(store, carried_out):
    template, name = carried_out
    shutil.copytree(template.root, store.root)
    return sweep_store.find(name, store)


def test_a_sweep_keeps_what_each_run_made_of_the_same_images(store, folder):
    found = panels.read_panels(folder)
    assert found is not None
    finished = [row.run for row in folder.results()]
    assert sorted(found.runs) == sorted(finished)
    assert len(finished) == 8
    for number, name in enumerate(found.runs):
        run = store.find(name)
        own = run.snapshots()
        chosen = [int((own["clean"] == image).all((1, 2, 3)).argmax()) for image in found.clean]
        assert (found.outputs[number] == own["reconstructions"][-1][chosen]).all()
        noisy = run.experiment().corruption.active
        assert (found.inputs[number] == (own["noisy"] if noisy else own["clean"])[chosen]).all()
        assert noisy == bool((found.inputs[number] != found.clean).any())
    # The runs may go: the images stay.
    for name in finished:
        shutil.rmtree(store.root / "runs" / name)
    again = panels.read_panels(folder)
    assert again is not None
    assert (again.outputs == found.outputs).all()


def test_images_of_runs_that_were_deleted_stay_when_the_sweep_goes_on(store, folder):
    before = panels.read_panels(folder)
    assert before is not None
    gone = before.runs[2]
    shutil.rmtree(store.root / "runs" / gone)
    panels.write_panels(folder, sweep_store.runs_of(folder, store))
    after = panels.read_panels(folder)
    assert after is not None
    assert sorted(after.runs) == sorted(before.runs)
    assert (after.outputs[after.runs.index(gone)] == before.outputs[2]).all()


def test_runs_without_a_panel_or_with_other_images_are_left_out(store, folder):
    runs = list(sweep_store.runs_of(folder, store))
    (runs[0].path / SNAPSHOTS).unlink()
    found = panels.collect(runs)
    assert found is not None
    assert set(found.runs) == {run.id for run in runs[1:]}
    assert panels.collect(runs[:1]) is None
    assert panels.collect([]) is None


def test_of_many_runs_no_more_are_kept_than_there_is_room_for(store, folder, monkeypatch):
    monkeypatch.setattr(panels, "MOST_BYTES", 3 * 10 * 64 + 1)
    found = panels.collect(sweep_store.runs_of(folder, store))
    assert found is not None
    assert len(found.runs) == 3


@pytest.mark.parametrize("content", [b"", b"nothing", None])
def test_a_file_that_holds_something_else(store, folder, content):
    import safetensors.numpy

    if content is None:
        arrays = {"clean": np.zeros((1, 1, 2, 2), np.uint8), "inputs": np.zeros((2, 1, 1, 2, 2), np.uint8)}
        content = safetensors.numpy.save(arrays, {"runs": '{"runs": ["a"]}'})
    folder.file(panels.PANELS).write_bytes(content)
    with pytest.raises(DamagedError, match=r"panels\.safetensors cannot be read"):
        panels.read_panels(folder)
    folder.file(panels.PANELS).unlink()
    assert panels.read_panels(folder) is None
