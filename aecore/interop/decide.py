"""What a checkpoint's network is: the candidates in order, and whether images decide between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from aecore.config.experiment import Experiment, keys
from aecore.errors import UserError
from aecore.interop.checkpoint import Checkpoint
from aecore.interop.describe import settings_of, text_of, weights_of
from aecore.interop.functions import Functions, Network
from aecore.interop.geometry import geometries
from aecore.interop.match_layers import match_layers
from aecore.interop.parts import MismatchError, Skeleton
from aecore.interop.reading import Limits, Reading
from aecore.interop.search import LAST_IMAGES, alike, mean_image_error, search
from aecore.interop.skeleton import skeletons
from aecore.interop.verdict import Candidate, Decision, compared, move_up, verdict_of
from aecore.interop.windows import Window
from aecore.models.architecture import plan
from aecore.models.autoencoder import Autoencoder
from aecore.models.layer import Shape
from aecore.presets import presets

LISTED, SHOWN = 5, 8
"""How many candidates are kept, and of how many images their reconstructions."""
FIXED = ("model.activation", "model.bottleneck.activation", "model.output", "model.range", "model.conv")
"""What a user may fix of a network that is searched; everything else of it follows from the file."""
SAMPLE = "model.bottleneck.sample"
IMPORTED = {"evaluation.corruptions": ["none", "gaussian:0.2"]}
"""What an imported model without a preset is measured under."""


def first_guess(checkpoint: Checkpoint, shape: Shape, experiment: Experiment, changes: Mapping[str, Any]) -> Decision:
    """The likeliest network by shapes alone, for where there are no images to try it on."""
    limits = limits_of(changes)
    skeleton, geometry = _first_fitting(_described(skeletons(checkpoint), limits), shape, limits)
    functions = Functions(
        output=limits.output or ("tanh" if limits.symmetric else "sigmoid"),
        encoder=limits.activation or "relu",
        decoder=limits.activation or "relu",
        code=limits.code or (limits.activation or "relu" if geometry.code_map else "none"),
    )
    if skeleton.variational:
        functions = replace(functions, code="none")
    scale = limits.scales(shape[0])[0]
    reading = Reading(skeleton, geometry, replace(functions, scale=scale))
    return Decision((_candidate(reading, shape, experiment, changes),), "untried")


def _first_fitting(found: Sequence[Skeleton], shape: Shape, limits: Limits):
    for skeleton in found:
        fitting = geometries(skeleton, shape, 1, limits.windows)
        if fitting:
            return skeleton, fitting[0]
    raise no_geometry(found[0], shape)


def no_geometry(skeleton: Skeleton, shape: Shape) -> MismatchError:
    """Why no strides and paddings lead through a network for images of `shape`."""
    by = "×".join(map(str, shape))
    first, last = skeleton.encoder[0], skeleton.decoder[-1]
    if first.kind == "linear" and last.kind == "linear" and first.inputs != last.outputs:
        return MismatchError(
            f"{last.name} gives {last.outputs:,} numbers, where {first.name} takes {first.inputs:,}: an autoencoder's "
            "output is as large as its input; if this is an encoder or a decoder alone, give both files",
            len(skeleton.parts) - 1,
        )
    if first.kind == "linear":
        return MismatchError(f"{first.name} takes {first.inputs:,} numbers, and images of {by} have another size", 0)
    if first.inputs != shape[0]:
        return MismatchError(f"{first.name} takes {first.inputs} channels, and images of {by} have {shape[0]}", 0)
    if last.kind != "linear" and last.outputs != shape[0]:
        return MismatchError(f"{last.name} gives {last.outputs} channels, and images of {by} have {shape[0]}", 0)
    return MismatchError(
        f"no strides, paddings, pools and upsamplings lead from images of {by} through its convolutions and back",
        len(skeleton.encoder),
    )


def fitting_pad(checkpoint: Checkpoint, shape: Shape, limits: Limits) -> int | None:
    """By how many pixels images of `shape` must be padded or cropped to go through some reading of the file; None where
    they do not fit."""
    found = _described(skeletons(checkpoint), limits)
    pads = [abs(geometry.pad) for skeleton in found for geometry in geometries(skeleton, shape, 1, limits.windows)]
    return min(pads, default=None)


def decide(
    checkpoint: Checkpoint,
    experiment: Experiment,
    images: Tensor,
    train: Tensor,
    changes: Mapping[str, Any],
) -> Decision:
    """Try every network that the shapes allow on images uint8 (N, C, H, W); `train` gives the mean image.

    Presets whose layers have the file's shapes are candidates like others. Raises `MismatchError` where the layers do
    not make an autoencoder.
    """
    shape: Shape = tuple(images.shape[1:])  # type: ignore[assignment]
    sample, truth = images[:LAST_IMAGES], images[:LAST_IMAGES].float() / 255
    candidates: list[tuple[Candidate, Tensor]] = []
    problem: MismatchError | None = None
    complete = True
    try:
        readings = _described(skeletons(checkpoint), limits_of(changes))
        searched, complete = search(readings, shape, images, limits_of(changes))
        for found in searched:
            candidate = _candidate(found.reading, shape, experiment, changes)
            measured = {"error": found.error, "inner_error": found.inner_error, "score": found.score}
            candidates.append(
                (
                    replace(candidate, **measured, geometry=found.reading.geometry, rarity=found.reading.rarity),
                    found.output,
                )
            )
        if not candidates:
            problem = no_geometry(readings[0], shape)
    except MismatchError as error:
        problem = error
    for name, known in fitting_presets(checkpoint, shape, changes).items():
        output = _output(known, sample)
        error = float((output - truth).square().mean())
        same = [n for n, (other, made) in enumerate(candidates) if alike(output, made, other.error or 0.0)]
        if same:
            other, made = candidates[same[0]]
            merged = known if not other.presets else other
            merged = replace(merged, presets=(*other.presets, name), error=other.error, score=other.score)
            merged = replace(merged, inner_error=other.inner_error, geometry=other.geometry, rarity=other.rarity)
            candidates[same[0]] = replace(merged, settings=other.settings, layers=other.layers, text=other.text), made
        else:
            candidates.append((replace(known, error=error, score=math.log(max(error, 1e-12)), presets=(name,)), output))
    if not candidates:
        assert problem is not None
        raise problem
    candidates.sort(key=lambda pair: pair[0].score)
    move_up(candidates)
    ranked = tuple(replace(candidate, output=output[:SHOWN]) for candidate, output in candidates[:LISTED])
    baseline = mean_image_error(sample, train)
    verdict, why, near = verdict_of(compared([candidate for candidate, _ in candidates]), baseline, complete)
    return Decision(ranked, verdict, baseline, why, near, images[:SHOWN])


def judge(experiment: Experiment, weights: dict[str, Tensor], images: Tensor, train: Tensor) -> Decision:
    """How well one network reconstructs images uint8 (N, C, H, W), without looking for others.

    Raises `UserError` where its layers do not fit the images.
    """
    solved = plan(experiment.model, tuple(images.shape[1:]))  # type: ignore[arg-type]
    candidate = Candidate(experiment, weights, "as given")
    try:
        output = _output(candidate, images[:LAST_IMAGES])
    except RuntimeError:
        by = "×".join(map(str, solved.image_shape))
        raise UserError(f"its layers do not fit images of {by}") from None
    error = float((output - images[:LAST_IMAGES].float() / 255).square().mean())
    candidate = replace(candidate, error=error, score=math.log(max(error, 1e-12)))
    baseline = mean_image_error(images[:LAST_IMAGES], train)
    return Decision((candidate,), "not understood" if error >= baseline else "given", baseline)


def why_not(checkpoint: Checkpoint, shapes: Sequence[Shape], limits: Limits) -> MismatchError:
    """Why images of none of these shapes fit a file's layers."""
    skeleton = _described(skeletons(checkpoint), limits)[0]
    first = skeleton.encoder[0]
    fitting = [shape for shape in shapes if first.inputs in (shape[0], math.prod(shape))]
    if not fitting and len(shapes) > 1:
        what = "numbers" if first.kind == "linear" else "channels"
        return MismatchError(
            f"{first.name} takes {first.inputs:,} {what}, and no images known here have as many; name the images with "
            "--data",
            0,
        )
    return no_geometry(skeleton, (fitting or list(shapes))[0])


def _described(readings: Sequence[Skeleton], limits: Limits) -> list[Skeleton]:
    """The readings whose encoder has the convolutions that the user describes. Raises `MismatchError` if none has."""

    def convolutions(skeleton: Skeleton) -> list[tuple[int, int]]:
        return [(part.outputs, part.kernel) for part in skeleton.encoder if part.kind != "linear"]

    wanted = list(limits.convolutions)
    found = [reading for reading in readings if not wanted or convolutions(reading) == wanted]
    if not found:
        listed = ", ".join(f"{channels}k{kernel}" for channels, kernel in convolutions(readings[0]))
        raise MismatchError(f"model.conv: the file's convolutions are {listed}; give strides and paddings for these", 0)
    return found


def fitting_presets(checkpoint: Checkpoint, shape: Shape, changes: Mapping[str, Any]) -> dict[str, Candidate]:
    """The reports' presets for images of that shape whose layers have the file's shapes. Our own are no guess: a file
    of the same shapes was hardly trained as they were."""
    found = {}
    for name, entry in presets().items():
        if entry.beyond:
            continue
        try:
            experiment = entry.experiment.changed(changes)
            weights = match_layers(checkpoint, plan(experiment.model, shape))
        except UserError:
            continue
        settings = {"preset": name}
        found[name] = Candidate(experiment, weights, f"preset {name}", presets=(), settings=settings)
    return found


def _output(candidate: Candidate, images: Tensor) -> Tensor:
    model = Autoencoder(candidate.experiment.model, tuple(images.shape[1:]))  # type: ignore[arg-type]
    model.load_state_dict(candidate.weights)
    return output_of(model.eval(), images)


@torch.inference_mode()
def output_of(model: Autoencoder, images: Tensor) -> Tensor:
    """Reconstructions of uint8 images on the [0, 1] scale; of a VAE from the mean, as chance must not decide."""
    found = []
    for piece in images.split(100):
        clean = model.from_bytes(piece)
        code = model.distribution(clean)[0] if model.gaussian else model.encode(clean)
        found.append(model.to_unit(model.decode(code)))
    return torch.cat(found)


def _candidate(reading: Reading, shape: Shape, experiment: Experiment, changes: Mapping[str, Any]) -> Candidate:
    net: Network = reading.network(shape)
    settings = settings_of(net, shape)
    # The search has kept to what the changes say of the model.
    left = {key: value for key, value in changes.items() if key not in FIXED}
    made = experiment.changed({**IMPORTED, **settings}).changed(left)
    solved = plan(made.model, shape)
    weights = weights_of(reading.skeleton, solved)
    names = tuple(part.name for part in reading.skeleton.parts)
    return Candidate(made, weights, text_of(net), settings=settings, layers=names, heads=reading.skeleton.how)


def limits_of(changes: Mapping[str, Any]) -> Limits:
    """What settings given by the user fix. Raises `UserError` for convolutions that are not written as such."""
    for key in changes:
        if key.startswith("model.") and key in keys() and key not in (*FIXED, SAMPLE):
            raise UserError(
                f"{key} follows from the file's layers: leave it out; --set can fix {', '.join(FIXED)}, or write the "
                "network out with model.encoder and model.decoder"
            )
    Experiment().changed({key: value for key, value in changes.items() if key not in keys()})  # says what it may mean
    convs = changes.get("model.conv") or []
    if not isinstance(convs, list):
        raise UserError('model.conv: should be a list such as ["32k3s2p1", "16k3s2p1"]')
    model = Experiment().changed({"model.conv": convs}).model
    given = changes.get("model.range")
    return Limits(
        activation=str(changes.get("model.activation") or ""),
        code=str(changes.get("model.bottleneck.activation") or ""),
        output=str(changes.get("model.output") or ""),
        symmetric=None if given is None else given == "symmetric",
        windows=[Window(conv.stride, conv.padding) for conv in model.conv] or None,
        convolutions=[(conv.channels, conv.kernel) for conv in model.conv],
    )
