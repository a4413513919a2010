"""`python -m tools.tracked_runs` writes tests/data/tracked with the tools of tests/requirements-tools.txt."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.helpers import real_tools
from tests.helpers.paths import ROOT

TARGET = ROOT / "tests" / "data" / "tracked"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        real_tools.tensorboard(made / "tensorboard")
        real_tools.mlflow((made / "mlflow" / "mlruns").as_uri())
        real_tools.mlflow(f"sqlite:///{made / 'mlflow.db'}")
        real_tools.shrink(made / "mlflow.db", "experiments", "runs", "metrics", "params", "tags")
        real_tools.trackio(made / "trackio")
        real_tools.shrink(made / "trackio" / "codes.db", "metrics", "configs", "system_metrics")
        shutil.rmtree(TARGET, ignore_errors=True)
        for source in sorted(path for path in made.rglob("*") if path.is_file()):
            place = source.relative_to(made)
            who = source.name.startswith(("mlflow.source", "mlflow.user"))
            kept = {"mlruns", "media"}.intersection(place.parts) and not source.stem.endswith("compressed")
            if not who and ("tfevents" in source.name or source.suffix == ".db" or kept):
                (TARGET / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, TARGET / place)


if __name__ == "__main__":
    main()
