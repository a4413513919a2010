"""The remarks on a run while it trains: assessed after every epoch, kept in status.json."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aecore.config.experiment import Experiment
from aecore.data.custom.folder import is_picture
from aecore.data.custom.understood import Understood
from aecore.format import count
from aecore.metrics.health import Seen, assess
from aecore.metrics.loss_curves import not_finite
from aecore.metrics.remark import Remark
from aecore.metrics.split import Split
from aecore.runs.run import Run
from aecore.training.loop import Epoch
from aecore.training.outputs import Status


def left_out(understood: Understood | None) -> Remark | None:
    """That pictures of the user's own images could not be used, which the arrays do not show."""
    if understood is None:
        return None
    unused = [entry["name"] for entry in understood.left_out if is_picture(entry["name"])]
    if not unused:
        return None
    number = max(len(unused), understood.left_out_count if len(unused) == len(understood.left_out) else 0)
    used = sum(understood.train.values()) + sum(understood.test.values())
    names = ", ".join(unused[:3]) + (", …" if number > 3 else "")
    text = f"{number:,} of {count(number + used, 'picture')} could not be used and were left out: {names}"
    return Remark("left-out", text, number, number + used)


class Assessor:
    """Follows a run's epochs and writes its remarks: other ones at once, other numbers in them when status.json is
    due."""

    def __init__(
        self,
        run: Run,
        status: Status,
        experiment: Experiment,
        split: Split,
        values: int,
        units: int,
        epoch: int,
        standing: Sequence[Remark],
    ) -> None:
        """`values` are those of an image, C·H·W, `units` those of the code; `epoch` is how far the run had come when it
        was resumed, else 0; `standing` is what can be said against images and settings whatever the run makes of
        them."""
        self.standing = list(standing)
        """Remarks that do not come from the losses and stay to the end."""
        self.status, self.experiment, self.split, self.units = status, experiment, split, units
        low, high = experiment.model.value_range
        per_image = values if experiment.training.reduction == "sum" else 1
        squared = experiment.model.likelihood == "gaussian"
        self.mean_error = split.mean_image_mse * (high - low) ** 2 * per_image if squared else 0.0
        """The mean image's error in the scale of the losses; 0 where they are no squared errors and it is not known."""
        earlier = [(line["train_loss"], line["test_loss"]) for line in run.metrics() if line["epoch"] <= epoch]
        self.count = len(earlier)
        """Epochs whose losses are known."""
        # An array, as converting a list of many thousand epochs after each of them would take longer than a short one.
        self.losses = np.empty((2, max(experiment.training.epochs, self.count)))
        if earlier:
            self.losses[:, : self.count] = np.array(earlier, np.float64).T
        self.last: Epoch | None = None
        self.kinds: list[str] | None = None
        """The kinds of the remarks that were written last."""

    def begin(self) -> None:
        """Write what is known before the first epoch; a resumed run keeps its remarks until its next epoch."""
        if not self.count:
            self._write(assess(self.experiment.model, self.split), None)

    def unrecorded(self, why: str) -> None:
        """Note, with the next epoch's remarks, that the steps are slower than they could be."""
        text = f"the GPU could not record the steps as a graph, so each is started by Python, which is slower: {why}"
        self.standing.append(Remark("unrecorded", text))

    def unkept(self, why: str) -> None:
        """Note that the codes over the epochs are not kept any more: at once, as that may be after the last epoch."""
        text = f"the codes over the epochs could not be kept, so Latent space cannot show them to the end: {why}"
        self.standing.append(Remark("unkept", text))
        if self.last is not None:
            self._assess(self.last, final=self.last.epoch == self.experiment.training.epochs)

    def epoch(self, epoch: Epoch) -> None:
        """Assess the run after an epoch with finite losses; the last of the experiment is final."""
        self.losses[:, self.count] = epoch.train_loss, epoch.test_loss
        self.count += 1
        self.last = epoch
        self._assess(epoch, final=epoch.epoch == self.experiment.training.epochs)

    def end(self) -> None:
        """Assess a run that was stopped as one that has ended."""
        if self.last is not None:
            self._assess(self.last, final=True)

    def diverged(self, epoch: Epoch) -> None:
        """Write that the loss is no longer finite after `epoch`."""
        found = not_finite(epoch.train_loss, epoch.test_loss, epoch.epoch, self.experiment.training.lr)
        known = assess(self.experiment.model, self.split)
        self._write([*([found] if found else []), *known], epoch.epoch, final=True)

    def _assess(self, epoch: Epoch, final: bool) -> None:
        train, test = self.losses[:, : self.count]
        seen = Seen(
            train,
            test,
            epoch.error,
            self.mean_error,
            self._dead(epoch),
            self.units,
            epoch.collapsed_units,
            epoch.output,
        )
        self._write(assess(self.experiment.model, self.split, seen, final), epoch.epoch, final)

    def _dead(self, epoch: Epoch) -> int:
        """Dead units of the code. Of a quantised one a place may well be the same for all images, such as a corner: it
        is dead where all of it is."""
        vectors = epoch.parts.get("used_vectors")
        if vectors is None:
            return epoch.dead_units or 0
        return self.units if vectors <= 1 else 0

    def _write(self, remarks: list[Remark], epoch: int | None, final: bool = False) -> None:
        remarks = remarks + self.standing
        kinds, entries = [remark.kind for remark in remarks], [remark.as_json(epoch) for remark in remarks]
        if final or kinds != self.kinds:
            self.status.write(remarks=entries)
        elif entries:
            self.status.write_if_due(remarks=entries)
        self.kinds = kinds
