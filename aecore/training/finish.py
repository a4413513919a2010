"""What is done once a model is trained: it is measured on the whole test set, and its codes are kept."""

from __future__ import annotations

import time

from aecore.metrics.evaluation import evaluate_all
from aecore.metrics.robustness import keep_strengths, levels
from aecore.runs import sums
from aecore.runs.progress import Report
from aecore.runs.run import EVALUATION, WEIGHTS, Run
from aecore.training.checkpoint import State
from aecore.training.loop import Images
from aecore.training.outputs import Status, save_codes

SHARE_FOR_STRENGTHS = 0.05
"""What noise of every strength does is measured where that takes less than this share of the training's time; it can be
asked for later."""


def evaluate_run(run: Run, state: State, images: Images, status: Status, report: Report) -> None:
    """Measure the finished model, and keep the codes."""
    status.write(state="evaluating", epoch=state.epoch, step=0, steps=0)
    weights, experiment = sums.digest(run.path, WEIGHTS), run.experiment()
    model, test, labels = state.measured, images.test, images.test_labels
    begun = time.monotonic()
    results = evaluate_all(model, test, labels, experiment, run.id, weights, report)
    once = (time.monotonic() - begun) / max(len(results), 1)
    run.write_json(EVALUATION, {"evaluations": results})
    if state.measured.has_code:
        save_codes(run, model, test, labels, weights)
    if results and len(levels(experiment)) * once < SHARE_FOR_STRENGTHS * state.seconds:
        try:
            keep_strengths(run, model, test, labels, weights, report)
        except Exception as error:  # whatever it is, the run has been trained, and nobody asked for it
            print(f"the strengths of noise were not measured: {error or type(error).__name__}", flush=True)
