"""What lists of runs show of an experiment, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aecore.config.experiment import Experiment


class Asked(NamedTuple):
    """The few settings of a valid experiment that a list needs; it is JSON, unlike the experiment, and needs no
    schema."""

    title: str
    preset: str
    sweep: str
    data: str
    code_size: int | None
    """None where the network has no code."""
    epochs: int
    lr: float
    seed: int
    corruption: str
    """Of the training images, in its written form."""

    @classmethod
    def of(cls, experiment: Experiment) -> Asked:
        model, training = experiment.model, experiment.training
        return cls(
            title=experiment.title,
            preset=experiment.preset,
            sweep=experiment.sweep,
            data=experiment.data.name,
            code_size=model.bottleneck.size if model.has_code else None,
            epochs=training.epochs,
            lr=training.lr,
            seed=training.seed,
            corruption=str(experiment.corruption),
        )
