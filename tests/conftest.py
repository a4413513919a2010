"""What all tests share: a store and an image cache of their own, and one trained run to look at."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from aecore import data, jobs
from aecore.presets import preset
from aecore.runs.run import Run
from aecore.runs.store import Store
from tests.helpers import old_store as old_store_files
from tests.helpers.forked import processes_forked_from
from tests.helpers.nursery import Nursery
from tests.helpers.paths import GALLERY_RUN

SLOWEST_FIRST = (
    "integration/test_ray.py",
    "browser/test_every_page.py",
    "browser/test_latent.py",
    "integration/test_distributed.py",
    "browser/test_app.py",
    "browser/test_explore.py",
    "browser/test_charts.py",
    "browser/test_measure.py",
    "browser/test_links.py",
    "browser/test_benchmark_lists.py",
    "browser/test_manage.py",
    "browser/test_sweep.py",
    "browser/test_benchmark_app.py",
    "integration/test_faults.py",
    "browser/test_overview.py",
    "browser/test_replay.py",
    "browser/test_train.py",
    "unit/test_remarks.py",
    "integration/test_gallery_build.py",
    "integration/test_cli_sweep.py",
    "integration/test_imports.py",
)
"""The files that take longest: with two processes the last one to end must not be one that began last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: number for number, name in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: rank.get("/".join(item.path.parts[-2:]), len(rank)))


@pytest.fixture(scope="session", autouse=True)
def image_cache(tmp_path_factory: pytest.TempPathFactory):
    """One folder of prepared digits for the whole session; nothing of the user's is touched."""
    with pytest.MonkeyPatch.context() as patch:
        if "AECORE_DATA" in os.environ:
            patch.setenv("AECORE_USER_DATA", os.environ["AECORE_DATA"])
        patch.setenv("AECORE_DATA", str(tmp_path_factory.mktemp("data")))
        data.prepare("digits")
        data.prepare("digits-28")
        yield


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store that everything in the test uses by default."""
    monkeypatch.setenv("AECORE_STORE", str(tmp_path / "store"))
    return Store.default()


@pytest.fixture
def gallery(store: Store) -> Store:
    """The store as a first-time visitor finds it: the shipped run alone."""
    shutil.copytree(GALLERY_RUN, store.root / "gallery" / "mnist-mlp8")
    return store


@pytest.fixture
def old_store(gallery: Store) -> Store:
    """The runs, the sweep, the projections and the trash of an older version, beside the shipped run."""
    old_store_files.copy_into(gallery)
    return gallery


@pytest.fixture(scope="session")
def nursery():
    """The process from which others are forked that would import PyTorch and more for seconds."""
    found = Nursery()
    yield found
    found.close()


@pytest.fixture(scope="module")
def forked_jobs(nursery: Nursery):
    """Jobs and workers are forked; without it they are started as `python -m aecore …`."""
    with processes_forked_from(nursery.address):
        yield


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    experiment = preset("digits-quick").experiment.changed({"training.epochs": 3, "training.batch_size": 256})
    run = jobs.submit(experiment, "cpu", Store(tmp_path_factory.mktemp("trained")))
    assert jobs.work(run) == "finished"
    return run


@pytest.fixture
def trained(_trained: Run, store: Store) -> Run:
    """A finished run of three epochs on the digits, in the test's own store."""
    target = store.root / "runs" / _trained.id
    shutil.copytree(_trained.path, target)
    return Run(target)
