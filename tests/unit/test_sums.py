"""A byte of a run that changed on the disk is noticed before it becomes a number."""

from __future__ import annotations

import contextlib
import hashlib
import json

import numpy as np
import pytest
import safetensors.numpy

from aecore import jobs
from aecore.errors import DamagedError
from aecore.inference import load_model
from aecore.jobs import projection
from aecore.latent.codes import read_codes
from aecore.latent.projection_store import read_projection
from aecore.latent.request import ProjectionRequest
from aecore.presets import preset
from aecore.runs import archive, notes, sums
from aecore.runs.run import Run
from aecore.runs.store import Store
from aecore.runs.summary import summarise
from aecore.sweeps.definition import Sweep
from aecore.sweeps.store import Row, create, rows
from tests.helpers import cli
from tests.helpers.runs import forget_sums


def flip(run: Run, name: str, at: int = -20) -> None:
    data = bytearray(run.file(name).read_bytes())
    data[at] ^= 4
    run.file(name).write_bytes(bytes(data))


def test_the_sums_are_those_of_the_files(trained):
    files = json.loads(trained.file(sums.SUMS).read_text())["files"]
    assert {"experiment.json", "weights.safetensors", "snapshots.safetensors", "evaluation.json", "codes.safetensors",
            "epoch_codes.safetensors", "metrics.jsonl", "layers.jsonl"} == set(files)  # fmt: skip
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


def test_a_disk_that_stays_full_is_no_damage(store, monkeypatch):
    """The sums still find room, the files do not, again and again."""
    run = Run(store.root / "runs" / "full")
    run.path.mkdir(parents=True)
    name, write = "evaluation.json", sums.atomic_write
    run.write_files({name: b"one"})

    def full(path, data):
        if path.name == name:
            raise OSError(28, "No space left on device")
        write(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(sums, "atomic_write", full)
        for content in (b"two", b"three", b"four"):
            with pytest.raises(OSError, match="No space left"):
                run.write_files({name: content})
            assert sums.find(run.path, name, thorough=True) == "verified"
    run.write_files({name: b"five"})
    assert sums.find(run.path, name, thorough=True) == "verified"
    flip(run, name, -1)
    assert sums.find(run.path, name, thorough=True) == "changed"


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
    from aecore.reports.gallery import shipped
    from tests.helpers.paths import ROOT

    runs = [run for run in Store(ROOT / "checkpoints").runs() if run.shipped]
    assert {run.id for run in runs} == {preset.name for preset in shipped()}
    for run in runs:
        assert set(sums.verify(run.path).values()) == {"verified"}, run.id


def test_what_was_made_from_weights_names_them(trained):
    weights = hashlib.sha256(trained.file("weights.safetensors").read_bytes()).hexdigest()
    assert {entry["weights"] for entry in trained.evaluation()} == {weights}
    assert read_codes(trained).weights == weights  # type: ignore[union-attr]
    for points in (300, 1000):  # from the saved codes, and from images encoded anew
        made = projection.work(trained, ProjectionRequest("pca", 2, points), "cpu")
        assert made.weights == read_projection(trained, "pca", 2).weights == weights  # type: ignore[union-attr]


def test_numbers_of_other_weights_are_not_taken_for_the_runs(trained, capsys):
    projection.work(trained, ProjectionRequest("pca", 2, 300), "cpu")
    tensors = safetensors.numpy.load_file(trained.file("weights.safetensors"))
    trained.write_files({"weights.safetensors": safetensors.numpy.save({k: v * 0.9 for k, v in tensors.items()})})
    assert trained.evaluation() == []
    row = summarise(trained)
    assert (row.state, row.test_mse, row.noisy_mse) == ("finished", None, None)
    assert row.remarks[-1]["kind"] == "other-weights"
    assert "metrics of other weights than the run has now" in cli.run(capsys, "show", trained.id)[1]
    for read in (read_codes, lambda run: read_projection(run, "pca", 2)):
        with pytest.raises(DamagedError, match=r"was made from other weights than the run has now"):
            read(trained)
    made = projection.work(trained, ProjectionRequest("pca", 2, 300), "cpu")
    assert np.array_equal(read_projection(trained, "pca", 2).indices, made.indices)  # type: ignore[union-attr]


def test_older_evaluations_name_no_weights_and_stand(trained):
    entries = [{key: value for key, value in entry.items() if key != "weights"} for entry in trained.evaluation()]
    trained.write_json("evaluation.json", {"evaluations": entries})
    tensors = safetensors.numpy.load_file(trained.file("weights.safetensors"))
    trained.write_files({"weights.safetensors": safetensors.numpy.save({k: v * 0.9 for k, v in tensors.items()})})
    assert trained.evaluation() == entries
    assert all(remark["kind"] != "other-weights" for remark in summarise(trained).remarks)


def test_every_changed_bit_of_a_status_is_noticed(trained):
    trained.write_status(parameters=65_536)
    path, before = trained.file("status.json"), trained.status()
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with contextlib.suppress(DamagedError):
            found = trained.status()
            assert {key: found[key] for key in before} == before  # a bit in the name of the sum itself
    path.write_bytes(content.replace(b"65536", b"65537"))
    assert sums.verify(trained.path)["status.json"] == "changed"


def test_a_changed_note_is_damage_until_it_is_accepted(trained, capsys):
    notes.annotate(trained, "sigma 0.3")
    path = trained.file("notes.json")
    path.write_text(path.read_text().replace("0.3", "0.8"))
    with pytest.raises(DamagedError, match=r"notes\.json is damaged: it has changed"):
        trained.notes()
    assert cli.run(capsys, "verify", trained.id)[0] == 1
    assert cli.run(capsys, "verify", trained.id, "--accept")[0] == 0
    assert trained.notes()["note"] == "sigma 0.8"


def test_tables_of_older_versions_have_no_sum_and_are_read(trained):
    status = {**trained.status(), "epoch": 2}
    trained.file("status.json").write_text(json.dumps(status))
    assert trained.status() == status
    assert sums.verify(trained.path)["status.json"] == "not verified"


@pytest.mark.parametrize("content", ["{", '{"evaluations": [{"corruption": "none"}]}'])
def test_a_run_with_a_damaged_evaluation_is_listed_as_damaged(trained, content):
    trained.write_files({"evaluation.json": content.encode()})
    row = summarise(trained)
    assert row.state == "damaged"
    assert "evaluation.json" in row.problem


def test_changed_results_of_a_sweep_are_damage(store):
    sweep = Sweep.parse({"name": "codes", "base": "digits-quick", "vary": {"model.bottleneck.size": [2, 4]}})
    folder = create(sweep, store)
    folder.write_results([Row("a", {"model.bottleneck.size": 2}, 0, "finished", measured={"none": {"mse": 0.125}})])
    assert rows(folder, store)[0].measured["none"]["mse"] == 0.125
    path = folder.file("results.json")
    path.write_text(path.read_text().replace("0.125", "0.025"))
    with pytest.raises(DamagedError, match=r"damaged: it has changed .* if you remove it, it is made anew"):
        rows(folder, store)
