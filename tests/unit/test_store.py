import contextlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.errors import AecoreError, DamagedError, UserError
from aecore.files import atomic_write
from aecore.presets import preset
from aecore.runs.run import Run
from aecore.runs.summary import summarise

EXPERIMENT = preset("digits-quick").experiment


def test_a_run_is_found_by_id_prefix_and_path(store):
    run = store.create(EXPERIMENT)
    assert store.find(run.id) == run
    assert store.find(run.id[:-3]) == run
    assert store.find(str(run.path)).path == run.path
    second = store.create(EXPERIMENT)
    assert second.id != run.id
    with pytest.raises(UserError, match="matches 2 runs"):
        store.find("digits-quick")


@pytest.mark.parametrize("reference", ["../../etc", "..", "/etc", "", "nothing", ".", "runs/../../.."])
def test_a_reference_to_no_run_is_one_line(store, reference):
    store.create(EXPERIMENT)
    store.create(EXPERIMENT)
    with pytest.raises(UserError) as caught:
        store.find(reference)
    assert "\n" not in str(caught.value)
    assert store.listed(reference) is None


def test_a_missing_store_has_no_runs(store):
    assert store.runs() == []


FILES = [
    "experiment.json",
    "status.json",
    "metrics.jsonl",
    "evaluation.json",
    "snapshots.safetensors",
    "weights.safetensors",
]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "garbage"])
def test_a_damaged_file_never_hides_other_runs(store, trained, name, damage):
    healthy = store.create(EXPERIMENT)
    healthy.write_status(state="stopped")
    path = trained.file(name)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "garbage": b"\xff{]" * 9}[damage])
    rows = {row.id: row for row in map(summarise, store.runs())}
    assert rows[healthy.id].state == "stopped"
    broken = rows[trained.id]
    if name in ("experiment.json", "status.json"):
        assert broken.state == "damaged"
        assert name in broken.problem
        assert "\n" not in broken.problem
    for read in (trained.snapshots, trained.evaluation, trained.metrics, trained.experiment, trained.status):
        with contextlib.suppress(DamagedError):  # and nothing else
            read()


@pytest.mark.parametrize("entry", [1, {}, {"corruption": "none", "n": 1, "metrics": {"mse": 1}, "noisy_input": {}}])
def test_an_evaluation_of_another_shape_is_dropped_and_named_and_the_others_stand(store, trained, entry):
    whole = list(trained.evaluation())
    trained.write_json("evaluation.json", {"evaluations": [entry, *whole]})
    assert trained.evaluation() == whole
    assert summarise(trained).problem == "evaluation.json is damaged: entry 1"
    trained.write_json("evaluation.json", {"evaluations": entry})
    with pytest.raises(DamagedError, match="not hold a list of evaluations"):
        trained.evaluation()


def test_a_stray_directory_is_listed_as_damaged(store):
    (store.root / "runs" / "stray").mkdir(parents=True)
    assert [summarise(run).state for run in store.runs()] == ["damaged"]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.integers(0, 40))
def test_readers_of_metrics_skip_a_torn_line_and_keep_the_later_of_two(tmp_path_factory, epochs, cut):
    run = Run(tmp_path_factory.mktemp("run"))
    for i, epoch in enumerate(epochs):
        run.append("metrics.jsonl", {"epoch": epoch, "train_loss": float(i)})
    whole = run.metrics()
    assert [entry["epoch"] for entry in whole] == sorted(set(epochs))
    assert {e["epoch"]: e["train_loss"] for e in whole} == {e: float(i) for i, e in enumerate(epochs)}
    path = run.file("metrics.jsonl")
    content = path.read_bytes()
    path.write_bytes(content + b'{"epoch": 99, "train_loss": 0.12345}'[:cut])
    assert run.metrics() == whole, "a torn line is no epoch"
    run.append("metrics.jsonl", {"epoch": 77, "train_loss": 1.0})
    assert run.metrics()[-1]["epoch"] in (77, 99)
    assert 77 in {entry["epoch"] for entry in run.metrics()}, "what is written after a torn line is not lost"


@given(st.lists(st.integers(1, 40), min_size=1, max_size=20), st.integers(0, 30))
def test_lines_within_epochs_are_sorted_and_the_later_of_two_counts(tmp_path_factory, numbers, cut):
    run = Run(tmp_path_factory.mktemp("run"))
    assert run.lines("steps.jsonl") == []
    for i, number in enumerate(numbers):
        run.append("steps.jsonl", {"epoch": number * 100 / 2813, "step": number * 100, "train_loss": float(i)})
    lines = run.lines("steps.jsonl")
    assert [line["step"] for line in lines] == sorted({100 * number for number in numbers})
    assert {line["step"]: line["train_loss"] for line in lines} == {100 * n: float(i) for i, n in enumerate(numbers)}
    path = run.file("steps.jsonl")
    path.write_bytes(path.read_bytes() + b'{"epoch": 99.5, "step": 1}'[:cut])
    assert run.lines("steps.jsonl") == lines
    run.append("steps.jsonl", {"epoch": 77.5, "step": 2})
    assert 77.5 in [line["epoch"] for line in run.lines("steps.jsonl")], "what follows a torn line is not lost"
    assert run.file("steps.jsonl").read_bytes().endswith(b"\n")


def test_a_number_that_json_does_not_know_is_not_written(store):
    run = store.create(EXPERIMENT)
    with pytest.raises(ValueError, match="JSON"):
        run.append("steps.jsonl", {"epoch": 1, "train_loss": float("nan")})
    assert run.lines("steps.jsonl") == []


@pytest.mark.parametrize("name", ["snapshots.safetensors", "figures.safetensors"])
def test_arrays_that_are_missing_or_torn_are_one_line(store, name):
    run = store.create(EXPERIMENT)
    for content, words in ((None, "has no"), (b"", "cannot be read"), (b"\xff" * 99, "cannot be read")):
        if content is not None:
            run.file(name).write_bytes(content)
        with pytest.raises(DamagedError, match=words) as caught:
            run.tensors(name)
        assert name in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1


def test_metrics_are_read_on_from_a_cursor(store):
    run = store.create(EXPERIMENT)
    assert run.metrics_since(0) == ([], 0)
    run.append("metrics.jsonl", {"epoch": 1})
    first, offset = run.metrics_since(0)
    run.append("metrics.jsonl", {"epoch": 2})
    second, _ = run.metrics_since(offset)
    assert [entry["epoch"] for entry in first + second] == [1, 2]


def test_a_file_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "file"
    atomic_write(path, b"first")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic_write(path, b"second")
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["file"], "nothing is left lying about"


def test_a_full_disk_while_creating_is_one_line(store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aecore.runs.sums.atomic_write", full)
    with pytest.raises(AecoreError, match="the disk is full"):
        store.create(EXPERIMENT)
