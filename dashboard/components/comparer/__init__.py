"""Several runs side by side: the same images, and the same interpolation, through all of them in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aecore.viewer.networks import Shipped, to_hwc
from dashboard.components.register import component

_component = component("compare", Path(__file__).with_name("component.js"))


def comparer(
    shipped: Sequence[Shipped],
    titles: Sequence[str],
    numbers: Sequence[int],
    clean: np.ndarray,
    shown: np.ndarray,
    names: Sequence[str],
    classes: Sequence[str],
    labels: np.ndarray,
    *,
    view: str,
    noisy: bool,
    errors: float | None,
    path: str = "line",
    shares: Sequence[float] = (),
    place: float | None = None,
    visit: int,
    key: str,
) -> None:
    """Show `view`: `images`, or `way`, the interpolation between the first two of them.

    `clean` uint8 and `shown` float32 on the [0, 1] scale are the images (N, C, H, W) and the models' inputs, `labels`
    (N,) what conditional models are told; `errors` is the error shown at full intensity, None for no error maps.
    `numbers` are the places of the runs among all that are compared, from 0, which their letters and colours say. The
    slider starts at `place`, by default in the middle, and returns there whenever `visit` changes; the browser writes
    its position into the address.
    """
    runs = [
        {"title": title, "number": number, "encoder": one["encoder"], "decoder": one["decoder"]}
        for title, number, one in zip(titles, numbers, shipped, strict=True)
    ]
    data: dict[str, Any] = {
        "runs": runs,
        "reader": shipped[0]["reader"],
        "clean": to_hwc(clean.astype(np.float32) / np.float32(255)),
        "shown": to_hwc(shown),
        "names": list(names),
        "classes": list(classes),
        "labels": labels.tolist(),
        "shape": list(clean.shape[1:]),
        "view": view,
        "noisy": noisy,
        "errors": errors,
        "path": path,
        "shares": list(shares),
        "place": place,
        "visit": visit,
    }
    _component(key=key, data=data, width="stretch", height="content")
