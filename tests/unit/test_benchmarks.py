"""The benchmarks on little: the same code, and the one command for all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from aecore import data
from aecore.devices import Device
from aecore.metrics.projection import trustworthiness
from aecore.models import Autoencoder
from aecore.presets import preset
from aecore.runs.store import Store
from aecore.runs.summary import summarise
from benchmarks import __main__ as everything
from benchmarks import evaluation, frameworks, limits, loops, projections, projections_chart, scale, stores
from tests.helpers.benchmarks import NETWORKS, small
from tests.helpers.paths import ROOT


@pytest.mark.parametrize("name", NETWORKS)
def test_the_textbook_network_is_ours(name):
    task = small(name)
    ours = loops.network(task)
    images = ours.from_bytes(torch.from_numpy(task.test[:4]))
    torch.testing.assert_close(ours(images), loops.plain_network(ours)(images), rtol=1e-4, atol=1e-5)
    assert torch.equal(frameworks.scaled(task, task.test[:4]), images)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_limit_counts_the_operations_of_the_network(name, monkeypatch):
    """Against PyTorch's own counter, forward and backward; it counts a last layer's bias and sizes as we do."""
    monkeypatch.setattr(limits, "product_s", lambda *_: 1.0)
    monkeypatch.setattr(limits, "bandwidth", lambda *_: 1.0)
    task = small(name)
    plain = loops.plain_network(loops.network(task))
    images = torch.rand(100, *task.image_shape)
    with FlopCounterMode(display=False) as forward:
        output = plain(images)
    with FlopCounterMode(display=False) as backward:
        output.sum().backward()
    counted = limits.limit(task, "float32").flop
    expected = 3 * (forward.get_total_flops() + backward.get_total_flops()) + 0.5 * forward.get_total_flops()
    # Borders that a patch reaches over are counted whole by us.
    assert counted == pytest.approx(expected, rel=0.1)


def test_a_limit_is_more_than_nothing():
    found = limits.limit(small("mnist-mlp8"), "float32")
    assert found.products_s > 0
    assert found.bytes_s > 0


def test_our_evaluation_and_the_textbooks_agree():
    found = data.load("digits-28")
    model = Autoencoder(preset("mnist-mlp8").experiment.model, (1, 28, 28), 0)
    told: list[str] = []
    result = evaluation.measure(model, torch.from_numpy(np.array(found.x_test[:40])), 2, told.append)
    assert result["scores_apart"] < 1e-5
    assert set(result["median_s"]) == {"ours", "textbook", "corruption", "network", "scores"}
    assert len(result["seconds"]["ours"]) == len(told) == 2


def test_every_projection_is_timed_and_judged(monkeypatch):
    codes = np.random.default_rng(0).normal(size=(120, 4)).astype(np.float32)
    codes += 20 * np.repeat(np.arange(3), 40)[:, None]
    for method in ("ours", "scikit-learn"):
        found = projections.embed(method, codes, 2, 260, warm_up=110)
        assert trustworthiness(codes, found["points"]) > 0.8
        assert found["seconds"] > 0
    monkeypatch.setattr(projections.memory, "resident", lambda: 7)
    assert np.isnan(projections.embed("ours", codes, 2, 250, warm_up=110)["memory_mb"]), "not 0 MB"
    rows = [
        {"method": "ours", "points": 1000, "dims": 2, "seconds": 1.25, "trustworthiness": 0.99, "memory_mb": 9.6},
        {"method": "umap", "points": 1000, "dims": 2, "failed": "no"},
        {"method": "openTSNE", "points": 1000, "dims": 2, "seconds": 2, "trustworthiness": 0.9, "memory_mb": None},
    ]
    table = projections.markdown(rows, ["ours", "umap", "pacmap", "openTSNE"]).splitlines()
    assert table[2] == "| 1,000, 2D | 1.2 s, 0.9900, 10 MB | no | – | 2.0 s, 0.9000, memory unknown |"


def test_projections_are_drawn_as_a_chart_with_a_line_for_each_method(tmp_path, monkeypatch, capsys):
    results = [
        {"method": method, "points": points, "dims": dims, "seconds": points * times, "trustworthiness": 0.9}
        for method, times in (("ours", 0.001), ("exact", 0.01), ("umap", 0.0005))
        for points in (1000, 10_000, 100)
        for dims in (2, 3)
        if (method, dims) != ("umap", 3)
    ]
    results += [{"method": "pacmap", "points": 1000, "dims": 2, "failed": "no"}]
    found = {"machine": "a machine", "run": "mnist-mlp8", "results": results}
    drawn = projections_chart._panel([one for one in results if "failed" not in one], 2, projections.TITLES)
    assert [(trace["name"], trace["x"]) for trace in drawn["data"]] == [
        (projections.TITLES[method], (100, 1000, 10_000)) for method in ("ours", "exact", "umap")
    ]
    assert drawn["data"][1]["y"] == pytest.approx((1, 10, 100))
    measured = tmp_path / "measured.json"
    measured.write_text(json.dumps(found))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["projections", "--from", str(measured), *arguments])
        projections.main()

    run("--chart", str(tmp_path / "chart.svg"))
    text = (tmp_path / "chart.svg").read_text()
    assert text.startswith("<svg") or "<svg" in text[:200]
    assert text.count("t-SNE, ours, over all pairs") == 2, "in both panels"
    assert text.count("UMAP, umap-learn") == 1
    assert "PaCMAP" not in text
    assert "a machine" in text
    with pytest.raises(SystemExit, match=r"did you mean '\.svg'"):
        run("--chart", str(tmp_path / "chart.svgz"))
    with pytest.raises(SystemExit):
        run()
    assert "--chart" in capsys.readouterr().err


def test_each_way_of_summing_is_measured_as_it_is(monkeypatch):
    asked = []
    monkeypatch.setattr(projections.tsne, "embed", lambda *_, repulsion, **__: asked.append(repulsion))
    for method in ("ours", "exact", "grid"):
        projections.DRAWS[method](np.zeros((9, 2), np.float32), 2, 10)
    assert asked == ["auto", "exact", "grid"]


def test_fewer_codes_than_were_asked_for_are_not_measured_under_that_number(monkeypatch):
    found = SimpleNamespace(codes=np.zeros((600, 8), np.float32))
    monkeypatch.setattr("aecore.inference.training_codes", lambda run, points: found)
    assert len(projections.codes_of("mnist-mlp8", 600)) == 600
    with pytest.raises(SystemExit, match="600 images: no 700 points"):
        projections.codes_of("mnist-mlp8", 700)


def test_memory_that_is_taken_is_counted():
    """In a process of its own: other tests leave memory that is taken again without growth."""
    code = """
import numpy as np
from benchmarks import memory
if not memory.is_told():
    print("not told")
else:
    with memory.growth() as grown:
        taken = np.ones(30_000_000)
        at_most = grown()
        del taken
    print(round(at_most / 1e6), round(grown() / 1e6))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    if done.stdout.strip() == "not told":
        pytest.skip("this system does not tell how much memory is taken")
    at_most, later = map(int, done.stdout.split())
    assert 235 < at_most < 260, "240 MB were taken"
    assert at_most <= later < 260, "also when they have been given back"


def test_an_invented_store_reads_like_a_real_one_and_grows(tmp_path):
    store = stores.write_store(tmp_path, 6)
    first = {run.id: run.file("metrics.jsonl").read_bytes() for run in store.runs()}
    stores.write_store(tmp_path, 9)
    assert len(store.runs()) == 9
    assert {run.id: run.file("metrics.jsonl").read_bytes() for run in store.runs() if run.id in first} == first
    rows = [summarise(run) for run in store.runs()]
    assert {row.state for row in rows} <= {"finished", "stopped", "failed", "interrupted"}
    assert all(row.losses and row.note == stores.NOTE for row in rows)


def test_a_sweep_of_invented_runs_is_whole(tmp_path):
    made = stores.write_sweep(tmp_path, 40)
    found = scale.store_times(made, Store(tmp_path))
    assert all(seconds > 0 for seconds in found.values())
    assert len(made.results()) == 40
    assert len({(str(row.values), row.seed) for row in made.results()}) == 40


def test_all_benchmarks_run_though_one_fails(tmp_path, monkeypatch, capsys):
    asked: list[list[str]] = []

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        asked.append(command[2:])
        return subprocess.CompletedProcess(command, 3 if command[2] == "benchmarks.app" else 0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(everything, "devices", lambda: [Device("cuda:0", "a GPU")])
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick", "--json", str(tmp_path / "figures")])
    with pytest.raises(SystemExit, match="True"):
        everything.main()
    folder = Path(everything.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "def main()" in path.read_text()}
    modules |= {path.parent.name for path in folder.glob("*/__main__.py")}
    assert {command[0] for command in asked} == {f"benchmarks.{name}" for name in modules - {"__main__"}}
    for name, *options in asked:
        target = tmp_path / "figures" / f"{name.removeprefix('benchmarks.')}.json"
        assert options[:3] == ["--quick", "--json", str(target)]
        assert target.parent.is_dir()
    told = capsys.readouterr().out.splitlines()
    assert [line.split(" s  ")[1] for line in told if "failed" in line] == ["benchmarks.app failed with 3"]
    assert told[-1].endswith("total")
