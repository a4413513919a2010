"""The example notebook runs from training to figure, and its two forms are one."""

import importlib.util
import json
import os
import runpy
import subprocess
import sys

import pytest

from tests.helpers.paths import GALLERY_RUN, ROOT
from tools.make_notebook import written

SCRIPT = ROOT / "examples" / "notebook.py"
OWN_LOOP = ROOT / "examples" / "own_loop.py"


def test_the_notebook_is_the_script():
    assert (ROOT / "examples" / "notebook.ipynb").read_text() == written(SCRIPT), "run python -m tools.make_notebook"
    cells = json.loads(written(SCRIPT))["cells"]
    assert {cell["cell_type"] for cell in cells} == {"code", "markdown"}
    for cell in cells:
        if cell["cell_type"] == "code":
            compile("".join(cell["source"]), "cell", "exec")


def test_the_script_trains_measures_and_draws(store, capsys):
    for name in ("mnist-selu-2", "mnist-selu-6"):
        (store.root / "gallery").mkdir(parents=True, exist_ok=True)
        (store.root / "gallery" / name).symlink_to(GALLERY_RUN.with_name(name))
    made = runpy.run_path(str(SCRIPT))
    run = made["run"]
    first, last = run.metrics()[0], run.metrics()[-1]
    assert last["test_loss"] < first["test_loss"], "it learnt something"
    assert len(made["loss"].data[0].x) == made["experiment"].training.epochs
    assert sum(len(trace.x) for trace in made["codes"].data) == 200
    assert len(made["units"].data) == 4
    assert len(made["compared"].data) == 2
    noisy = next(entry for entry in run.evaluation() if entry["corruption"] == "gaussian:0.2")
    assert f"MSE {noisy['metrics']['mse']:.5f}" in capsys.readouterr().out
    with pytest.raises(AttributeError):
        _ = made["aecore"].nonsense


@pytest.mark.proof  # in short: tests/integration/test_recording.py
def test_the_loop_of_ones_own_is_recorded_and_measured(store, capsys):
    made = runpy.run_path(str(OWN_LOOP))
    run = made["run"].run
    first, last = run.metrics()[0], run.metrics()[-1]
    assert (first["epoch"], last["epoch"], run.status()["epochs"]) == (1, 15, 15)
    measured = run.evaluation()[0]["metrics"]["mse"]
    assert measured == pytest.approx(last["test_loss"], rel=1e-4), "ours is the loop's own"
    assert f"test MSE {measured:.4f}" in capsys.readouterr().out


@pytest.mark.proof  # in short: tests/integration/test_frameworks.py
@pytest.mark.parametrize("framework", ["lightning", "keras"])
def test_a_loop_of_a_framework_is_recorded_and_its_network_kept(store, framework):
    if importlib.util.find_spec(framework) is None:
        pytest.skip("requirements-frameworks.txt")
    command = [sys.executable, str(ROOT / "examples" / f"{framework}_loop.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=store.root.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (run,) = store.runs()
    lines, status = run.metrics(), run.status()
    assert lines[-1]["train_loss"] < lines[0]["train_loss"] / 2
    assert (status["state"], status["recorded"]["network"]) == ("finished", "onnx")
    assert f"{run.id}: test MSE {run.evaluation()[0]['metrics']['mse']:.4f}" in done.stdout
