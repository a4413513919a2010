"""How a run comes by its way of computing: tried, chosen, known the next time, kept when it is resumed."""

from __future__ import annotations

import collections
import json

import pytest
import torch

from aecore import jobs
from aecore.models import known_ways
from aecore.models.build import build
from aecore.runs.run import RESUME
from aecore.training import ways
from aecore.training.threads import threads
from aecore.training.ways import Way, choose
from tests.helpers.families import SETTINGS, family
from tests.helpers.training import CONV, CPU, DROPOUT, MLP, VAE, digits, fresh, same, train

KINDS = {"mlp": MLP, "conv": CONV, "dropout": DROPOUT, "vae": VAE}


class Timed:
    """Stands in for steps that were timed: the seconds of each part of a way, multiplied."""

    seconds_of: dict[str, float]
    made: list[Way]

    def __init__(self, experiment, some, size, way):
        self.way, self.network = way, build(experiment.model, (1, 28, 28))
        self.made.append(way)

    def seconds(self) -> float:
        product = 1.0
        for part in (self.way.precision, self.way.linear, self.way.channels, str(self.way.threads)):
            product *= self.seconds_of.get(part, 1.0)
        return product


@pytest.fixture
def timed(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    monkeypatch.setattr(ways, "_Trial", Timed)
    monkeypatch.setattr(known_ways.Others, "share", lambda self: 0.1)
    monkeypatch.setattr(ways, "has_bfloat16", lambda device: True)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(Timed, "made", [], raising=False)
    return lambda **seconds: monkeypatch.setattr(Timed, "seconds_of", {**seconds}, raising=False)


@pytest.mark.parametrize(
    ("seconds", "changes", "expected"),
    [
        ({}, {}, Way()),
        ({"bfloat16": 0.5}, {}, Way("bfloat16")),
        ({"bfloat16": 0.95}, {}, Way()),  # no more than chance
        ({"plain": 0.6}, {}, Way(linear="plain")),
        ({"plain": 0.6, "1": 0.7, "first": 0.5, "bfloat16": 0.8}, {}, Way("bfloat16", "plain", "first", 1)),
        ({"plain": 2.0, "1": 2.0, "first": 2.0, "bfloat16": 2.0}, {}, Way()),
        ({"bfloat16": 0.5, "plain": 0.5}, {"training.deterministic": True}, Way()),
        ({"bfloat16": 0.5}, {"training.precision": "float32"}, Way()),
        ({"bfloat16": 3.0, "plain": 0.5}, {"training.precision": "bfloat16"}, Way("bfloat16", "plain")),
    ],
)
def test_each_part_is_chosen_by_itself(timed, seconds, changes, expected):
    timed(**seconds)
    experiment = VAE.changed(changes)
    choice = choose(experiment, digits().train, 10_000)
    assert choice.way == expected
    assert not choice.known
    if experiment.training.deterministic:
        assert choice.seconds_per_step == {}
    else:
        assert str(expected) in choice.seconds_per_step


def test_only_what_a_network_has_is_tried(timed):
    timed()
    choose(MLP, digits().train, 10_000)
    assert not any(way.channels == "first" for way in Timed.made), "it has no maps"
    Timed.made.clear()
    choose(CONV, digits().train, 10_000)
    assert not any(way.linear == "plain" for way in Timed.made), "it has no linear layers"


def test_a_run_that_is_soon_over_is_not_tried(timed):
    timed(plain=0.1)
    assert choose(MLP.changed({"training.batch_size": 300}), digits().train, 3).way == Way()
    assert len(Timed.made) == 1
    assert known_ways.entries() == {}


def test_what_is_known_is_not_tried_again(timed):
    timed(plain=0.5)
    first = choose(MLP, digits().train, 10_000)
    tried = len(Timed.made)
    again = choose(MLP.changed({"training.seed": 5, "training.epochs": 99, "training.lr": 0.5}), digits().train, 1)
    assert again == ways.Choice(first.way, first.seconds_per_step, known=True)
    assert len(Timed.made) == tried
    choose(MLP.changed({"training.batch_size": 32}), digits().train, 10_000)
    assert len(Timed.made) > tried, "other work"


def test_what_a_busy_processor_has_shown_is_not_kept(timed, monkeypatch):
    timed(plain=0.5)
    monkeypatch.setattr(known_ways.Others, "share", lambda self: 0.95)
    choice = choose(MLP, digits().train, 10_000)
    assert choice.way == Way(linear="plain")
    assert not choice.kept
    assert known_ways.entries() == {}


def test_a_gain_by_chance_is_withdrawn(timed, monkeypatch):
    """A way that seemed fast while other work came and went is held against the first once more."""
    timed(plain=0.5)
    choose_freely = Timed.seconds

    def seconds(self) -> float:
        lucky = len(Timed.made) == 2  # while the second is compared with the first, and not afterwards
        return choose_freely(self) if lucky or self.way.linear == "onednn" else 1.5

    monkeypatch.setattr(Timed, "seconds", seconds)
    assert choose(MLP, digits().train, 10_000).way == Way()


def test_slow_steps_are_compared_several_times_where_the_run_is_long(timed, monkeypatch):
    timed(plain=0.9)
    counted = []
    monkeypatch.setattr(Timed, "seconds", lambda self: counted.append(self.way) or 1.0)
    monkeypatch.setattr("time.perf_counter", iter(range(10_000)).__next__)
    choose(MLP, digits().train, 10_000)
    assert counted.count(Way(linear="plain")) == ways.ROUNDS
    counted.clear()
    monkeypatch.setattr(Timed, "seconds", lambda self: counted.append(self.way) or 0.1)
    choose(MLP.changed({"training.batch_size": 32}), digits().train, 40)
    assert 1 <= counted.count(Way(linear="plain")) < ways.ROUNDS, "a short run has no time for that"


def test_what_other_programs_use_is_counted_without_our_own(monkeypatch):
    times = collections.namedtuple("times", "user system idle")
    passed = iter([(0.0, 5.0, times(100.0, 10.0, 50.0)), (10.0, 13.0, times(112.0, 11.0, 57.0))])
    wall, own, all_of_it = next(passed)
    monkeypatch.setattr("time.perf_counter", lambda: wall)
    monkeypatch.setattr("time.process_time", lambda: own)
    monkeypatch.setattr("psutil.cpu_times", lambda: all_of_it)
    monkeypatch.setattr("psutil.cpu_count", lambda: 2)
    others = known_ways.Others()
    wall, own, all_of_it = next(passed)
    assert others.share() == pytest.approx((13 - 8) / 20)


@pytest.mark.parametrize("limit", ["threads", "torch", "ONEDNN_MAX_CPU_ISA"])
def test_another_machine_is_tried_anew(timed, limit, monkeypatch):
    timed(plain=0.5)
    choose(MLP, digits().train, 10_000)
    if limit == "threads":
        monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    elif limit == "torch":
        monkeypatch.setattr(torch, "__version__", "9.0.0")
    else:
        monkeypatch.setenv(limit, "AVX2")
    tried = len(Timed.made)
    assert not choose(MLP, digits().train, 10_000).known
    assert len(Timed.made) > tried


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"format": 1, "ways": {"KEY": {"way": {}, "seconds": {"a": "fast"}}}}',
     '{"format": 2, "ways": {}}', '{"format": 1, "ways": []}', '{"format": 1, "ways": {"KEY": 3}}',
     '{"format": 1, "ways": {"KEY": {"way": {"precision": "float8"}, "seconds": {}}}}',
     '{"format": 1, "ways": {"KEY": {"way": {"precision": "float32", "linear": "plain", "channels": "last", '
     '"threads": -1}, "seconds": {}}}}'],
)  # fmt: skip
def test_a_cache_that_holds_nonsense_is_tried_over(timed, text):
    timed(plain=0.5)
    images = digits().train
    known_ways.path().write_text(text.replace("KEY", ways.key_of(MLP, images, 64)))
    assert choose(MLP, images, 10_000).way == Way(linear="plain")
    assert choose(MLP, images, 10_000).known


def test_the_cache_stays_small(timed, monkeypatch):
    timed()
    monkeypatch.setattr(known_ways, "MOST", 3)
    for number in range(5):
        known_ways.keep(f"{number}", {"way": Way()._asdict(), "seconds": {}})
    assert list(known_ways.entries()) == ["2", "3", "4"]


def test_where_nothing_can_be_written_a_run_goes_on(timed, monkeypatch, tmp_path):
    timed(plain=0.5)
    images = digits().train
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "file"))
    assert choose(MLP, images, 10_000).way == Way(linear="plain")


@pytest.mark.parametrize("way", [Way(linear="plain"), Way(channels="first"), Way(threads=1), Way("bfloat16", "plain")])
@pytest.mark.parametrize("kind", KINDS)
def test_every_way_learns_the_same(kind, way):
    images, experiment = digits(), KINDS[kind].changed({"training.lr": 3e-3})
    expected = [epoch.train_loss for epoch in train(experiment, fresh(experiment, images), images).epochs]
    state = fresh(experiment, images)
    way.arrange(state)
    with threads(way.threads):
        found = [epoch.train_loss for epoch in train(experiment, state, images, precision=way.precision).epochs]
    other_masks = kind == "dropout" and way.channels == "first"  # which are drawn in the order of the memory
    assert found == pytest.approx(expected, rel=0.03 if way.precision == "bfloat16" or other_masks else 2e-3)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_kind_of_network_computes_the_same_in_every_way(name):
    """But for single places of a quantised code, which rounding may move to the next level."""
    experiment, images = family(name), digits()
    model = fresh(experiment, images).model.eval()
    clean = model.from_bytes(images.test)
    with torch.no_grad():
        expected = model(clean)
        for way in (Way(linear="plain"), Way(channels="first"), Way(linear="plain", channels="first")):
            model.arrange(plain_linear=way.linear == "plain", channels_last=way.channels == "last")
            apart = (model(clean) - expected).abs() > 1e-5 + 1e-4 * expected.abs()
            assert apart.float().mean() < (0.01 if experiment.model.quantised else 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_trying_leaves_no_trace(kind, monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    monkeypatch.setattr(ways, "WORTH_S", 0)
    monkeypatch.setattr(ways, "LEAST_S", 0)
    monkeypatch.setattr(ways, "SHARE", 1e9)
    images, experiment = digits(), KINDS[kind]
    state = fresh(experiment, images)
    train(experiment, state, images, 1)
    weights, drawn = {k: v.clone() for k, v in state.model.state_dict().items()}, torch.get_rng_state()
    stored, count = images.train.clone(), torch.get_num_threads()
    choice = choose(experiment, images.train, 4)
    assert len(choice.seconds_per_step) >= 1
    assert same(weights, state.model.state_dict())
    assert torch.equal(drawn, torch.get_rng_state())
    assert torch.equal(stored, images.train)
    assert torch.get_num_threads() == count


def test_a_run_records_its_way(store, monkeypatch):
    way = Way("float32", "plain", "first", 1)
    monkeypatch.setattr("aecore.training.run.choose", lambda *_, **__: ways.Choice(way, {str(way): 0.001}))
    little = {"training.epochs": 2, "data.train_images": 200, "evaluation.corruptions": []}
    run = jobs.submit(MLP.changed(little), "cpu", store)
    assert jobs.work(run) == "finished"
    recorded = run.status()["way"]
    assert recorded.pop("subnormals") in ("zero", "kept"), "which, depends on threads that other tests have started"
    assert recorded == {"precision": "float32", "linear": "plain", "channels": "first", "threads": 1}
    assert run.status()["precision"] == "float32"
    assert run.status()["tried_s"] == {str(way): 0.001}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"precision": "bfloat16"}, Way("bfloat16", subnormals="kept")),  # before ways were recorded
        ({"precision": "float32", "way": Way(linear="plain")._asdict()}, Way(linear="plain")),
        ({}, None),
        ({"way": {"precision": "float32"}}, None),
        ({"precision": ["float32"]}, None),
    ],
)
def test_a_recorded_way_is_read(status, expected, store):
    from aecore.training.run import _recorded_way

    run = store.create(MLP)
    run.write_status(state="stopped", **status)
    assert _recorded_way(run) is None, "it begins anew"
    run.file(RESUME).write_bytes(b"")
    assert _recorded_way(run) == expected


def test_a_way_survives_json():
    way = Way("bfloat16", "plain", "first", 3)
    assert Way.read(json.loads(json.dumps(way._asdict()))) == way
    assert str(way) == "bfloat16, plain linear layers, channels first, 3 threads"
    assert str(Way(threads=1)) == "float32, oneDNN, channels last, 1 thread"
    older = {key: value for key, value in way._asdict().items() if key != "subnormals"}
    assert Way.read(older) == way._replace(subnormals="kept")
    assert Way.known(older) == way
    assert str(Way.read(older)).endswith("3 threads, subnormal numbers kept")


def test_the_device_is_part_of_the_machine():
    assert known_ways.machine(CPU)["device"]
    assert known_ways.machine(CPU)["threads"] == torch.get_num_threads()
