"""Runs made with the tools themselves, which are optional: tests/requirements-tools.txt.

Used by tests where the tools are installed, and by `python -m tools.tracked_runs` for the files in tests/data/tracked.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LOSSES = [0.9, 0.1 + 0.2, 1 / 3, 1e-30]
"""Numbers that float32 does not have, and a small one."""


def tensorboard(folder: Path) -> None:
    """`simple`: scalars as PyTorch's SummaryWriter writes them, with a restart, an image, and hyperparameters;
    `keras`: two folders with scalars as tensors, as TensorFlow writes them."""
    import numpy as np

    writers, summaries = _tool("tensorboardX"), _tool("tensorboard.summary")
    event_pb2, summary_pb2 = (_tool(f"tensorboard.compat.proto.{name}_pb2") for name in ("event", "summary"))
    event_files = _tool("tensorboard.summary.writer.event_file_writer")

    with writers.SummaryWriter(str(folder / "simple"), filename_suffix=".one") as writer:
        for step, loss in enumerate(LOSSES):
            writer.add_scalar("Loss/train", loss, 10 * step, walltime=1.7e9 + step)
        writer.add_scalar("Loss/val", 0.5, 10, walltime=1.7e9 + 1)
        writer.add_scalar("gan/éclair <b>", float("nan"), 20, walltime=1.7e9 + 2)
        writer.add_image("panel", np.full((1, 4, 4), 0.2, np.float32), 10, walltime=1.7e9 + 3)
        writer.add_image("panel", np.full((1, 4, 4), 0.6, np.float32), 20, walltime=1.7e9 + 3)
        writer.add_histogram("weights", np.arange(5.0), 10, walltime=1.7e9 + 3)
    with writers.SummaryWriter(str(folder / "simple"), filename_suffix=".two") as writer:  # as after a crash
        for step, loss in ((30, 0.25), (40, 0.125)):
            writer.add_scalar("Loss/train", loss, step, walltime=1.7e9 + 100 + step)
        writer.add_hparams({"lr": 0.01, "net": "mlp", "tied": True}, {"best": 0.125}, name="hp")
    for name, offset in (("train", 0.0), ("validation", 1.0)):
        keras = summaries.Writer(str(folder / "keras" / name))
        for step in range(3):
            keras.add_scalar("epoch_loss", np.float32(offset + step / 8), step, wall_time=1.7e9 + step)
        keras.close()
    purged = event_files.EventFileWriter(str(folder / "purged"))
    for step in range(4):
        value = summary_pb2.Summary.Value(tag="loss", simple_value=float(step))
        summary = summary_pb2.Summary(value=[value])
        purged.add_event(event_pb2.Event(step=step, wall_time=1.7e9 + step, summary=summary))
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    purged.add_event(event_pb2.Event(step=2, wall_time=1.7e9 + 9, session_log=start))
    value = summary_pb2.Summary.Value(tag="loss", simple_value=7.0)
    purged.add_event(event_pb2.Event(step=2, wall_time=1.7e9 + 10, summary=summary_pb2.Summary(value=[value])))
    purged.close()


def mlflow(uri: str) -> None:
    """Two runs of an experiment and one that failed, in a store of text files or a database."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    import numpy as np

    tool = _tool("mlflow")

    tool.set_tracking_uri(uri)
    tool.set_experiment("autoencoders: 2")
    for name, scale in (("first", 1.0), ("second: it's 'quoted'", 2.0)):
        with tool.start_run(run_name=name, description="a note\non two lines"):
            tool.log_params({"lr": 0.1, "net": "mlp: 8"})
            tool.set_tag("stage", "draft")
            for step, loss in enumerate(LOSSES):
                tool.log_metric("train/loss", scale * loss, step=5 * step)
            tool.log_metric("val_loss", 0.5, step=5)
            tool.log_metric("val_loss", 0.25, step=5)
            tool.log_metric("odd", math.nan, step=0)
            tool.log_metric("odd", math.inf, step=1)
            for step in (0, 5):
                tool.log_image(np.full((4, 4, 3), 40 * (1 + step), np.uint8), key="panel/noisy", step=step)
    with contextlib.suppress(ZeroDivisionError), tool.start_run(run_name="broken"):
        tool.log_metric("loss", 1.0, step=1)
        raise ZeroDivisionError
    with tool.start_run(run_name="nothing logged"):
        pass


def trackio(folder: Path) -> None:
    """One project with two runs."""
    with _environment(TRACKIO_DIR=str(folder), HF_HUB_OFFLINE="1", GRADIO_ANALYTICS_ENABLED="False"):
        import numpy as np

        tool = _tool("trackio")

        for name, scale in (("first", 1.0), ("second", 2.0)):
            tool.init(project="codes", name=name, config={"lr": 0.1, "net": {"width": 8}}, embed=False)
            for step, loss in enumerate(LOSSES):
                odd = (math.nan, math.inf, -math.inf, 1.0)[step]
                tool.log({"train_loss": scale * loss, "odd": odd, "more": {"a": step}, "word": "x"}, step=3 * step)
            tool.log({"val_loss": 0.5, "picture": tool.Image(np.full((4, 4, 3), 90, np.uint8))}, step=9)
            tool.finish()


def _tool(name: str) -> Any:
    return importlib.import_module(name)


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def shrink(path: Path, *tables: str) -> None:
    """Leave only these tables of a database, which then takes a few kilobytes and not half a megabyte."""
    with contextlib.closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA journal_mode = DELETE")
        base.execute("PRAGMA foreign_keys = OFF")
        found = [row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in found:
            if name not in tables and not name.startswith("sqlite_"):
                base.execute(f'DROP TABLE "{name}"')
        if "tags" in tables:  # who made it, and where
            base.execute("DELETE FROM tags WHERE key LIKE 'mlflow.source%' OR key = 'mlflow.user'")
            base.execute("UPDATE runs SET user_id = '', source_name = '', artifact_uri = ''")
            base.execute("UPDATE experiments SET artifact_location = ''")
        base.commit()
        base.execute("PRAGMA page_size = 512")
        base.execute("VACUUM")
