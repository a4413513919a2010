"""One step of the optimizer, in the number format and the way that suit the device.

With bfloat16 a twin of the model does the arithmetic, and its gradients update the model's own weights, which stay in
float32 (Micikevicius et al. 2018; bfloat16's range makes their loss scaling unnecessary). On a GPU the step is recorded
once as a CUDA graph and replayed, so that no Python runs between its kernels. Where the schedule changes what a graph
would fix, the optimizer's part stays outside; where recording fails, the steps are taken one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from aecore.config.experiment import Experiment
from aecore.config.sections import Training
from aecore.data.shard import BatchShard
from aecore.data.streamed import Streamed
from aecore.errors import UserError
from aecore.models.condition import Condition
from aecore.models.network import Network
from aecore.training.batches import Batches
from aecore.training.checkpoint import State, graphed
from aecore.training.distributed import SINGLE_PROCESS, Group
from aecore.training.loss import Classes, Loss, loss_of

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
WARM_UP = 3
"""Steps before a graph is recorded, in which libraries choose their kernels and the optimizer creates its state."""


class _Recorded(NamedTuple):
    graph: torch.cuda.CUDAGraph
    read: Tensor
    """Where the graph reads a batch's indices from."""
    gradients: list[Tensor | None]
    """Where it leaves the gradient of each of the network's weights; empty if it changes the weights itself."""


def recordable(device: torch.device) -> bool:
    """Whether the device's steps can be recorded."""
    return device.type == "cuda"


class Step:
    """Trains the model of `state` on one batch after another; a change of `state.optimizer` needs `forget_graphs`."""

    def __init__(
        self,
        experiment: Experiment,
        state: State,
        train: Tensor | Streamed,
        precision: str = "float32",
        group: Group = SINGLE_PROCESS,
        classes: Tensor | None = None,
    ) -> None:
        """`train` is uint8 (N, C, H, W) on the training device, `classes` int64 (N,) there, where network or loss need
        them; each process of `group` takes its rows of a batch."""
        if group.world > 1 and (one := _by_one_process(experiment)):
            raise UserError(f"{one} is trained by one process, not by {group.world}")
        self.training, self.state, self.group = experiment.training, state, group
        # What computes on the CPU cannot be part of a graph.
        self.on_host = experiment.corruption.jpeg > 0 or experiment.corruption.kind == "poisson"
        self.batches = Batches(train, experiment, state, DTYPES[precision], classes)
        self.class_count = 0 if classes is None else int(classes.max()) + 1
        self.model = state.model
        self.network = self.model if precision == "float32" else self.model.twin(DTYPES[precision])
        pairs = zip(self.model.parameters(), self.network.parameters(), strict=True)
        self.twins = [(own, short) for own, short in pairs if own is not short]
        for own, _ in self.twins:
            own.grad = torch.zeros_like(own)
        self.shared_loss = group.wrap(_LossModule(self.network, self.training), state.device)
        self.sums = torch.zeros(4, device=state.device)
        """Sums of the losses of the steps so far, on the device: as reported, reconstruction, KL and penalty; this
        process's share."""
        self.warmth = torch.ones((), device=state.device)
        """Share of β that the KL divergence has in the next step."""
        # A summed loss is logged per image, so that the last, smaller batch counts as what it is.
        self.per_image = self.training.reduction == "sum"
        self.logged = torch.zeros((), device=state.device)
        """Sum of the losses since it was last cleared, this process's share; a summed loss per image."""
        self.whole = graphed(self.training, state.device)
        """Whether a recorded step holds the optimizer's part too."""
        self.graphs: dict[int, _Recorded] = {}
        self.unrecorded = ""
        """Why steps are not recorded as graphs, in one line, after an attempt that failed."""

    def begin(self, batches: Sequence[Tensor]) -> None:
        """Announce the batches of an epoch, int64 (B,) each; the steps take them in this order."""
        self.batches.begin(batches, self.group.shard)

    def __call__(self, chosen: Tensor) -> None:
        """Train on the images with these indices, int64 (B,)."""
        shard = self.group.shard(len(chosen))
        self.batches.fetch(len(chosen) if shard is None else len(chosen[shard.rows]))
        # Recording DistributedDataParallel would need a warm-up with the same collectives in all processes, and Python
        # does not slow down a step that is large enough to share.
        alone = self.group.world == 1 and not self.on_host
        if not alone or self.unrecorded or not recordable(self.state.device):
            self._train(chosen)
            return
        if len(chosen) not in self.graphs and not self._recorded(chosen):
            self._train(chosen)
            return
        recorded = self.graphs[len(chosen)]
        recorded.read.copy_(chosen)
        recorded.graph.replay()
        if recorded.gradients:
            for weights, gradient in zip(self.network.parameters(), recorded.gradients, strict=True):
                weights.grad = gradient
            self._update()

    def forget_graphs(self) -> None:
        self.graphs.clear()

    def renew(self) -> None:
        """Copy weights that were changed from outside into the twin."""
        with torch.no_grad():
            for own, short in self.twins:
                short.copy_(own)

    def _train(self, chosen: Tensor) -> None:
        self._differentiate(chosen)
        self._update()

    def _differentiate(self, chosen: Tensor) -> None:
        """Leave the batch's gradient in the network, and its loss in the sums."""
        self.network.zero_grad(set_to_none=True)
        shard = self.group.shard(len(chosen))
        loss = self._loss_of_shard(chosen, shard) if shard else self._loss_of_batch(chosen)
        with torch.no_grad():
            reported = loss.reported(self.training.beta)
            self.sums[0] += reported
            if loss.kl is not None:
                self.sums[1] += loss.reconstruction
                self.sums[2] += loss.kl
            if loss.penalty is not None:
                self.sums[3] += loss.penalty
            if self.training.log_every:
                self.logged += reported / (len(chosen) if self.per_image else 1)

    @torch.no_grad()
    def _update(self) -> None:
        """Change the weights by the gradient that is in the network."""
        for own, short in self.twins:
            own.grad.copy_(short.grad)  # type: ignore[union-attr, arg-type]
        if self.training.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.training.clip)
        self.state.optimizer.step()
        for own, short in self.twins:
            short.copy_(own)
        if self.state.average:
            self.state.average.update()

    def _loss_of_batch(self, chosen: Tensor) -> Loss:
        """The batch's loss, its gradient left in the network."""
        batch = self.batches.take(chosen)
        classes = None if batch.classes is None else Classes(batch.classes, self.class_count)
        loss = loss_of(
            self.network, batch.noisy, batch.clean, self.training, batch.condition, self.warmth, classes=classes
        )
        loss.total.backward()
        return loss

    def _loss_of_shard(self, chosen: Tensor, shard: BatchShard) -> Loss:
        """What these rows add to the batch's loss; the gradient of the whole batch is left in the network."""
        batch = self.batches.take(chosen, shard)
        with self.model.rng.for_shard(shard):
            loss: Loss = self.shared_loss(batch.noisy, batch.clean, batch.condition, self.warmth)
        # The mean over these rows counts by their share of the batch, a sum in full, and a placeholder row not at all.
        weight = shard.weight if self.training.reduction == "mean" else float(shard.weight > 0)
        # DistributedDataParallel averages the gradients over the processes, where they should be added.
        (loss.total * (weight * self.group.world)).backward()
        with torch.no_grad():
            kl, penalty = (None if part is None else part * weight for part in (loss.kl, loss.penalty))
            return Loss(loss.total * weight, loss.reconstruction * weight, kl, penalty)

    def _recorded(self, chosen: Tensor) -> bool:
        """Record the step for batches of this size; false, with the reason in `unrecorded` and the state as it was,
        where that fails. Running out of memory is no such failure: the step itself would not fit."""
        before = self._copy()
        try:
            self.graphs[len(chosen)] = self._record(chosen, before)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self.unrecorded = str(error).strip().partition("\n")[0] or type(error).__name__
            self.graphs.clear()
            self._renew_generators()
            self._restore(before)
        return not self.unrecorded

    def _record(self, chosen: Tensor, before: tuple[dict[str, Tensor], list[Tensor]]) -> _Recorded:
        """The step for batches of this size as a graph. The state is left as it was `before`."""
        read, work = chosen.clone(), self._train if self.whole else self._differentiate
        side_stream = torch.cuda.Stream()
        side_stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side_stream):
            for _ in range(WARM_UP):
                work(read)
        torch.cuda.current_stream().wait_stream(side_stream)
        graph = torch.cuda.CUDAGraph()
        for generator in self._generators():
            graph.register_generator_state(generator)
        with torch.cuda.graph(graph):
            work(read)
        self._restore(before)
        gradients = [] if self.whole else [weights.grad for weights in self.network.parameters()]
        return _Recorded(graph, read, gradients)

    def _generators(self) -> list[torch.Generator]:
        own = self.model.rng.generator
        return [self.state.noise] + ([own] if own is not None else [])

    def _renew_generators(self) -> None:
        """Other generators in place of those that a broken recording may have left unusable."""
        self.state.noise = torch.Generator(self.state.device)
        if self.model.rng.generator is not None:
            self.model.rng.generator = torch.Generator(self.state.device)

    def _tensors(self) -> dict[str, Tensor]:
        """Everything on the device that a step changes and a later one reads, by name."""
        tensors = dict(self.model.state_dict()) | {"sums": self.sums, "logged": self.logged}
        if average := self.state.average:
            tensors |= {f"average.{name}": value for name, value in average.network.state_dict().items()}
            tensors["average_steps"] = average.steps
        for number, weights in enumerate(self.model.parameters()):
            for name, value in self.state.optimizer.state.get(weights, {}).items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer.{number}.{name}"] = value
        return tensors

    def _copy(self) -> tuple[dict[str, Tensor], list[Tensor]]:
        tensors = {name: value.detach().clone() for name, value in self._tensors().items()}
        return tensors, [generator.get_state() for generator in self._generators()]

    @torch.no_grad()
    def _restore(self, before: tuple[dict[str, Tensor], list[Tensor]]) -> None:
        tensors, states = before
        for name, value in self._tensors().items():
            # State that the optimizer has created meanwhile starts from zero, as it would have.
            value.copy_(tensors[name]) if name in tensors else value.zero_()
        for generator, state in zip(self._generators(), states, strict=True):
            generator.set_state(state)
        self.renew()


def _by_one_process(experiment: Experiment) -> str:
    """What cannot be trained by several processes; empty for nothing."""
    if experiment.model.bottleneck.quantise == "vq":
        return "a codebook (bottleneck.quantise = 'vq')"
    if experiment.training.free_bits:  # a unit's mean over the whole batch decides
        return "a VAE with free bits (training.free_bits)"
    if experiment.training.prototypical:  # so do the means of a class
        return "a prototypical loss (training.prototypical)"
    return "a contractive penalty (training.contractive)" if experiment.training.contractive else ""


class _LossModule(nn.Module):
    """The loss as a module, which is what DistributedDataParallel wraps."""

    def __init__(self, network: Network, settings: Training) -> None:
        super().__init__()
        self.network, self.settings = network, settings

    def forward(self, noisy: Tensor, clean: Tensor, condition: Condition, warmth: Tensor) -> Loss:
        return loss_of(self.network, noisy, clean, self.settings, condition, warmth)
