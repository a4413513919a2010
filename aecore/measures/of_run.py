"""Measuring a run: every measure that applies to it, and why the others do not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import torch

from aecore import access
from aecore.errors import AecoreError, OutdatedError, UserError, told
from aecore.measures import anomalies, code, reconstruction, samples
from aecore.measures.subject import Subject, some
from aecore.metrics import likelihood
from aecore.metrics.bootstrap import mean_interval
from aecore.models import subnormals
from aecore.models.autoencoder import Autoencoder
from aecore.models.condition import Condition
from aecore.models.network import known_classes
from aecore.runs import sums
from aecore.runs.measures import Measures, read_measures, write_measures
from aecore.runs.progress import Report, silent
from aecore.runs.run import WEIGHTS, Run

STEPS: tuple[Callable[[Subject], None], ...] = (
    code.active_units,
    code.codebook,
    reconstruction.reconstruction,
    code.probes,
    code.nearest_neighbours,
    reconstruction.rate,
    samples.samples,
    code.dimension,
    code.unit_correlation,
    anomalies.anomalies,
)
LIKELIHOOD_IMAGES, LIKELIHOOD_SAMPLES = 500, 50
"""What every measurement of a VAE includes; `measure_likelihood` takes more."""


@told("measuring")
def measure(run: Run, device: str = "auto", report: Report = silent) -> Measures:
    """Measure a run and keep what was found in it. Raises `AecoreError` where its images or weights are lacking."""
    access.check("measuring", run, role="manage" if run.shipped else "train")
    return measure_run(run, device, report)


@subnormals.as_zero()
def measure_run(run: Run, device: str = "auto", report: Report = silent) -> Measures:
    """The same for whoever trains the run."""
    if not run.experiment().model.has_code:
        raise UserError(f"run {run.id}: its network has no code, and what is measured is what a code is worth")
    begun = time.monotonic()
    weights = sums.digest(run.path, WEIGHTS)  # before they are read: a training may replace them meanwhile
    subject = Subject.open(run, device, report)
    if not np.isfinite(subject.test_codes).all():
        raise AecoreError(f"run {run.id}: its codes are not finite; its weights are damaged or its training diverged")
    for number, step in enumerate(STEPS):
        report("measuring", number, len(STEPS) + 1, step.__name__.replace("_", " "))
        step(subject)
    report("measuring", len(STEPS), len(STEPS) + 1, "likelihood")
    _likelihood(subject, LIKELIHOOD_SAMPLES, LIKELIHOOD_IMAGES)
    about = {
        "weights": weights,
        "run": run.id,
        "data": subject.experiment.data.source,
        "corruption": "none",
        "train_images": len(subject.x_train),
        "test_images": len(subject.x_test),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - begun, 1),
    }
    found = Measures(subject.measures, subject.lacking, about)
    write_measures(run, found, subject.images)
    return read_measures(run) or found


@told("measuring")
@subnormals.as_zero()
def measure_likelihood(
    run: Run,
    count: int = likelihood.SAMPLES[-1],
    images: int = LIKELIHOOD_IMAGES,
    device: str = "auto",
    report: Report = silent,
) -> Measures:
    """Add the importance-weighted bound with so many samples to a run's measures, on so many test images.

    Raises `UserError` for a run that is no VAE or was not measured yet.
    """
    access.check("measuring", run, role="manage" if run.shipped else "train")
    try:
        known = read_measures(run)
    except OutdatedError:
        known = None
    if known is None:
        raise UserError(f"run {run.id} was not measured yet; use 'aecore measure {run.id}' first")
    subject = Subject.open(run, device, report)
    _likelihood(subject, count, images)
    if "likelihood" in subject.lacking:
        raise UserError(f"run {run.id} has no likelihood: {subject.lacking['likelihood']}")
    found = Measures(known.measures | {"likelihood": subject.measures["likelihood"]}, known.lacking, known.about)
    write_measures(run, found)
    return found


@torch.inference_mode()
def _likelihood(subject: Subject, count: int, images: int) -> None:
    model = subject.model
    if not model.gaussian:
        subject.lacking["likelihood"] = "only a VAE bounds one"
        return
    if subject.run.status().get("imported"):
        subject.lacking["likelihood"] = (
            "the run was imported: the loss that it was trained with, which implies the observation model, is not known"
        )
        return
    chosen = some(len(subject.x_test), images)
    if isinstance(model, Autoencoder) and model.bernoulli:
        observation = likelihood.Observation("bernoulli")
        if not np.isin(subject.x_test[chosen], (0, 255)).all():
            subject.lacking["likelihood"] = (
                "the images are not black and white, so that a Bernoulli likelihood is none of theirs"
            )
            return
    else:
        observation = likelihood.observation_of(subject.experiment.training, subject.values, subject.units)
    if observation is None:
        subject.lacking["likelihood"] = "training.beta is 0: the loss implies no observation model"
        return
    classes = known_classes(model, subject.y_test[chosen])

    def decode(codes: torch.Tensor, number: int) -> torch.Tensor:
        told = Condition(None if classes is None else classes[number].expand(len(codes)))
        assert isinstance(model, Autoencoder)
        return model.decode(codes, told, logits=model.bernoulli).flatten(1).float()

    given = model.from_bytes(subject.to_device(subject.x_test[chosen]))
    generator = torch.Generator(subject.device).manual_seed(0)
    found = likelihood.bounds(
        given.flatten(1),
        model.distribution(given, Condition(classes)),
        decode,
        observation,
        count,
        generator,
        lambda done, of: subject.report("bounding", done, of, f"{count:,} samples"),
    )
    # A density on the model's range becomes one on [0, 1]: every pixel's is stretched by the range.
    shift = subject.values * float(np.log(model.high - model.low))
    by_samples = [
        {"samples": number, **mean_interval(values.numpy() + shift).as_json()}
        for number, values in sorted(found.items())
    ]
    subject.measures["likelihood"] = {
        **{name: by_samples[-1][name] for name in ("value", "low", "high")},
        "elbo": by_samples[0]["value"],
        "samples": count,
        "test_images": len(chosen),
        "by_samples": by_samples,
        "observation": observation.name,
        **({"std": observation.std / (model.high - model.low)} if observation.std else {}),
        **({"given": "class"} if model.conditional else {}),
        "published": None,
    }
