import io
import json
import stat
import zipfile

import pytest

from aecore.errors import AecoreError, UserError
from aecore.runs import archive as run_archive
from aecore.runs import notes as run_notes
from aecore.runs import trash
from aecore.runs.run import Run


def files_of(run: Run) -> dict[str, bytes]:
    files = [path for path in run.path.rglob("*") if path.is_file() and path.name != ".sums.lock"]
    return {str(path.relative_to(run.path)): path.read_bytes() for path in files}


def zipped(*entries: tuple[str, bytes], compress: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compress) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    buffer.seek(0)
    return buffer


def entries_of(run: Run) -> list[tuple[str, bytes]]:
    return [(f"{run.id}/{name}", content) for name, content in files_of(run).items() if name != ".lock"]


@pytest.fixture
def full(trained: Run) -> Run:
    """A run with every kind of file."""
    run_notes.annotate(trained, "travels too")
    trained.file("projections").mkdir(exist_ok=True)
    for name in ("projections/pca-2d.safetensors", "figures.safetensors", "resume.safetensors"):
        trained.file(name).write_bytes(name.encode() * 50)
    trained.file("log.txt").write_text("said")
    trained.file("steps.jsonl").write_text('{"epoch": 1}\n')
    trained.file(".lock").unlink(missing_ok=True)
    return trained


def test_what_leaves_is_what_arrives_byte_for_byte(store, full, tmp_path):
    before = files_of(full)
    path = tmp_path / "run.zip"
    run_archive.pack(full, path)
    assert run_archive.packed(full) == path.read_bytes(), "the same run makes the same zip"
    assert run_archive.is_packed(path)
    second = run_archive.unpack(path)
    assert second.id == f"{full.id}-2", "its id is taken"
    assert files_of(second) == before
    trash.delete(full)
    assert run_archive.unpack(path).id == full.id
    assert files_of(Run(full.path)) == before


def test_files_that_are_not_ours_stay_behind(store, full, tmp_path):
    (full.path / "secret.txt").write_text("mine")
    (full.path / "projections" / "other.bin").write_text("mine")
    (full.path / ".lock").touch()
    before = set(files_of(full))
    with zipfile.ZipFile(io.BytesIO(run_archive.packed(full))) as archive:
        names = {name.removeprefix(f"{full.id}/") for name in archive.namelist()}
    assert names == before - {"secret.txt", "projections/other.bin", ".lock"}
    given = zipped(*entries_of(full), (f"{full.id}/evil.py", b"x"), ("__MACOSX/._x", b"x"), ("README", b"x"))
    got = files_of(run_archive.unpack(given))
    assert set(got) == before - {"secret.txt", "projections/other.bin", ".lock"}


def test_loose_files_are_named_after_the_zip(store, trained, tmp_path):
    path = tmp_path / "my run.zip"
    path.write_bytes(zipped(*[(name.split("/", 1)[1], content) for name, content in entries_of(trained)]).getvalue())
    assert run_archive.unpack(path).id == "my-run"


def test_an_unpacked_run_claims_no_process(store, trained):
    process = {"pid": 1, "started": 1.0, "host": "elsewhere"}
    trained.write_status(state="running", process=process)
    got = run_archive.unpack(io.BytesIO(run_archive.packed(trained)))
    assert (got.status()["state"], got.status()["process"]) == ("stopped", None)


def link(name: str, target: str) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, target)
    return buffer


def encrypted(run: Run) -> io.BytesIO:
    content = bytearray(zipped(*entries_of(run)).getvalue())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return io.BytesIO(bytes(content))


def refused(given: io.BytesIO, words: str, store) -> None:
    before = [run.id for run in store.runs()]
    with pytest.raises(UserError) as caught:
        run_archive.unpack(given)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert [path.name for path in (store.root / "runs").iterdir()] == before, "nothing is left lying about"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "..\\x", "C:/x", "a/../../../experiment.json"])
def test_a_path_that_leads_outside_is_refused(store, trained, name):
    refused(zipped(*entries_of(trained), (name, b"x")), "leads outside", store)


def test_what_is_no_sound_run_is_refused(store, trained):
    entries = entries_of(trained)
    home = trained.id
    without = [entry for entry in entries if not entry[0].endswith("experiment.json")]
    refused(io.BytesIO(b"no zip"), "not a zip file", store)
    refused(io.BytesIO(b""), "not a zip file", store)
    refused(io.BytesIO(run_archive.packed(trained)[:-300]), "only part of one", store)
    refused(zipped(("a/b.txt", b"x")), "holds no run", store)
    refused(zipped(*entries, ("second/experiment.json", b"{}")), "holds 2 runs", store)
    refused(link(f"{home}/experiment.json", "/etc/passwd"), "a link", store)
    refused(encrypted(trained), "is encrypted", store)
    refused(zipped(*without, (f"{home}/experiment.json", b"{")), "not hold a valid run", store)
    refused(zipped(*without, (f"{home}/experiment.json", b'{"model": {"dense": "x"}}')), "not hold a valid run", store)
    refused(zipped((f"{home}/experiment.json", b"{}")), "no status.json", store)
    refused(zipped(*entries, (f"{home}/notes.json", json.dumps({"title": "a\nb"}).encode())), "line breaks", store)
    refused(zipped(*[(f"-rf{name}", content) for name, content in entries]), "not a valid run id", store)
    refused(zipped(*[(f"{home}/{number}", b"") for number in range(1001)]), "1,001 files", store)
    damaged = bytearray(run_archive.packed(trained))
    at = damaged.index(b"weights.safetensors") + 400
    damaged[at : at + 8] = b"\xff" * 8
    refused(io.BytesIO(bytes(damaged)), "weights.safetensors cannot be unpacked", store)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused(store, trained):
    refused(zipped(*entries_of(trained), (f"{trained.id}/weights.safetensors", b"x")), "twice", store)


def test_a_zip_bomb_is_one_line(store, trained, monkeypatch):
    zeros = bytes(5 * run_archive.MB)
    others = [entry for entry in entries_of(trained) if not entry[0].endswith("status.json")]
    bomb = zipped(*others, (f"{trained.id}/status.json", zeros))
    refused(bomb, "status.json in the zip is larger than 4 MB", store)
    monkeypatch.setattr(run_archive, "MOST_BYTES", run_archive.MB)
    refused(zipped(*others, (f"{trained.id}/log.txt", zeros)), "would unpack to", store)
    # A zip that lies about what it grows to is stopped by what comes out of it.
    lying = bytearray(zipped((f"{trained.id}/experiment.json", b"{}"), (f"{trained.id}/log.txt", zeros)).getvalue())
    at = lying.rindex(b"PK\x01\x02")
    lying[at + 24 : at + 28] = (10).to_bytes(4, "little")
    refused(io.BytesIO(bytes(lying)), "log.txt", store)


def test_a_run_that_cannot_be_packed_is_one_line(store, trained, tmp_path):
    with pytest.raises(AecoreError, match="could not finish"):
        run_archive.pack(trained, tmp_path / "no such folder" / "x.zip")
    trained.file("experiment.json").unlink()
    with pytest.raises(AecoreError, match="nothing to pack"):
        run_archive.packed(trained)


def test_curves_as_a_table(trained):
    lines = run_archive.curves_csv(trained).decode().splitlines()
    metrics = trained.metrics()
    assert lines[0].split(",") == list(metrics[0])
    assert [line.split(",")[:2] for line in lines[1:]] == [[str(e["epoch"]), str(e["train_loss"])] for e in metrics]
    trained.file("metrics.jsonl").unlink()
    with pytest.raises(UserError, match="no epochs"):
        run_archive.curves_csv(trained)


def test_a_demo_takes_no_runs(store, trained, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "1")
    refused(io.BytesIO(run_archive.packed(trained)), "switched off", store)


def test_several_runs_leave_and_arrive_as_one_zip(store, full):
    other = run_archive.unpack(io.BytesIO(run_archive.packed(full)))
    other.path.rename(other.path.with_name("other"))
    both = [full, Run(other.path.with_name("other"))]
    zipped_runs = run_archive.packed_all(both)
    before = {run.id: files_of(run) for run in both}
    with pytest.raises(UserError, match="holds 2 runs; it should hold one"):
        run_archive.unpack(io.BytesIO(zipped_runs))
    again = run_archive.unpack_all(io.BytesIO(zipped_runs))
    assert sorted(run.id for run in again) == sorted(f"{run_id}-2" for run_id in before)
    for run in again:
        assert files_of(run) == before[run.id.removesuffix("-2")]


def test_of_several_runs_all_arrive_or_none(store, trained):
    good = [(f"a/{name}", data) for name, data in files_of(trained).items()]
    with pytest.raises(UserError, match="does not hold a valid run"):
        run_archive.unpack_all(zipped(*good, ("b/experiment.json", b"{}"), ("b/status.json", b"[]")))
    assert [run.id for run in store.runs()] == [trained.id]
