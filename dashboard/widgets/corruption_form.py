"""Widgets for noise and occlusion."""

from __future__ import annotations

import streamlit as st

from aecore.config.corruption import Corruption, NoiseKind, Occlusion
from aecore.runs.store import Run

KINDS: dict[NoiseKind, str] = {
    "gaussian": "Gaussian",
    "gaussian-variance": "Gaussian, by variance",
    "masking": "Masking",
    "salt-pepper": "Salt and pepper",
    "none": "No noise",
}


LEVELS = {
    "gaussian": (1.5, "Standard deviation σ"),
    "gaussian-variance": (1.5, "Variance σ²"),
    "masking": (0.95, "Share of pixels"),
    "salt-pepper": (0.95, "Share of pixels"),
}


GAUSSIAN = ("gaussian", "gaussian-variance")


OCCLUSIONS: dict[Occlusion, str] = {"none": "None", "square": "Square", "rows": "Rows"}


SIZES = {"square": "Side of the square, pixels", "rows": "Height of the band, rows"}


FIRST_LEVEL = 0.2


def usual_corruption(run: Run) -> Corruption:
    """The run's training corruption; if it was trained on clean images, the first it was evaluated under."""
    experiment = run.experiment()
    for corruption in (experiment.corruption, *experiment.evaluation.corruptions):
        if corruption.active:
            return corruption.model_copy(update={"once": False})
    return Corruption(kind="gaussian", level=FIRST_LEVEL)


def choose_corruption(run: Run, image_shape: tuple[int, int, int]) -> Corruption:
    """Widgets for noise and occlusion. They start with the run's default corruption, and switch to another run's until
    someone changes them."""
    state, usual = st.session_state, usual_corruption(run)
    if state.get("corruption-run") != run.id:
        if state.get("corruption") == state.get("corruption-usual"):
            _put(usual)
        state["corruption-run"], state["corruption-usual"] = run.id, str(usual)
    values = _noise(usual, run.experiment().model.range == "symmetric") | _occlusion(usual, image_shape)
    corruption = Corruption.model_validate(values)
    state["corruption"] = str(corruption)
    return corruption


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
    state["kind"], state["clamp"], state["occlusion"] = corruption.kind, corruption.clamp, corruption.occlusion
    state[f"level-{corruption.kind}"] = corruption.level
    state[f"size-{corruption.occlusion}"] = corruption.size


def _noise(usual: Corruption, symmetric: bool) -> dict[str, object]:
    state = st.session_state
    state.setdefault("kind", usual.kind)
    kind: NoiseKind = st.selectbox(
        "Noise", list(KINDS), format_func=KINDS.__getitem__, key="kind", persist_state="session"
    )
    if kind == "none":
        return {}
    highest, label = LEVELS[kind]
    hint, step = None, 0.05
    if kind in GAUSSIAN and symmetric:
        label += " on the [-1, 1] scale"
        hint = "This model works on images from -1 to 1, and the noise is added on that scale: σ = 0.2 is a tenth of "
        hint += "the range from black to white."
    mine = usual.level if usual.kind == kind else FIRST_LEVEL
    highest = max(highest, mine)
    key = f"level-{kind}"
    state[key] = min(float(state.get(key, mine)), highest)
    if round(mine / step, 6) % 1:
        step = 0.01
    level = st.slider(label, 0.0, highest, step=step, key=key, help=hint, persist_state="session")
    if not level:
        return {}
    state.setdefault("clamp", usual.clamp)
    clamp = kind in GAUSSIAN and st.toggle(
        "Clamp to the image range",
        key="clamp",
        help="Clip values that the noise pushes below black or above white.",
        persist_state="session",
    )
    return {"kind": kind, "level": level, "clamp": clamp}


def _occlusion(usual: Corruption, image_shape: tuple[int, int, int]) -> dict[str, object]:
    state = st.session_state
    state.setdefault("occlusion", usual.occlusion)
    kind: Occlusion | None = st.segmented_control(
        "Occlusion",
        list(OCCLUSIONS),
        format_func=OCCLUSIONS.__getitem__,
        key="occlusion",
        required=True,
        help="A black square, or a black band of whole rows, at a random position in every image.",
        persist_state="session",
    )
    if kind is None or kind == "none":
        return {}
    _, height, width = image_shape
    highest = min(height, width) if kind == "square" else height
    key = f"size-{kind}"
    mine = usual.size if usual.occlusion == kind else max(highest // 3, 1)
    state[key] = min(int(state.get(key, mine)), highest)
    size = st.slider(SIZES[kind], 1, highest, key=key, persist_state="session")
    return {"occlusion": kind, "size": size}


def choose_draw(corruption: Corruption) -> int:
    """The noise draw: 0 is that of the evaluations, and a button draws another."""
    if corruption.active and st.button("Draw new noise", icon=":material/casino:", key="reroll"):
        st.session_state["noise_seed"] = current_draw() + 1
    return current_draw()


def current_draw() -> int:
    """The noise draw as it was last chosen."""
    return st.session_state.get("noise_seed", 0)
