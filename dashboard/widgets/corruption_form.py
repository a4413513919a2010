"""Widgets for the corruption of a page's images: what is lost, and for each of these how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from aecore.config.corruption import Corruption, NoiseKind, Occlusion
from aecore.runs.run import Run
from dashboard.widgets.lost import CLAMPED, FIRST, HELP, NOISES, TITLES, first_level, lost_in

LEVELS: dict[NoiseKind, tuple[float, float, float, str]] = {
    "gaussian": (0.0, 1.5, 0.05, "Standard deviation σ"),
    "gaussian-variance": (0.0, 1.5, 0.05, "Variance σ²"),
    "speckle": (0.0, 1.5, 0.05, "Standard deviation σ at white"),
    "poisson": (1.0, 200.0, 1.0, "Photons at white"),
    "masking": (0.0, 0.95, 0.05, "Share of pixels"),
    "salt-pepper": (0.0, 0.95, 0.05, "Share of pixels"),
}
"""Lowest and highest strength, step and label."""

GAUSSIAN = ("gaussian", "gaussian-variance")

OCCLUSIONS: dict[Occlusion, str] = {"square": "Square", "rows": "Rows"}

SIZES = {"square": "Side of the square, pixels", "rows": "Height of the band, rows"}


OnStrength = Callable[[Corruption, Corruption], None]


def _draw_all(before: Corruption, now: Corruption) -> None:
    """What surrounds the widgets is drawn anew, as always."""


def usual_corruption(run: Run) -> Corruption:
    """The run's training corruption; if it was trained on clean images, the first it was evaluated under."""
    experiment = run.experiment()
    for corruption in (experiment.corruption, *experiment.evaluation.corruptions):
        if corruption.active:
            return corruption.model_copy(update={"once": False})
    return Corruption(kind="gaussian", level=FIRST["level"])


def current_corruption(run: Run) -> Corruption:
    """What was chosen or linked; the run's own where nobody did. Draws nothing."""
    state = st.session_state
    chosen = str(state.get("corruption") or "")
    own = not chosen or chosen == state.get("corruption-usual")
    return usual_corruption(run) if own else Corruption.parse(chosen)


def choose_corruption(run: Run, image_shape: tuple[int, int, int], on_strength: OnStrength = _draw_all) -> Corruption:
    """Widgets for what is lost and how much. They start with the run's default corruption, and switch to another run's
    until someone changes them.

    `on_strength` is called in a widget's callback, with the corruption before and now, where nothing but a strength was
    changed and the widgets stay as they are.
    """
    state, usual = st.session_state, usual_corruption(run)
    if state.get("corruption-run") != run.id:
        if state.get("corruption") == state.get("corruption-usual"):
            _put(usual)
        state["corruption-run"], state["corruption-usual"] = run.id, str(usual)
    corruption = Corruption.model_validate(
        _chosen(usual, run.experiment().model.range == "symmetric", image_shape, on_strength)
    )
    state["corruption"] = str(corruption)
    return corruption


def with_strengths(corruption: Corruption) -> Corruption:
    """A corruption of the same kinds, as strong as the sliders say now."""
    state = st.session_state
    now: dict[str, Any] = {name: state[name] for name in ("blur", "downscale", "jpeg") if getattr(corruption, name)}
    if corruption.kind != "none" and not (corruption.kind == "gaussian" and state["spread"]):
        now["level"] = state[f"level-{corruption.kind}"]
    if corruption.occlusion != "none":
        now["size"] = state[f"size-{corruption.occlusion}"]
    found = corruption.model_copy(update=now)
    state["corruption"] = str(found)
    return found


def _moved(key: str, tell: OnStrength) -> None:
    """A slider was moved. A strength of zero is no corruption of its kind, and has other widgets beside it."""
    before = Corruption.parse(st.session_state["corruption"])
    if st.session_state[key] and not (key.startswith("level-") and before.kind == "none"):
        tell(before, with_strengths(before))


def open_link(corruption: Corruption | None, draw: int) -> None:
    """Set the widgets as a link asks. A linked corruption was chosen: it stays when the run changes. None is the run's
    own, whichever run that will be."""
    state = st.session_state
    for name in ("corruption", "corruption-usual", "corruption-run"):
        state.pop(name, None)
    if corruption is not None:
        _put(corruption)
        state["corruption"], state["corruption-usual"] = str(corruption), ""
    state["noise_seed"] = draw


def _put(corruption: Corruption) -> None:
    state = st.session_state
    state["lost"] = lost_in(corruption)
    if corruption.kind != "none":
        state["kind"], state["clamp"], state["spread"] = (
            corruption.kind,
            corruption.clamp,
            corruption.lowest is not None,
        )
        state[f"level-{corruption.kind}"] = corruption.level
        if corruption.lowest is not None:
            state["range"] = (corruption.lowest, corruption.level)
    if corruption.occlusion != "none":
        state["occlusion"], state[f"size-{corruption.occlusion}"] = corruption.occlusion, corruption.size
    for name in ("blur", "downscale", "jpeg"):
        if value := getattr(corruption, name):
            state[name] = value


def _chosen(usual: Corruption, symmetric: bool, image_shape: tuple[int, int, int], tell: OnStrength) -> dict[str, Any]:
    channels, height, width = image_shape
    st.session_state.setdefault("lost", lost_in(usual))
    # An image of one channel has no colour to lose; a link may still ask for it.
    offered = [name for name in TITLES if name != "grey" or channels > 1 or "grey" in st.session_state["lost"]]
    lost = st.pills(
        "What is lost",
        offered,
        selection_mode="multi",
        format_func=TITLES.__getitem__,
        key="lost",
        help=HELP,
        wrap=True,
        persist_state="session",
    )
    chosen: dict[str, Any] = {"grey": True} if "grey" in lost else {}
    if "noise" in lost:
        chosen |= _noise(usual, symmetric, tell)
    if "hole" in lost:
        chosen |= _occlusion(usual, height, width, tell)
    if "downscale" in lost:
        most = max(min(height, width) // 2, 3)
        chosen["downscale"] = _slider("downscale", "Downscaled by", usual.downscale, 2, most, 1, tell)
    if "blur" in lost:
        step = 0.1 if not round(usual.blur / 0.1, 6) % 1 else 0.01
        chosen["blur"] = _slider("blur", "Blur σ, pixels", usual.blur, 0.1, 5.0, step, tell)
    if "jpeg" in lost:
        chosen["jpeg"] = _slider("jpeg", "JPEG quality", usual.jpeg, 1, 95, 1, tell)
    return chosen


def _slider(key: str, label: str, usual: float, low: float, high: float, step: float, tell: OnStrength) -> Any:
    """A slider that begins with the run's usual value, if it has one, and reaches as far as that."""
    state, kind = st.session_state, type(low)
    first = kind(usual or FIRST[key])
    high = max(high, kind(usual))
    state[key] = min(max(kind(state.get(key, first)), low), high)
    options = {"on_change": _moved, "args": (key, tell)}
    return st.slider(label, low, high, step=step, key=key, persist_state="session", **options)


def _noise(usual: Corruption, symmetric: bool, tell: OnStrength) -> dict[str, Any]:
    state = st.session_state
    state.setdefault("kind", usual.kind if usual.kind != "none" else "gaussian")
    kind: NoiseKind = st.selectbox(
        "Noise", list(NOISES), format_func=NOISES.__getitem__, key="kind", persist_state="session"
    )
    lowest, highest, step, label = LEVELS[kind]
    hint = None
    if kind in GAUSSIAN and symmetric:
        label += " on the [-1, 1] scale"
        hint = "This model works on images from -1 to 1, and the noise is added on that scale: σ = 0.2 is a tenth of "
        hint += "the range from black to white."
    mine = usual.level if usual.kind == kind else first_level(kind)
    highest = max(highest, mine)
    if round(mine / step, 6) % 1:
        step = 0.01
    chosen: dict[str, Any] = {"kind": kind}
    state.setdefault("spread", usual.lowest is not None)
    if kind == "gaussian" and state["spread"]:
        state["range"] = _clipped(state.get("range", (usual.lowest or 0.0, mine)), highest)
        drawn: Any = st.slider(label, 0.0, highest, step=step, key="range", help=hint, persist_state="session")
        chosen |= {"lowest": drawn[0], "level": drawn[1]} if drawn[0] < drawn[1] else {"level": drawn[1]}
    else:
        key = f"level-{kind}"
        state[key] = min(max(float(state.get(key, mine)), lowest), highest)
        options = {"help": hint, "on_change": _moved, "args": (key, tell)}
        chosen["level"] = st.slider(label, lowest, highest, step=step, key=key, persist_state="session", **options)
    if kind == "gaussian":
        st.toggle(
            "A σ of its own for each image",
            key="spread",
            help="Draw every image's σ uniformly from a range, for one denoiser over many strengths.",
            persist_state="session",
        )
    if not chosen["level"]:
        return {}
    state.setdefault("clamp", usual.clamp)
    chosen["clamp"] = kind in CLAMPED and st.toggle(
        "Clamp to the image range",
        key="clamp",
        help="Clip values that the noise pushes below black or above white.",
        persist_state="session",
    )
    return chosen


def _clipped(range_: tuple[float, float], highest: float) -> tuple[float, float]:
    low, high = range_
    return min(float(low), highest), min(float(high), highest)


def _occlusion(usual: Corruption, height: int, width: int, tell: OnStrength) -> dict[str, Any]:
    state = st.session_state
    state.setdefault("occlusion", usual.occlusion if usual.occlusion != "none" else "square")
    kind: Occlusion = (
        st.segmented_control(
            "Hole",
            list(OCCLUSIONS),
            format_func=OCCLUSIONS.__getitem__,
            key="occlusion",
            required=True,
            help="A black square, or a black band of whole rows, at a random position in every image.",
            persist_state="session",
        )
        or "square"
    )
    highest = min(height, width) if kind == "square" else height
    key = f"size-{kind}"
    mine = usual.size if usual.occlusion == kind else max(highest // 3, 1)
    state[key] = min(int(state.get(key, mine)), highest)
    options = {"on_change": _moved, "args": (key, tell)}
    size = st.slider(SIZES[kind], 1, highest, key=key, persist_state="session", **options)
    return {"occlusion": kind, "size": size}


def choose_draw(corruption: Corruption, on_draw: Callable[[], None] = lambda: None) -> int:
    """The noise draw: 0 is that of the evaluations, and a button draws another and calls `on_draw` in its callback."""
    label = "Draw new noise" if corruption.kind != "none" else "Draw another place"
    if corruption.draws:
        st.button(label, icon=":material/casino:", key="reroll", on_click=_reroll, args=(on_draw,))
    return current_draw()


def _reroll(tell: Callable[[], None]) -> None:
    st.session_state["noise_seed"] = current_draw() + 1
    tell()


def current_draw() -> int:
    """The noise draw as it was last chosen."""
    return st.session_state.get("noise_seed", 0)
