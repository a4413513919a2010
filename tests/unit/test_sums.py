"""A byte of a run that changed on the disk is noticed before it becomes a number."""

from __future__ import annotations

import hashlib
import json

import pytest

from aecore import jobs
from aecore.errors import DamagedError
from aecore.inference import load_model
from aecore.presets import preset
from aecore.runs import archive, sums
from aecore.runs.store import Run, Store
from aecore.runs.summary import summarise
from tests.helpers import cli
from tests.helpers.runs import forget_sums


def flip(run: Run, name: str, at: int = -20) -> None:
    data = bytearray(run.file(name).read_bytes())
    data[at] ^= 4
    run.file(name).write_bytes(bytes(data))


def test_the_sums_are_those_of_the_files(trained):
    files = json.loads(trained.file(sums.SUMS).read_text())["files"]
    assert {"experiment.json", "weights.safetensors", "snapshots.safetensors", "evaluation.json", "codes.safetensors",
            "metrics.jsonl", "layers.jsonl"} == set(files)  # fmt: skip
    for name, (entry,) in files.items():
        content = trained.file(name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("weights.safetensors", load_model),
        ("snapshots.safetensors", Run.snapshots),
        ("evaluation.json", Run.evaluation),
        ("metrics.jsonl", Run.metrics),
        ("experiment.json", Run.experiment),
    ],
)
def test_a_flipped_bit_is_never_a_number(trained, name, read):
    read(trained)
    flip(trained, name)
    with pytest.raises(DamagedError, match=f"{name} is damaged: it has changed since it was written"):
        read(trained)
    sums.record(trained.path)
    if not name.endswith(".json"):  # accepted as it is; a table may no longer be one
        read(trained)


def test_a_resumed_run_does_not_go_on_from_a_changed_state(store):
    experiment = preset("digits-quick").experiment.changed({"training.epochs": 5, "training.batch_size": 500})
    run = jobs.submit(experiment, "cpu")
    jobs.work(run, stop=lambda: len(run.metrics()) >= 2)
    flip(run, "resume.safetensors")
    jobs.requeue(run)
    with pytest.raises(DamagedError, match=r"resume\.safetensors is damaged"):
        jobs.work(run)


def test_a_crash_between_a_file_and_its_sum_is_no_damage(trained, monkeypatch):
    real = sums.atomic_write
    before = trained.evaluation()
    for survivors in (1, 2):  # the sums alone, then the file too, but not the last sums
        left = [survivors]

        def crash(path, content, left=left):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            real(path, content)

        monkeypatch.setattr(sums, "atomic_write", crash)
        with pytest.raises(KeyboardInterrupt):
            trained.write_json("evaluation.json", {"evaluations": before[: 2 - survivors]})
        monkeypatch.setattr(sums, "atomic_write", real)
        assert trained.evaluation() == (before if survivors == 1 else [])


def test_lines_that_are_added_leave_the_sum_of_those_before(trained):
    trained.append("metrics.jsonl", {"epoch": 4, "train_loss": 0.5})
    assert sums.find(trained.path, "metrics.jsonl") == "verified"
    flip(trained, "metrics.jsonl", at=30)
    assert sums.find(trained.path, "metrics.jsonl") == "changed"


def test_a_run_of_an_older_version_is_read_and_said_to_be_unverified(trained, capsys):
    forget_sums(trained)
    flip(trained, "metrics.jsonl", at=-3)
    trained.metrics()
    status, out, _ = cli.run(capsys, "verify", trained.id)
    assert status == 0
    assert "not verified" in out


def test_sums_that_cannot_be_read_make_every_file_doubtful(trained):
    trained.file(sums.SUMS).write_text("{")
    with pytest.raises(DamagedError, match=r"experiment\.json is damaged"):
        trained.experiment()
    assert summarise(trained).state == "damaged"


def test_verify_names_what_changed_and_accepts_it(trained, capsys):
    assert cli.run(capsys, "verify", "--all")[0] == 0
    flip(trained, "weights.safetensors")
    trained.file("codes.safetensors").unlink()
    status, out, _ = cli.run(capsys, "verify", trained.id)
    assert status == 1
    assert "changed: weights.safetensors; missing: codes.safetensors" in out
    assert (
        json.loads(cli.run(capsys, "verify", trained.id, "--json")[1])[trained.id]["weights.safetensors"] == "changed"
    )
    assert cli.run(capsys, "verify", trained.id, "--accept")[0] == 0
    load_model(trained)
    assert cli.run(capsys, "verify")[0] == 2


def test_a_zip_takes_its_sums_along(trained, tmp_path):
    archive.pack(trained, tmp_path / "run.zip")
    run = archive.unpack(tmp_path / "run.zip")
    assert set(sums.verify(run.path).values()) == {"verified"}


def test_every_shipped_run_is_as_it_was_made():
    from tests.helpers.paths import ROOT

    runs = [run for run in Store(ROOT / "checkpoints").runs() if run.shipped]
    assert len(runs) == 13
    for run in runs:
        assert set(sums.verify(run.path).values()) == {"verified"}, run.id
