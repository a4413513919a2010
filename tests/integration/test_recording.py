"""`aecore.record` in loops of others: what stands in the run, and that the loop does not notice."""

from __future__ import annotations

import math
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import aecore
from aecore import data, jobs
from aecore.errors import AecoreError, UserError
from aecore.inference import load_model, open_run
from aecore.latent.codes import read_codes
from aecore.latent.epoch_codes import read_epoch_codes
from aecore.plots import loss_curves
from aecore.runs.logged import read_logged
from aecore.runs.run import EPOCH_CODES, LOGGED, SNAPSHOTS, WEIGHTS, Run
from aecore.runs.state import run_state
from aecore.runs.summary import summarise
from tests.helpers.loops import Net, Vae, train
from tests.helpers.paths import ROOT
from tests.helpers.processes import wait_for


@pytest.fixture
def without_onnx(monkeypatch):
    """The exporter takes seconds; a network that is not kept is measured all the same."""

    def refuse(*_):
        raise UserError("onnx is not installed (pip install -r requirements-onnx.txt)")

    monkeypatch.setattr("aecore.recording.recording.onnx_files", refuse)


def test_a_run_stands_in_the_store_while_its_loop_goes_on_and_has_all_at_the_end(store, without_onnx):
    network = Net()
    with aecore.record("mine", "digits-28", network, evaluate=["none", "gaussian:0.2"], config={"lr": 1e-2}) as run:
        assert run_state(run.run) == "running"
        train(network, 2, run)
        wait_for(lambda: len(run.run.metrics()) == 2, 10)
        row = summarise(run.run)
        assert (row.state, row.title, row.epoch, row.epochs, row.code_size) == ("running", "mine", 2, 0, 6)
        assert (row.lr, row.seed, row.recorded, row.progress) == (None, None, "PyTorch", "2")
        assert len(run.run.snapshots()["epochs"]) >= 1
    found = run.run
    assert run_state(found) == "finished"
    lines = found.metrics()
    assert [line["accuracy"] for line in lines] == [0, 0.1]
    assert lines[0]["train_loss"] > lines[1]["train_loss"] > 0
    assert found.status()["recorded"]["config"] == {"lr": 0.01}
    images = data.load("digits-28")
    network.eval()
    with torch.no_grad():
        x = torch.from_numpy(np.array(images.x_test)).float() / 255
        codes, output = network.encoder(x), network(x)
    entries = {entry["corruption"]: entry["metrics"]["mse"] for entry in found.evaluation()}
    assert set(entries) == {"none", "gaussian:0.2"}
    assert entries["none"] == pytest.approx(float((output - x).square().mean()), rel=1e-4)
    kept = read_codes(found)
    assert kept is not None
    assert kept.codes is not None
    np.testing.assert_allclose(kept.codes, codes.numpy()[kept.indices], atol=2e-3)  # saved as float16
    over = read_epoch_codes(found)
    assert over is not None
    assert (over.epochs[0], over.epochs[-1]) == (1, 2)
    np.testing.assert_allclose(over.codes[-1], codes.numpy()[over.indices], atol=2e-3)
    figure = loss_curves(found)
    assert "test loss" not in {trace["name"] for trace in figure.to_dict()["data"]}, "it was not logged"
    assert {"training loss", "accuracy"} <= {trace["name"] for trace in figure.to_dict()["data"]}
    (remark,) = [one for one in summarise(found).remarks if one["kind"] == "recording"]
    assert "the network itself was not kept" in remark["text"]
    with pytest.raises(AecoreError):
        load_model(found)


def test_the_training_is_the_same_bit_for_bit(store, without_onnx):
    def trained(recorded: bool) -> list[torch.Tensor]:
        torch.manual_seed(3)
        network = Net()
        if not recorded:
            train(network, 3)
        else:
            with aecore.record("mine", "digits-28", network, corruption="gaussian:0.2") as run:
                train(network, 3, run)
        assert network.training
        return [value.clone() for value in network.state_dict().values()] + [torch.rand(3)]

    for one, other in zip(trained(False), trained(True), strict=True):
        assert torch.equal(one, other)


def test_a_network_is_kept_as_onnx_and_every_part_of_the_lab_can_run_it(store):
    pytest.importorskip("onnxscript", reason="requirements-onnx.txt")
    for network, rows in ((Net(), False), (Vae(), True)):
        with aecore.record("kept", "digits-28", network) as run:
            train(network, 1, run)
        found = run.run
        assert not [one for one in summarise(found).remarks if one["kind"] == "recording"]
        assert found.status()["recorded"]["network"] == "onnx"
        loaded = load_model(Run(found.path))
        network.eval()
        bytes_ = torch.from_numpy(np.array(data.load("digits-28").x_test[:7]))
        x = bytes_.float() / 255
        with torch.no_grad():
            expected = network(x.flatten(1) if rows else x).reshape(x.shape)
        apart = float((loaded(loaded.from_bytes(bytes_)) - expected).abs().max())
        print(f"{type(network).__name__}: the kept network is {apart:.1e} apart")
        assert apart < 1e-5
        entry = open_run(found).evaluate(found.experiment().corruption)
        assert entry["metrics"]["mse"] == pytest.approx(found.evaluation()[0]["metrics"]["mse"], rel=1e-4)
        assert found.evaluation()[0]["weights"]


def test_a_network_whose_code_cannot_be_followed_is_measured_and_the_reason_is_told(store):
    pytest.importorskip("onnxscript", reason="requirements-onnx.txt")

    class Odd(Net):
        def encode(self, images):
            return self.encoder(images) * (1 if float(images.mean()) > 0.5 else 2)

        def decode(self, codes):
            return self.decoder(codes)

    network = Odd()
    with aecore.record("odd", "digits-28", network) as run:
        train(network, 1, run)
    (remark,) = [one for one in summarise(run.run).remarks if one["kind"] == "recording"]
    assert "was not kept" in remark["text"]
    assert "\n" not in remark["text"]
    assert run.run.evaluation()
    assert not run.run.file(WEIGHTS).exists()


def test_stop_asks_the_loop_and_ends_no_process(store, without_onnx):
    network = Net()
    with aecore.record("stopped", "digits-28", network, epochs=100) as run:
        train(network, 1, run)
        assert not run.should_stop
        jobs.stop(run.run, wait_s=0)
        losses = train(network, 50, run)
    assert len(losses) == 1
    assert run_state(run.run) == "stopped"
    assert summarise(run.run).progress == "2/100"
    with pytest.raises(UserError, match="start that again"):
        jobs.requeue(run.run)
    with pytest.raises(UserError, match="trained only there"):
        jobs.submit(run.run.experiment(), "cpu", store)


def test_an_error_in_the_loop_is_its_own_and_stands_in_the_run(store):
    def loop(name, error):
        with aecore.record(name, "digits-28", Net()) as run:
            runs.append(run)
            run.log(train_loss=1.0, test_loss=math.nan)
            raise error

    runs = []
    with pytest.raises(ZeroDivisionError):
        loop("broken", ZeroDivisionError("by zero\nand more"))
    with pytest.raises(KeyboardInterrupt):
        loop("left", KeyboardInterrupt())
    run, other = runs
    assert run_state(run.run) == "failed"
    assert run.run.status()["error"] == "ZeroDivisionError: by zero"
    assert run.run.metrics()[0]["test_loss"] is None
    assert run_state(other.run) == "stopped"


def test_a_map_as_code_and_methods_alone(store, without_onnx):
    """A code of 4 × 14 × 14 goes back as a map; a method's module is put into evaluation mode, and back."""

    class Maps(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm2d(4)
            self.down = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), self.norm)
            self.up = nn.ConvTranspose2d(4, 1, 4, 2, 1)

        def into(self, images):
            return self.down(images)

        def back(self, codes):
            return self.up(codes)

    network = Maps()
    before = network.norm.state_dict()["running_mean"].clone()
    with aecore.record("maps", "digits-28", encoder=network.into, decoder=network.back) as run:
        run.log(train_loss=1.0)
    assert summarise(run.run).code_size == 4 * 14 * 14
    assert network.training
    assert torch.equal(network.norm.state_dict()["running_mean"], before), "looking at it trains nothing"
    x = torch.from_numpy(np.array(data.load("digits-28").x_test)).float() / 255
    network.eval()
    with torch.no_grad():
        expected = float((network.back(network.into(x)) - x).square().mean())
    assert run.run.evaluation()[0]["metrics"]["mse"] == pytest.approx(expected, rel=1e-4)


def test_ctrl_c_while_it_is_measured_ends_the_run(store, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("aecore.recording.recording.onnx_files", interrupted)
    run = aecore.record("left at the end", "digits-28", Net())
    run.log(train_loss=1.0)
    with pytest.raises(KeyboardInterrupt):
        run.finish()
    assert run_state(run.run) == "stopped"
    assert [line["train_loss"] for line in run.run.metrics()] == [1.0]


def test_whatever_fails_in_writing_ends_no_loop(store, monkeypatch):
    with aecore.record("odd failure", "digits-28") as run:
        append = Run.append
        monkeypatch.setattr(Run, "append", lambda *_: (_ for _ in ()).throw(TypeError("odd")))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            run.log(train_loss=1.0)
            run.writer.flush()
            wait_for(lambda: said, 10)
        monkeypatch.setattr(Run, "append", append)
    assert [line["train_loss"] for line in run.run.metrics()] == [1.0]


def test_a_loop_that_is_killed_leaves_an_interrupted_run(store):
    code = (
        "import aecore, os, signal\n"
        "run = aecore.record('killed', 'digits-28')\n"
        "run.log(train_loss=0.5)\n"
        "run.writer.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    (run,) = store.runs()
    assert run_state(run) == "interrupted"
    assert [line["train_loss"] for line in run.metrics()] == [0.5]


@pytest.mark.parametrize(
    "values", [{"epoch": 3}, {"a b\n": 1}, {"loss": "low"}, {"loss": torch.zeros(2)}, {"loss": None}, {"": 1}]
)
def test_what_cannot_be_logged_is_a_warning(store, values):
    with aecore.record("odd values", "digits-28") as run:
        with pytest.warns(RuntimeWarning, match="the training goes on"):
            run.log(**values)
        run.log(train_loss=0.25)
        run.log(train_loss=0.125, **values)  # what is right of a line is kept
    assert [line["train_loss"] for line in run.run.metrics()] == [0.25, 0.125]


def test_a_disk_that_fails_for_a_while_loses_nothing(store, monkeypatch):
    with aecore.record("full disk", "digits-28") as run:
        append = Run.append
        monkeypatch.setattr(Run, "append", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            for epoch in range(3):
                run.log(train_loss=epoch)
                run.writer.flush()
        assert len([one for one in said if "the training goes on" in str(one.message)]) == 1
        monkeypatch.setattr(Run, "append", append)
    assert [line["train_loss"] for line in run.run.metrics()] == [0, 1, 2]


@pytest.mark.filterwarnings("ignore:aecore. .*No space left:RuntimeWarning")
def test_images_and_codes_that_find_no_room_are_tried_now_and_then_and_kept_at_the_end(
    store, monkeypatch, without_onnx
):
    tried = []

    def full(_, contents):
        tried.extend(contents)
        time.sleep(0.02)
        raise OSError(28, "No space left on device")

    with aecore.record("full disk", "digits-28", Net()) as run:
        with monkeypatch.context() as patched:
            patched.setattr(Run, "write_files", full)
            for epoch in range(5):
                run.log(train_loss=epoch)
                run.log_image("samples", np.full((2, 2), epoch / 4))
        assert sorted(tried) == [EPOCH_CODES, LOGGED, SNAPSHOTS], "each takes a share of the time, and no more"
    epochs, images = read_logged(run.run)["samples"]
    assert (epochs.tolist(), images[:, 0, 0, 0].tolist()) == ([1, 2, 3, 4, 5], [0, 64, 128, 191, 255])
    assert run.run.tensors(EPOCH_CODES)["epochs"].tolist()[-1] == 5


@pytest.mark.filterwarnings("ignore:aecore. .*No space left:RuntimeWarning")
def test_codes_of_the_last_epoch_that_found_no_room_are_kept_at_the_end(store, monkeypatch, without_onnx):
    def full(*_):
        raise OSError(28, "No space left on device")

    with aecore.record("full disk", "digits-28", Net()) as run, monkeypatch.context() as patched:
        run.due[SNAPSHOTS] = math.inf
        patched.setattr(Run, "write_files", full)
        run.log(train_loss=1.0)
        patched.undo()
    assert run.run.tensors(EPOCH_CODES)["epochs"].tolist() == [1]


def test_logging_does_not_wait_for_the_disk(store, monkeypatch):
    with aecore.record("slow disk", "digits-28") as run:
        append = Run.append

        def slow(*arguments):
            time.sleep(0.5)
            append(*arguments)

        monkeypatch.setattr(Run, "append", slow)
        begun = time.monotonic()
        for epoch in range(4):
            run.log(train_loss=epoch)
        in_loop = time.monotonic() - begun
        run.finish()
    assert in_loop < 0.5, "four lines take two seconds to write"
    assert len(run.run.metrics()) == 4


def test_networks_that_cannot_be_used_are_refused_before_anything_is_written(store):
    wide = nn.Sequential(nn.Flatten(), nn.Linear(784, 70_000))
    cases = [
        (nn.Linear(784, 4), {}, "needs to know what the network's encoder is"),
        (None, {"encoder": nn.Linear(784, 4)}, "needs to know what the network's decoder is"),
        (None, {"encoder": nn.Linear(77, 4), "decoder": nn.Linear(4, 784)}, "does not take images of 1 × 28 × 28"),
        (None, {"encoder": wide, "decoder": nn.Linear(70_000, 784)}, "a code has 70,000 numbers"),
    ]
    for model, parts, words in cases:
        with pytest.raises(UserError, match=words):
            aecore.record("refused", "digits-28", model, **parts)
    with pytest.raises(UserError, match="nosuch"):
        aecore.record("refused", "nosuch")
    with pytest.raises(UserError, match="epochs"):
        aecore.record("refused", "digits-28", epochs=0)
    assert store.runs() == []
