"""Points in three dimensions, projected as plotly's camera sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from aecore.drawing.frame import LABEL, TICK, Frame, color_in
from aecore.drawing.items import MUTED, RULE, Circle, Item, Polyline, Text
from aecore.drawing.scales import Scale, scale_of, ticks_of
from aecore.drawing.values import faded, lines_of, numbers_of

EYE = (1.25, 1.25, 1.25)
LABELS = 54.0
"""Room for ticks and titles around the cube."""
CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)


def draw(frame: Frame) -> list[Item]:
    """All points of a figure's scene, the farthest first, in a cube with its three axes."""
    look = frame.layout.get("scene") or {}
    traces = [trace for trace in frame.traces if trace.get("type") == "scatter3d"]
    points = [np.stack([numbers_of(trace.get(letter)) for letter in "xyz"], axis=1) for trace in traces]
    everything = np.concatenate(points) if points else np.zeros((0, 3))
    scales = [scale_of(look.get(f"{letter}axis") or {}, everything[:, i].tolist()) for i, letter in enumerate("xyz")]
    view = _View(look.get("camera") or {}, frame)
    items = _box(view, look, scales)
    dots: list[tuple[float, Item]] = []
    for number, (trace, own) in enumerate(zip(traces, points, strict=True)):
        marker = trace.get("marker") or {}
        fill = faded(color_in(trace, number), float(marker.get("opacity", 1)))
        radius = max(float(marker.get("size", 8)) / 2, 1.0)
        cube = np.stack([_in_cube(own[:, i], scales[i]) for i in range(3)], axis=1)
        at, depth = view.seen(cube)
        known = np.isfinite(at).all(axis=1)
        dots += [
            (far, Circle(x, y, radius, fill))
            for (x, y), far in zip(at[known].tolist(), depth[known].tolist(), strict=True)
        ]
    dots.sort(key=lambda dot: -dot[0])
    return items + [dot for _, dot in dots]


class _View:
    """The camera: where it stands, and where on the paper a point of the cube from -1 to 1 is seen.

    The cube is as large as fits, whatever the camera's distance, which only decides the perspective.
    """

    def __init__(self, camera: Mapping[str, Any], frame: Frame) -> None:
        self.eye = _vector(camera.get("eye"), EYE)
        center, up = _vector(camera.get("center"), (0, 0, 0)), _vector(camera.get("up"), (0, 0, 1))
        ahead = center - self.eye
        self.ahead = ahead / (np.linalg.norm(ahead) or 1)
        right = np.cross(self.ahead, up)
        self.right = right / (np.linalg.norm(right) or 1)
        self.up = np.cross(self.right, self.ahead)
        self.x, self.y, self.times = 0.0, 0.0, 1.0
        corners = self.seen(CORNERS)[0]
        low, high = corners.min(axis=0), corners.max(axis=0)
        room = np.array([frame.width, frame.height - frame.top]) - 2 * LABELS
        self.times = float((room / np.maximum(high - low, 1e-9)).min())
        middle = np.array([frame.width, frame.top + frame.height]) / 2 - self.times * (low + high) / 2
        self.x, self.y = middle.tolist()

    def seen(self, cube: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Paper coordinates (N, 2) of points (N, 3), and their distances along the line of sight (N,)."""
        # The cube's edges are one unit of the camera's space, as plotly has it.
        away = cube / 2 - self.eye
        depth = away @ self.ahead
        by = self.times / np.maximum(depth, 1e-6)
        return np.stack([self.x + (away @ self.right) * by, self.y - (away @ self.up) * by], axis=1), depth


def _box(view: _View, look: Mapping[str, Any], scales: list[Scale]) -> list[Item]:
    """The three faces behind the points with their grid, and the axes' ticks and titles at the front edges."""
    items: list[Item] = []
    behind = CORNERS[np.argmax(view.seen(CORNERS)[1])]
    for axis, letter in enumerate("xyz"):
        own = look.get(f"{letter}axis") or {}
        ticks = ticks_of(own, scales[axis], 5)
        color = str(own.get("gridcolor") or RULE)
        for face in range(3):
            if face == axis:
                continue
            other = 3 - axis - face
            ends = [np.empty(3), np.empty(3)]
            for at in [_place(scales[axis], tick.value) for tick in ticks] + [-1.0, 1.0]:
                for end, side in zip(ends, (-1.0, 1.0), strict=True):
                    end[axis], end[face], end[other] = at, behind[face], side
                seen = view.seen(np.stack(ends))[0]
                items.append(Polyline([tuple(point) for point in seen.tolist()], color, 0.75))
        items += _words(view, own, scales[axis], axis, behind, ticks)
    return items


def _words(view: _View, look: Mapping[str, Any], scale: Scale, axis: int, behind: np.ndarray, ticks: Any) -> list[Item]:
    """One axis' ticks and title along the edge of the cube where they hide nothing."""
    edge = behind.copy()
    if axis == 2:  # at the side of the picture, on the face behind
        sides = [np.array([-behind[0], behind[1], 0.0]), np.array([behind[0], -behind[1], 0.0])]
        edge = min(sides, key=lambda side: view.seen(side[None])[0][0, 0])
    else:  # along the lower front edge
        edge[1 - axis], edge[2] = -behind[1 - axis], -1.0
    points = []
    for tick in ticks:
        point = edge.copy()
        point[axis] = _place(scale, tick.value)
        points.append(point)
    centre = view.seen(np.zeros((1, 3)))[0][0]
    items: list[Item] = []
    middle = edge.copy()
    middle[axis] = 0.0
    outward = view.seen(middle[None])[0][0] - centre
    outward = outward / (np.linalg.norm(outward) or 1)
    for tick, point in zip(ticks, points, strict=True):
        x, y = view.seen(point[None])[0][0] + outward * 12
        items.append(Text(x, y + TICK * 0.35, tick.text, TICK - 1, MUTED, "middle"))
    title = look.get("title") or {}
    text = " ".join(lines_of(title.get("text") or "" if isinstance(title, Mapping) else title))
    x, y = view.seen(middle[None])[0][0] + outward * 40
    return [*items, Text(x, y + LABEL * 0.35, text, LABEL, MUTED, "middle")] if text else items


def _in_cube(values: np.ndarray, scale: Scale) -> np.ndarray:
    return 2 * (values - scale.low) / ((scale.high - scale.low) or 1) - 1


def _place(scale: Scale, value: float) -> float:
    return 2 * scale.share(value) - 1


def _vector(found: Mapping[str, Any] | None, default: tuple[float, float, float]) -> np.ndarray:
    return np.array([float((found or {}).get(letter, default[i])) for i, letter in enumerate("xyz")])
