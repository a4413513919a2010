"""Sweeps as data: what they expand to, and what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.errors import UserError
from aecore.sweeps import runner
from aecore.sweeps.definition import Range, Sweep
from tests.helpers.sweeps import made


def test_a_grid_is_every_combination_with_every_seed():
    sweep = made()
    assert [(p.values["model.bottleneck.size"], p.values["corruption"], p.seed) for p in sweep.points()] == [
        (size, noise, seed) for size in (2, 4) for noise in ("none", "gaussian:0.3") for seed in (0, 1)
    ]
    experiment = sweep.experiment_of(sweep.points()[-1], "sizes-1")
    assert experiment.model.bottleneck.size == 4
    assert experiment.training.seed == 1
    assert experiment.training.epochs == 1
    assert experiment.sweep == "sizes-1"
    assert experiment.name == "Sizes: size 4, corruption gaussian:0.3, seed 1"
    assert sweep.point_of(experiment) == sweep.points()[-1]
    assert Sweep.parse(json.loads(json.dumps(sweep.as_json()))) == sweep


@given(st.integers(1, 60), st.integers(1, 60), st.booleans(), st.booleans())
def test_a_longer_random_sweep_begins_as_the_shorter_one_did(first, second, log, whole):
    vary = {"training.lr": Range(low=1e-4, high=1e-1, log=log), "model.bottleneck.size": [2, 4, 8]}
    vary["training.batch_size"] = Range(low=16, high=512, log=log, whole=True)
    short, long = (
        list(made(vary=vary, method="random", trials=count).each_combination()) for count in sorted((first, second))
    )
    assert long[: len(short)] == short
    assert all(1e-4 <= values["training.lr"] <= 1e-1 for values in long)
    assert all(16 <= values["training.batch_size"] <= 512 for values in long)
    assert all(isinstance(values["training.batch_size"], int) for values in long)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"base": "mnist-mlp"}, "unknown preset 'mnist-mlp': did you mean 'mnist-mlp8'"),
        ({"base": ""}, "base: name a preset or an experiment file"),
        (
            {"vary": {"bottleneck.size": [2]}},
            "unknown setting 'bottleneck.size': did you mean 'model.bottleneck.size'?",
        ),
        ({"vary": {}}, "vary: "),
        ({"vary": {"model.bottleneck.size": []}}, "vary.model.bottleneck.size"),
        ({"vary": {"model.bottleneck.size": [2, 0]}}, "model.bottleneck.size: should be greater than or equal to 1"),
        ({"vary": {"corruption": ["none", "gauss:1"]}}, "unknown noise 'gauss'"),
        ({"vary": {"model.bottleneck.size": [2, 2]}}, "model.bottleneck.size: 2 is listed twice"),
        ({"vary": {"training.seed": [1, 2]}}, "training.seed cannot vary: set seeds instead"),
        ({"vary": {"training.lr": {"low": 1, "high": 0.1}}, "method": "random"}, "goes from a low to a higher number"),
        ({"vary": {"training.lr": {"low": 0, "high": 1, "log": True}}, "method": "random"}, "begins above 0"),
        ({"vary": {"training.lr": {"low": 0.1, "high": 1}}}, "a grid takes lists; training.lr is a range"),
        ({"vary": {"training.seed": 3}}, "vary.training.seed"),
        ({"seeds": [1, 1]}, "a seed is listed twice"),
        ({"seeds": [-1]}, "seeds.0"),
        ({"seeds": 1000, "vary": {"model.bottleneck.size": list(range(1, 12))}}, "these are 11,000 runs"),
        ({"goal": "mes"}, "unknown goal 'mes': did you mean 'mse'?"),
        ({"method": "gird"}, "method: unknown value 'gird': did you mean 'grid'?"),
        ({"set": {"training.epoch": 1}}, "unknown setting 'training.epoch': did you mean 'training.epochs'?"),
        ({"sedes": 2}, "unknown setting 'sedes': did you mean 'seeds'?"),
        ({"vary": [1]}, "vary: should be a table of settings"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(changes, told):
    with pytest.raises(UserError) as caught:
        made(**changes)
    assert told in str(caught.value)


def test_values_that_no_run_can_have_are_told_before_anything_is_made(store):
    sweep = made(vary={"model.bottleneck.size": [2], "training.batch_size": [16, 33]}, set={"model.norm": "batch"})
    runner.check(sweep, "cpu")
    with pytest.raises(UserError, match="the run with name mnist9: "):
        runner.check(made(vary={"data.name": ["digits", "mnist9"]}), "cpu")
    with pytest.raises(UserError, match="there is no device 'cuda:77'"):
        runner.check(sweep, "cuda:77")


def test_a_file_may_stand_for_the_base_and_dotted_keys_may_be_tables(tmp_path):
    (tmp_path / "base.toml").write_text("[training]\nepochs = 3\n[data]\nname = 'digits'\n")
    (tmp_path / "sweep.toml").write_text(
        "name = 'Own'\nbase = 'base.toml'\n[vary]\ntraining.lr = [1e-3, 1e-2]\n'model.dense' = [[64], [64, 32]]\n"
    )
    sweep = Sweep.load(tmp_path / "sweep.toml")
    assert sweep.experiment.training.epochs == 3
    assert [p.values for p in sweep.points()][1] == {"training.lr": 1e-3, "model.dense": [64, 32]}
    with pytest.raises(UserError, match="there is no file"):
        Sweep.parse({"name": "x", "base": "missing.toml", "vary": {"training.lr": [1]}}, tmp_path)
