"""Making a projection in a process of its own: finished, stopped, killed, and without torch."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest

from aecore.errors import UserError
from aecore.jobs import projection as projection_job
from aecore.jobs import projection_progress
from aecore.latent.projection_store import read_projection
from aecore.latent.request import ProjectionRequest
from aecore.runs.process import is_alive
from aecore.runs.run import Run
from tests.helpers.paths import GALLERY_RUN, ROOT
from tests.helpers.processes import wait_for


@pytest.fixture
def shipped(store) -> Run:
    shutil.copytree(GALLERY_RUN, store.root / "gallery" / "mnist-mlp8")
    return Run(store.root / "gallery" / "mnist-mlp8")


LONG = ProjectionRequest("tsne", 2, 250, 20, 10_000)


def test_a_job_works_on_its_own_and_leaves_a_projection(trained):
    """The one that is not forked: from the command that starts it to what it leaves."""
    projection_job.start(trained, ProjectionRequest("tsne", 3, 250, 20, 500))

    def over() -> bool:
        now = projection_job.read_progress(trained)
        assert now is None or now.state == "running", now.error
        return now is None

    wait_for(over, 120)
    made = read_projection(trained, "tsne", 3)
    assert made is not None
    assert made.parameters["perplexity"] == 20
    assert made.quality["trustworthiness"] > 0.9
    assert not projection_progress.progress_file(trained).exists()


def test_one_at_a_time_and_stop_leaves_what_was_there(trained, forked_jobs):
    before = projection_job.work(trained, ProjectionRequest("tsne", 2, 250, 20, 20))
    projection_job.start(trained, LONG)
    with pytest.raises(UserError, match="is already running"):
        projection_job.start(trained, LONG)
    running = wait_for(lambda: (now := projection_job.read_progress(trained)) and now.done > 0 and now)
    with pytest.raises(UserError, match="is already running"):
        projection_job.work(trained, LONG)
    projection_job.stop(trained)
    assert projection_job.read_progress(trained) is None
    assert not is_alive(running.process)
    after = read_projection(trained, "tsne", 2)
    assert after is not None
    assert after.parameters == before.parameters
    projection_job.stop(trained)  # once more does no harm


def test_a_killed_job_is_told_as_interrupted(trained, forked_jobs):
    projection_job.start(trained, LONG)
    running = wait_for(lambda: (now := projection_job.read_progress(trained)) and now.done > 0 and now)
    os.kill(running.process["pid"], signal.SIGKILL)
    wait_for(lambda: (now := projection_job.read_progress(trained)) and now.state == "interrupted")
    made = projection_job.work(trained, ProjectionRequest("pca", 2, 200))  # its lock went with it
    assert len(made.labels) == 200
    assert projection_job.read_progress(trained) is None


def test_kept_codes_serve_without_torch_and_images(shipped, monkeypatch):
    code = f"""
import sys
from aecore.jobs.projection import work
from aecore.latent.request import ProjectionRequest
from aecore.runs.run import Run
from pathlib import Path
work(Run(Path({str(shipped.path)!r})), ProjectionRequest("pca", 2, 500))
sys.exit("torch" in sys.modules)
"""
    environment = os.environ | {"AECORE_DATA": "/nowhere"}
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, env=environment).returncode == 0
