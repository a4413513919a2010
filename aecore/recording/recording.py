"""A run of a loop while it goes on: what is logged, kept of the network on the way, and measured at the end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import filelock
import numpy as np
import safetensors.numpy
import torch

from aecore.config.experiment import Experiment
from aecore.data import ImageSet
from aecore.errors import UserError
from aecore.format import count
from aecore.metrics.evaluation import evaluate_all
from aecore.recording.foreign import Foreign
from aecore.recording.onnx_export import onnx_files
from aecore.recording.values import NAME, checked_name, number_of
from aecore.recording.writer import Writer
from aecore.remote.sender import Sender, as_warning
from aecore.remote.server import Server
from aecore.runs import sums
from aecore.runs.json_files import now
from aecore.runs.logged import LoggedImages
from aecore.runs.run import EPOCH_CODES, EVALUATION, LOGGED, SNAPSHOTS, WEIGHTS, Run
from aecore.runs.state import LOCK, STOP_ASKED, heartbeat
from aecore.training.code_keeper import CodeKeeper
from aecore.training.outputs import rounded, save_codes
from aecore.training.snapshots import Snapshots

LOCK_WAIT_S = 5
PANEL_SHARE = 200
"""At most one part in this many of the time goes into drawing the panel, keeping codes, and images."""


def test_set(images: ImageSet) -> tuple[torch.Tensor, np.ndarray]:
    """Its images uint8 (N, C, H, W) and labels uint8 (N,)."""
    return torch.from_numpy(np.array(images.x_test)), np.array(images.y_test)


class Recording:
    """A run of somebody's loop; made by `aecore.record`."""

    def __init__(
        self,
        run: Run,
        experiment: Experiment,
        images: ImageSet,
        foreign: Foreign | None,
        snapshots: Snapshots | None,
        codes: CodeKeeper | None,
        about: dict[str, Any],
        to: Server | None,
    ) -> None:
        self.run, self.experiment, self.images, self.about = run, experiment, images, about
        self.foreign, self.snapshots, self.codes = foreign, snapshots, codes
        self.remarks: list[dict[str, str]] = []
        self.epoch, self.begun, self.away = 0, time.monotonic(), 0.0
        self.due = {SNAPSHOTS: 0.0, EPOCH_CODES: 0.0, LOGGED: 0.0}
        self.images_logged = LoggedImages()
        self.ended = False
        self._held = contextlib.ExitStack()
        """The lock and its sign of life, by which the app and other machines know that the loop runs."""
        self._held.enter_context(filelock.FileLock(run.file(LOCK), timeout=LOCK_WAIT_S))
        self._held.enter_context(heartbeat(run.file(LOCK)))
        self.writer = Writer(run)
        self.sender = Sender(run, to, as_warning) if to else None

    @property
    def id(self) -> str:
        """The run's id, by which the app and the command line know it."""
        return self.run.id

    @property
    def should_stop(self) -> bool:
        """Whether somebody has clicked Stop: a loop that asks after every epoch, or step, can leave then."""
        return self.run.file(STOP_ASKED).exists()

    def log(self, /, **values: Any) -> None:
        """The numbers of one more epoch, by name: `train_loss`, `test_loss` and `lr` have their places, others a curve
        of their own. Tensors of one number are taken too; what is not finite is kept as a gap."""
        try:
            self._log(values)
        except Exception as error:  # whatever it is, the training goes on
            self.writer.warn(f"epoch {self.epoch} was not logged whole: {error or type(error).__name__}")

    def _log(self, values: Mapping[str, Any]) -> None:
        if self.ended:
            raise UserError("the recording has ended")
        self.epoch += 1
        line: dict[str, Any] = {"epoch": self.epoch}
        wrong = []
        for name, value in values.items():
            try:
                line[checked_name(name)] = number_of(name, value)
            except UserError as error:  # the others are kept
                wrong.append(str(error))
        line["seconds"] = round(time.monotonic() - self.begun - self.away, 4)
        if len(line) > 2 or not wrong:  # else nothing of it can be kept
            self.writer.add(rounded(line), epoch=self.epoch)
        for words in wrong:
            self.writer.warn(f"epoch {self.epoch} was not logged whole: {words}")
        if self.snapshots and time.monotonic() >= self.due[SNAPSHOTS]:
            self._draw_panel(self.snapshots)
        if self.codes and time.monotonic() >= self.due[EPOCH_CODES]:
            self._keep_codes(self.codes)

    def log_image(self, name: str, image: Any) -> None:
        """An image of this epoch under a name, such as samples or a grid of reconstructions: an array, a tensor or a
        picture, (H, W), (H, W, C) or (C, H, W), from 0 to 1, whatever `range` is, or bytes, at most 1,024 pixels to a
        side. Of a name all are of one size; of many epochs every second, fourth … is kept, and the last."""
        try:
            if self.ended:
                raise UserError("the recording has ended")
            if not NAME.fullmatch(name):
                raise UserError(f"'{name}' cannot be the name of an image: it should be a word such as samples")
            if text := self.images_logged.add(name, self.epoch, image):
                self.remarks.append({"kind": "clamped", "text": text})
                self.writer.status(remarks=self.remarks)
            if time.monotonic() >= self.due[LOGGED]:
                self._write_images()
        except Exception as error:  # whatever it is, the training goes on
            self.writer.warn(f"the image {name} was not kept: {error or type(error).__name__}")

    @contextlib.contextmanager
    def _share_of_the_time(self, name: str) -> Iterator[None]:
        """Making a file, which takes a share of the time and no more where it fails every time."""
        begun = time.monotonic()
        try:
            yield
        finally:
            took = time.monotonic() - begun
            self.away += took
            self.due[name] = time.monotonic() + PANEL_SHARE * took

    def _write_images(self) -> None:
        with self._share_of_the_time(LOGGED):
            self.run.write_files({LOGGED: self.images_logged.to_bytes()})
            self.images_logged.changed = False

    def _draw_panel(self, snapshots: Snapshots, last: bool = False) -> None:
        assert self.foreign is not None
        with self._share_of_the_time(SNAPSHOTS):
            with self.foreign.undisturbed():
                snapshots.finish(self.epoch) if last else snapshots.add(self.epoch)
            self.run.write_files({SNAPSHOTS: snapshots.to_bytes()})

    def _keep_codes(self, codes: CodeKeeper, last: bool = False) -> None:
        assert self.foreign is not None
        with self._share_of_the_time(EPOCH_CODES):
            with self.foreign.undisturbed():
                codes.finish(self.epoch) if last else codes.add(self.epoch)
            if codes.changed:
                self.run.write_files({EPOCH_CODES: codes.to_bytes()})
                codes.saved()

    def finish(self) -> Run:
        """End the recording: measure the network, keep it as ONNX where that is possible, and return the run."""
        if not self.ended:
            state = "stopped" if self.should_stop else "finished"
            try:
                self._measure_all()
            except (
                BaseException
            ):  # Ctrl-C while it is measured: without it the run would stay active as long as this process
                self._end("stopped")
                raise
            self._end(state)
        return self.run

    def _end(self, state: str, error: str | None = None) -> None:
        self.ended = True
        if self.images_logged.changed:
            try:
                self._write_images()
            except Exception as problem:  # the disk may be full
                self.writer.warn(f"the last images were not kept: {problem or type(problem).__name__}")
        self.writer.status(state=state, error=error, ended=now(), process=None)
        self.writer.close()
        with contextlib.suppress(OSError):
            sums.record(self.run.path, sums.GROWING.__contains__)
            self.run.file(STOP_ASKED).unlink(missing_ok=True)
        self._held.close()
        if self.sender:
            self.sender.finish()

    def _measure_all(self) -> None:
        """What is kept of a network beside its curves. Whatever of it fails becomes a remark."""
        if self.foreign is None or self.snapshots is None or not self.epoch:
            return
        self.writer.status(state="evaluating")
        foreign, snapshots, codes = self.foreign, self.snapshots, self.codes
        for failed, step in (
            ("the last reconstructions were not drawn", lambda: self._draw_panel(snapshots, last=True)),
            ("the last codes were not kept", lambda: codes and self._keep_codes(codes, last=True)),
            ("the network itself was not kept, so it cannot be run here", lambda: self._keep(foreign)),
            ("the network was not measured", lambda: self._measure(foreign)),
        ):
            try:
                step()
            except Exception as error:  # the training is over, and what it logged is there
                self.remarks.append({"kind": "recording", "text": f"{failed}: {error or type(error).__name__}"})
                self.writer.status(remarks=self.remarks)

    def _keep(self, foreign: Foreign) -> None:
        files = onnx_files(foreign, torch.from_numpy(np.array(self.images.x_test[:20])))
        self.run.write_files({WEIGHTS: safetensors.numpy.save(files)})
        self.about = self.about | {"network": "onnx"}
        self.writer.status(recorded=self.about)

    def _measure(self, foreign: Foreign) -> None:
        weights = sums.digest(self.run.path, WEIGHTS) if self.run.file(WEIGHTS).is_file() else ""
        test, labels = test_set(self.images)
        with foreign.undisturbed():
            found = evaluate_all(foreign.network, test, labels, self.experiment, self.run.id, weights)
            self.run.write_json(EVALUATION, {"evaluations": found})
            save_codes(self.run, foreign.network, test, labels, weights)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.ended:
            return
        if error is None:
            self.finish()
        elif isinstance(error, KeyboardInterrupt | SystemExit):
            self._end("stopped")
        else:
            text = str(error).strip().splitlines()
            self._end("failed", f"{type(error).__name__}: {text[0]}" if text else type(error).__name__)

    def __repr__(self) -> str:
        return f"<aecore run {self.id}, {count(self.epoch, 'epoch')}>"
