"""What images an ONNX file takes and gives: every layout and scale that its shapes allow, tried on test images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.errors import AecoreError, UserError
from aecore.interop.decide import IMPORTED, LISTED, SHOWN
from aecore.interop.image_layout import Layout, Scale, layouts, logits, scales
from aecore.interop.read_onnx import OnnxFiles, Way
from aecore.interop.search import LAST_IMAGES, mean_image_error
from aecore.interop.verdict import Candidate, Decision, verdict_of
from aecore.interop.wrap_onnx import Edited
from aecore.models.external import DECODER, ENCODER, WHOLE
from aecore.models.layer import Shape
from aecore.models.onnx_file import OnnxFunction

SETTABLE = ("model.range",)
"""What a user may fix of the model; everything else of it is in the file."""
PRIOR = 0.3
"""What a unit of rarity weighs against the logarithm of the error."""
APART = 1e-4
"""How far the numbers of the file that is kept may be from those of the file as it came, relative to the largest."""


@dataclass(frozen=True)
class Reading:
    """One way to give images to a file and to understand what comes out."""

    way: Way
    layouts: tuple[Layout, Layout]
    """Of what goes in, and of what comes out."""
    scales: tuple[Scale, Scale]

    @property
    def range(self) -> str:
        """The model's range: `symmetric` where images go in and come out in it, else `unit`."""
        return "symmetric" if all(scale.name == "symmetric" for scale in self.scales) else "unit"

    @property
    def plain_scales(self) -> tuple[Scale, Scale]:
        """The scales, marked where nothing needs to be done in the model's range."""
        first, second = (replace(scale, plain=scale.name == self.range) for scale in self.scales)
        return first, second

    @property
    def rarity(self) -> float:
        same = self.scales[0].name == self.scales[1].name
        return self.scales[0].rarity + (0.0 if same else 0.3 + self.scales[1].rarity)

    @property
    def settings(self) -> dict[str, str]:
        """What tells it from the other readings of the file."""
        names = ("input", "output")
        told = {f"{name}.layout": layout.name for name, layout in zip(names, self.layouts, strict=True)}
        return told | {f"{name}.range": scale.name for name, scale in zip(names, self.scales, strict=True)}

    @property
    def text(self) -> str:
        first, second = (f"{layout.name} {scale.text}" for layout, scale in zip(self.layouts, self.scales, strict=True))
        return f"images {first}" if first == second else f"images {first}; output {second}"


def readings(files: OnnxFiles, shape: Shape, changes: Mapping[str, Any]) -> Iterator[Reading]:
    """All readings of the files with images of `shape` (C, H, W), or those with the range that the user gave."""
    given = changes.get("model.range")
    known = [scale for scale in scales(shape[0]) if given in (None, scale.name)]
    for way in files.ways:
        for first in layouts(shape, way.shape):
            for second in layouts(shape, way.output_shape):
                if {first.name, second.name} == {"rows", "rows, channels last"}:
                    continue  # who flattens images in one order flattens them so on both sides
                for scale in known:
                    for other in known if given else [*known, logits(shape[0])]:
                        usual = other.name in (scale.name, "unit", "symmetric", "logits")
                        if usual or (other.name == "bytes" and scale.name == "unit"):
                            yield Reading(way, (first, second), (scale, other))


def fits(files: OnnxFiles, shape: Shape) -> bool:
    return any(True for _ in readings(files, shape, {}))


def decide(files: OnnxFiles, start: Experiment, images: Tensor, train: Tensor, changes: Mapping[str, Any]) -> Decision:
    """The readings in order, tried on images uint8 (N, C, H, W), and how certain the first is."""
    shape: Shape = tuple(images.shape[1:])  # type: ignore[assignment]
    sample = images[:LAST_IMAGES]
    truth = sample.float() / 255
    functions = {way: _functions(files, way) for way in files.ways}
    made: dict[tuple[str, str, Way], Tensor | None] = {}
    found: list[tuple[Candidate, Tensor]] = []
    for reading in readings(files, shape, changes):
        key = (reading.layouts[0].name, reading.scales[0].name, reading.way)
        if key not in made:
            made[key] = _run(functions[reading.way], reading, truth)
        raw = made[key]
        if raw is None:
            continue
        output = reading.scales[1].back(reading.layouts[1].back(raw, shape))
        error = float((output - truth).square().mean())
        if not math.isfinite(error):
            continue
        score = math.log(max(error, 1e-12)) + PRIOR * reading.rarity
        candidate = _candidate(files, reading, start, changes)
        found.append((replace(candidate, error=error, score=score), output))
    if not found:
        raise UserError("what comes out of the file is NaN or infinite for every image")
    found.sort(key=lambda pair: pair[0].score)
    found = _different(found)
    baseline = mean_image_error(sample, train)
    verdict, why, near = verdict_of([candidate.error or 0.0 for candidate, _ in found], baseline, complete=True)
    ranked = tuple(replace(candidate, output=output[:SHOWN]) for candidate, output in found[:LISTED])
    return Decision(ranked, verdict, baseline, why, near, images[:SHOWN])


def _different(found: list[tuple[Candidate, Tensor]]) -> list[tuple[Candidate, Tensor]]:
    """Those that compute different things, the first of each."""
    kept: list[tuple[Candidate, Tensor]] = []
    for candidate, output in found:
        if all(float((output - other).square().mean()) > 1e-8 * max(candidate.error or 0, 1e-9) for _, other in kept):
            kept.append((candidate, output))
    return kept


def first_guess(files: OnnxFiles, shape: Shape, start: Experiment, changes: Mapping[str, Any]) -> Decision:
    """The most usual reading, for where there are no images to try it on."""
    best = min(readings(files, shape, changes), key=lambda reading: reading.rarity)
    return Decision((_candidate(files, best, start, changes),), "untried")


def reading_of(files: OnnxFiles, shape: Shape, settings: Mapping[str, Any]) -> Reading:
    """The reading that a candidate's settings tell. Raises `UserError` where the files have none such."""
    for reading in readings(files, shape, {}):
        if reading.settings == dict(settings):
            return reading
    raise UserError("the file cannot be read as this candidate has it")


def kept_files(files: OnnxFiles, reading: Reading, shape: Shape, images: Tensor | None) -> dict[str, np.ndarray]:
    """The files as every external network here is, by name. Where there are images uint8 (N, C, H, W), the outputs are
    compared with those of the files as they came; raises `AecoreError` where they differ."""
    way, (first, second), (into, out) = reading.way, reading.layouts, reading.plain_scales
    edited = _single(files, way)
    edited[0].take_images(shape, first, into, way.rows)
    edited[-1].give_images(shape, second, out)
    if len(edited) == 2:
        edited[0].give_codes(way.code_size)
        edited[1].take_codes(way.code, way.rows)
    names = (ENCODER, DECODER) if len(edited) == 2 else (WHOLE,)
    contents = [one.to_bytes() for one in edited]
    if images is not None:
        unit = images.float() / 255
        raw = _run(_functions(files, way), reading, unit)
        values = unit if reading.range == "unit" else 2 * unit - 1
        for name, content in zip(names, contents, strict=True):
            values = OnnxFunction(content, name)(values)
        found = values if reading.range == "unit" else (values + 1) / 2
        assert raw is not None
        expected = reading.scales[1].back(second.back(raw, shape))
        apart = float((found - expected).abs().max()) / max(1.0, float(expected.abs().max()))
        if not apart <= APART and not way.chance:
            raise AecoreError(f"the file as it would be kept computes something else: {apart:.1e} apart")
    return {name: np.frombuffer(content, np.uint8) for name, content in zip(names, contents, strict=True)}


def _single(files: OnnxFiles, way: Way) -> list[Edited]:
    """The files with the one output that is looked at, as float32."""
    chosen = [0] * (len(files.contents) - 1) + [way.output]
    made = []
    for content, outputs, number in zip(files.contents, files.outputs, chosen, strict=True):
        edited = Edited(content)
        edited.keep_output(outputs[number])
        edited.as_float32()
        made.append(edited)
    return made


def _functions(files: OnnxFiles, way: Way) -> list[OnnxFunction]:
    """The files as they came, as functions of images in their own layout."""
    made = []
    for edited, shape in zip(_single(files, way), (way.shape, way.code), strict=False):
        if way.rows:
            edited.before([], [way.rows, *shape])
        made.append(OnnxFunction(edited.to_bytes(), "the file"))
    return made


def _run(functions: list[OnnxFunction], reading: Reading, images: Tensor) -> Tensor | None:
    """What the files as they came make of images (N, C, H, W) on the [0, 1] scale; None for a shape that they turn out
    not to take."""
    values = reading.layouts[0].laid_out(reading.scales[0].scaled(images)).contiguous()
    try:
        for number, function in enumerate(functions):
            values = function(values.reshape(len(values), *reading.way.code) if number else values).float()
    except AecoreError:
        return None
    return values if values.shape[1:] == reading.way.output_shape else None


def _candidate(files: OnnxFiles, reading: Reading, start: Experiment, changes: Mapping[str, Any]) -> Candidate:
    whole = len(files.contents) == 1
    settings: dict[str, Any] = {
        "model.kind": "external-restorer" if whole else "external",
        "model.range": reading.range,
    }
    if not whole:
        settings["model.bottleneck.size"] = reading.way.code_size
    left = {key: value for key, value in changes.items() if key not in SETTABLE}
    experiment = start.changed({**IMPORTED, **settings}).changed(left)
    return Candidate(experiment, {}, reading.text, settings=reading.settings)
