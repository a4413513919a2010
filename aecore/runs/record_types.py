"""The types that the values of a run's files have: `aecore.runs.records` drops what has another.

They stand alone because pydantic takes its time: a list of runs whose files it knows does without.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat

from aecore.config.corruption import Corruption
from aecore.errors import AecoreError


def _corruption(text: str) -> str:
    try:
        Corruption.parse(text)
    except AecoreError as error:
        raise ValueError(str(error)) from None
    return text


class _Lenient(BaseModel):
    """Values of other names may be anything; those that are named are of exactly their type or None."""

    model_config = ConfigDict(extra="allow", strict=True)


Count = Annotated[int, Field(ge=0)]
Size = Annotated[int, Field(ge=1, le=1 << 20)]
Metrics = dict[str, FiniteFloat | None]


class _Process(_Lenient):
    pid: Annotated[int, Field(gt=0)]
    started: FiniteFloat
    host: str
    boot: str | None = None
    ticks: int | None = None


class _Data(_Lenient):
    title: str | None = None
    image_shape: Annotated[list[Size], Field(min_length=3, max_length=3)] | None = None
    classes: list[str] | None = None
    citation: str | None = None


class _Remark(_Lenient):
    kind: str
    text: Annotated[str, Field(min_length=1)]
    epoch: Count | None = None
    value: FiniteFloat | None = None
    reference: FiniteFloat | None = None


class _Imported(_Lenient):
    file: str | None = None
    verdict: str | None = None
    preset: str | None = None
    also_fit: list[str] | None = None
    tried: dict[str, Any] | None = None
    assumed: dict[str, Any] | None = None
    remarks: list[str] | None = None


class _Recorded(_Lenient):
    by: str | None = None
    network: str | None = None
    config: dict[str, Any] | None = None
    counts: str | None = None
    source: dict[str, Any] | None = None


class _Remote(_Lenient):
    host: str | None = None
    arriving: bool | None = None


class _Stage(_Lenient):
    what: str
    done: Count
    total: Count


class Status(_Lenient):
    format: int | None = None
    state: str | None = None
    title: str | None = None
    error: str | None = None
    stage: _Stage | None = None
    device: str | None = None
    device_name: str | None = None
    requested_device: str | None = None
    precision: str | None = None
    submitted: str | None = None
    started: str | None = None
    updated: str | None = None
    ended: str | None = None
    epoch: Count | None = None
    epochs: Count | None = None
    step: Count | None = None
    steps: Count | None = None
    parameters: Count | None = None
    code_size: Size | None = None
    owner: str | None = None
    processes: Size | None = None
    threads: Size | None = None
    versions: dict[str, str] | None = None
    process: _Process | None = None
    data: _Data | None = None
    imported: _Imported | None = None
    recorded: _Recorded | None = None
    remote: _Remote | None = None
    remarks: list[_Remark] | None = None


class _Classical(_Lenient):
    strength: FiniteFloat | None = None
    metrics: Metrics
    images: Count | None = None
    inside_hole: Metrics | None = None


class _Hole(_Lenient):
    metrics: Metrics
    noisy_input: Metrics
    images: Count


class _Sample(_Lenient):
    n: Count
    metrics: Metrics
    noisy_input: Metrics | None = None


class Evaluation(_Lenient):
    corruption: Annotated[str, AfterValidator(_corruption)]
    n: Count
    metrics: Metrics
    noisy_input: Metrics
    black_mse: FiniteFloat | None = None
    weights: str | None = None
    remark: _Remark | None = None
    classical: dict[str, _Classical] | None = None
    sample: _Sample | None = None
    inside_hole: _Hole | None = None


class Notes(_Lenient):
    title: str = ""
    note: str = ""
    group: str = ""
