"""Converts the runs of a store to TensorBoard's event files or MLflow's database: a script for the peer's interpreter,
`python peer_stores.py tensorboard|mlflow STORE FOLDER`. It does not need this project.

Runs that are already converted are skipped, so that a store can grow. The peers get the three curves from metrics.jsonl
that a training script would log: training loss, test loss and learning rate.
"""

import json
import sys
from pathlib import Path

LOGGED = ("train_loss", "test_loss", "lr")
BATCH = 1000
"""The most metrics that MLflow accepts at once."""


def lines(run):
    with (run / "metrics.jsonl").open() as file:
        yield from map(json.loads, file)


def to_tensorboard(runs, folder):
    from tensorboard.compat.proto.event_pb2 import Event  # pyright: ignore[reportMissingImports, reportAttributeAccessIssue]
    from tensorboard.compat.proto.summary_pb2 import Summary  # pyright: ignore[reportMissingImports, reportAttributeAccessIssue]
    from tensorboard.summary.writer.event_file_writer import EventFileWriter  # pyright: ignore[reportMissingImports]

    for run in runs:
        if (folder / run.name).exists():
            continue
        writer = EventFileWriter(str(folder / run.name))
        for line in lines(run):
            values = [Summary.Value(tag=name, simple_value=line[name]) for name in LOGGED]
            writer.add_event(Event(wall_time=line["seconds"], step=line["epoch"], summary=Summary(value=values)))
        writer.close()


def to_mlflow(runs, folder):
    from mlflow.entities import Metric, Param  # pyright: ignore[reportMissingImports]
    from mlflow.tracking import MlflowClient  # pyright: ignore[reportMissingImports]

    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    known = client.get_experiment_by_name("runs")
    record = folder / "converted.json"
    done = set(json.loads(record.read_text())) if record.exists() else set()
    number = known.experiment_id if known else client.create_experiment("runs", artifact_location=str(folder / "files"))
    for run in runs:
        if run.name in done:
            continue
        settings = json.loads((run / "experiment.json").read_text())
        made = client.create_run(number, run_name=run.name).info.run_id
        found = [
            Metric(name, line[name], int(line["seconds"] * 1000), line["epoch"])
            for line in lines(run)
            for name in LOGGED
        ]
        params = [Param("data", settings["data"]["name"]), Param("lr", str(settings["training"]["lr"]))]
        client.log_batch(made, found[:BATCH], params)
        for at in range(BATCH, len(found), BATCH):
            client.log_batch(made, found[at : at + BATCH])
        client.set_terminated(made)
        done.add(run.name)
    record.write_text(json.dumps(sorted(done)))


if __name__ == "__main__":
    kind, store, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    target.mkdir(parents=True, exist_ok=True)
    {"tensorboard": to_tensorboard, "mlflow": to_mlflow}[kind](sorted((store / "runs").iterdir()), target)
