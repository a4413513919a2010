"""The command line on finished runs: evaluate, project, results."""

import json
from dataclasses import replace

import pytest

from aecore.latent.projection_store import read_projection
from aecore.metrics.classical import METHODS
from aecore.presets import preset
from tests.helpers.cli import run


@pytest.fixture
def quick_classical(monkeypatch):
    for name, method in METHODS.items():
        monkeypatch.setitem(METHODS, name, replace(method, strengths=(0.1, 0.2)))


def test_evaluating_beside_the_classical_denoisers(capsys, trained, quick_classical):
    command = ("evaluate", trained.id, "--corruption", "gaussian:0.2", "--corruption", "none", "--classical")
    status, out, err = run(capsys, *command, "--device", "cpu", "--json")
    assert status == 0
    noisy, clean = json.loads(out)
    assert noisy["metrics"] == pytest.approx(trained.evaluation()[1]["metrics"], abs=1e-6)
    assert set(noisy["classical"]) == set(METHODS)
    assert "classical" not in clean, "without damage there is nothing to repair"
    for found in noisy["classical"].values():
        assert found["strength"] in (0.1, 0.2)
        assert found["metrics"]["mse"] < noisy["noisy_input"]["mse"]
    assert "comparing" in err

    status, out, _ = run(capsys, "evaluate", trained.id, "--classical", "--device", "cpu")
    assert status == 0
    lines = [line.split() for line in out.splitlines()]
    assert [line[0] for line in lines if line and line[0].rstrip(",") in METHODS] == ["tv,", "nlm,", "wavelet,"]
    assert "297 test images" in out


def test_holes_are_told_and_so_is_what_no_method_is_for(capsys, trained, quick_classical):
    command = ("evaluate", trained.id, "--corruption", "square:10", "--classical", "--device", "cpu")
    status, out, _ = run(capsys, *command)
    assert status == 0
    assert "biharmonic, 297 images" in out
    assert [line.split("in the hole: ")[1].split()[0] for line in out.splitlines() if "in the hole" in line] == [
        "output",
        "corrupted",
        "biharmonic,",
    ]
    status, out, _ = run(capsys, *command, "--json")
    told = json.loads(out)
    assert told["inside_hole"]["metrics"]["mse"] > told["metrics"]["mse"]
    assert told["classical"]["biharmonic"]["inside_hole"]["mse"] < told["inside_hole"]["noisy_input"]["mse"]

    status, out, err = run(capsys, *command[:3], "downscale:4", *command[4:])
    assert status == 0
    assert "corrupted input (bicubic)" in out
    assert "downscale:4: no other method without a network" in err


@pytest.mark.parametrize(
    ("method", "dims", "more"),
    [("pca", 2, ()), ("units", 3, ()), ("tsne", 2, ("--perplexity", "15", "--iterations", "20", "--seed", "3"))],
)
def test_projecting_codes_keeps_them_in_the_run(capsys, trained, method, dims, more):
    command = ("project", trained.id, "--method", method, "--dims", str(dims), "--points", "60", *more)
    status, out, _ = run(capsys, *command, "--device", "cpu", "--json")
    assert status == 0
    told = json.loads(out)
    assert (told["run"], told["method"], told["dims"], told["points"]) == (trained.id, method, dims, 60)
    found = read_projection(trained, method, dims)
    assert found is not None
    assert found.quality == told["quality"]
    assert found.parameters == told["parameters"]
    assert ("perplexity" in told["parameters"]) == (method == "tsne")
    status, out, _ = run(capsys, *command, "--device", "cpu")
    assert status == 0
    assert f"{told['quality']['trustworthiness']:.4f}" in out


def test_results_are_read_from_the_shipped_runs(capsys, gallery):
    status, out, _ = run(capsys, "results", "mnist-mlp8", "--json")
    assert status == 0
    found = json.loads(out)
    assert len(found) == len(preset("mnist-mlp8").claims)
    parameters = next(entry for entry in found if entry["claim"]["metric"] == "parameters")
    assert (parameters["measured"], parameters["word"]) == (622_504, "reproduced")

    status, out, _ = run(capsys, "results", "mnist-mlp8", "--markdown")
    assert status == 0
    assert "| 000 | `mnist-mlp8` | parameters | 622,504 | 622,504 |  | reproduced |" in out
    assert {line.count("|") for line in out.strip().splitlines()} == {8}

    status, out, _ = run(capsys, "results")
    assert status == 0
    assert "not measured" in out, "the other runs are not there"
    assert "reproduced" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["results", "mnist-mpl8"], "did you mean 'mnist-mlp8'"),
        (["gallery", "nothing"], "unknown preset 'nothing'"),
        (["project", "nothing"], "there is no run 'nothing'"),
        (["evaluate", "nothing"], "there is no run 'nothing'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(capsys, store, arguments, words):
    check(run(capsys, *arguments), words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["project", "RUN", "--method", "tnse"], "did you mean 'tsne'"),
        (["project", "RUN", "--method", "pca", "--dims", "4"], "2 or 3 dimensions, not 4"),
        (["project", "RUN", "--points", "60"], "needs more than 91 points"),
        (["project", "RUN", "--points", "5"], "a projection needs more than 20 points, not 5"),
        (["evaluate", "RUN", "--corruption", "square:2+rows:3"], "two occlusions"),
        (["evaluate", "RUN", "--corruption", "gausian:1"], "did you mean 'gaussian'"),
        (["evaluate", "RUN", "--device", "tpu"], "unknown device"),
    ],
)
def test_so_is_one_about_a_run_that_is_there(capsys, trained, arguments, words):
    check(run(capsys, *(trained.id if argument == "RUN" else argument for argument in arguments)), words)
    assert not trained.file("projections").exists()


def check(told, words):
    status, out, err = told
    assert status == 2
    assert out == ""
    assert words in err
    mistakes = [line for line in err.splitlines() if line.startswith("aecore: ")]
    assert mistakes == err.splitlines()[-1:]
