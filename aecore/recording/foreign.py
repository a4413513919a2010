"""The network of a recorded loop as two functions of tensors, measured without disturbing its training."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from aecore.config.model import WIDEST_CODE, Model
from aecore.errors import UserError
from aecore.models.external import External


def two_functions(model: Any, encoder: Any, decoder: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What encodes and what decodes: those that are given, else the methods `encode` and `decode` of the model, else
    its parts `encoder` and `decoder`. Raises `UserError` where there are not both."""
    found = []
    for given, method, part in ((encoder, "encode", "encoder"), (decoder, "decode", "decoder")):
        function = given if given is not None else getattr(model, method, None) or getattr(model, part, None)
        if not callable(function):
            raise UserError(
                f"record needs to know what the network's {part} is: give it a model with methods encode and decode, "
                f"or with parts encoder and decoder, or say {part}="
            )
        found.append(function)
    return found[0], found[1]


class Foreign:
    """The live network of a loop: `network` has the methods of ours, `model` is its description."""

    def __init__(
        self, model: Any, encoder: Any, decoder: Any, image_shape: tuple[int, int, int], range_: str, images: Tensor
    ) -> None:
        """`images` uint8 (N, C, H, W) are tried: they give the size of a code, and whether the encoder takes images or
        rows of numbers. Raises `UserError` for what cannot be used."""
        self.encode, self.decode = two_functions(model, encoder, decoder)
        given = (model, encoder, decoder, *(getattr(part, "__self__", None) for part in (encoder, decoder)))
        self.modules = [part for part in given if isinstance(part, nn.Module)]
        weights = [weight for part in self.modules for weight in part.parameters()]
        self.parameters = sum({id(weight): weight.numel() for weight in weights}.values())
        self.device = weights[0].device if weights else torch.device("cpu")
        self.dtype = weights[0].dtype if weights else torch.float32
        self.flat = False
        with self.undisturbed():
            unit = images.float() / 255
            size = self._code_size(unit if range_ == "unit" else 2 * unit - 1)
        self.model = Model(kind="external", range=range_, bottleneck={"size": size})  # type: ignore[arg-type]
        self.network = External(self.model, image_shape, self._codes, self._images)
        with self.undisturbed():
            output = self.network(self.network.from_bytes(images))
        if not bool(torch.isfinite(output).all()):
            raise UserError("the network returns NaN or infinity")

    def _code_size(self, images: Tensor) -> int:
        """Numbers in a code; finds out whether images go in as they are or as rows."""
        failures = []
        for flat in (False, True):
            self.flat = flat
            try:
                codes = self._codes(images)
                self.code_shape = tuple(codes.shape[1:])  # a map goes back as a map
                self._images(codes.flatten(1)).reshape(images.shape)
            except Exception as error:  # whatever a network raises for a shape that it does not take
                failures.append(f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}")
                continue
            size = codes[0].numel()
            if size > WIDEST_CODE:
                raise UserError(f"a code has {size:,} numbers; at most {WIDEST_CODE:,} are looked at")
            return size
        shape = " × ".join(map(str, images.shape[1:]))
        raise UserError(f"the network does not take images of {shape}: {failures[0]}; and as rows: {failures[1]}")

    code_shape: tuple[int, ...] = ()

    def _codes(self, images: Tensor) -> Tensor:
        given = images.to(self.device, self.dtype)
        return first(self.encode(given.flatten(1) if self.flat else given)).float().to(images.device)

    def _images(self, codes: Tensor) -> Tensor:
        given = codes.to(self.device, self.dtype)
        return (
            first(self.decode(given.reshape(len(given), *self.code_shape) if self.code_shape else given))
            .float()
            .to(codes.device)
        )

    @contextlib.contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Evaluation mode, no gradients and random numbers of its own inside the block; afterwards all as before."""
        modes = [(part, part.training) for module in self.modules for part in module.modules()]
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices), torch.no_grad():
            torch.manual_seed(0)
            for module in self.modules:
                module.eval()
            try:
                yield
            finally:
                for part, training in modes:
                    part.training = training


def first(output: Any) -> Tensor:
    """A function's tensor: of several that it returns, as a VAE's encoder does (mean, log-variance), the first."""
    while isinstance(output, tuple | list) and output:
        output = output[0]
    if not isinstance(output, Tensor):
        raise UserError(f"the network returns a {type(output).__name__}, not a tensor")
    return output


class Part(nn.Module):
    """One of the functions as a module of its own, for the exporter: from images (B, C, H, W) or codes (B, n)."""

    def __init__(self, foreign: Foreign, side: str) -> None:
        super().__init__()
        self.owners = nn.ModuleList(foreign.modules)
        self.foreign, self.side = [foreign], side  # in a list: no module of this one

    def forward(self, values: Tensor) -> Tensor:
        foreign = self.foreign[0]
        if self.side == "encoder":
            return first(foreign.encode(values.flatten(1) if foreign.flat else values)).flatten(1)
        codes = values.reshape(-1, *foreign.code_shape) if len(foreign.code_shape) != 1 else values
        return first(foreign.decode(codes)).reshape(-1, *foreign.network.plan.image_shape)
