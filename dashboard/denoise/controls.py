"""The Denoise page's controls: which run, what is done to the images, and which images."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from aecore.errors import MistakeError
from aecore.settings import Corruption, NoiseKind, Occlusion
from aecore.store import Run
from dashboard import inference
from dashboard.denoise import upload

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
    """What the run was trained under; for one trained on clean images what it was first evaluated under."""
    experiment = run.experiment()
    for corruption in (experiment.corruption, *experiment.evaluation.corruptions):
        if corruption.active:
            return corruption.model_copy(update={"once": False})
    return Corruption(kind="gaussian", level=FIRST_LEVEL)


def choose_corruption(run: Run, image_shape: tuple[int, int, int]) -> Corruption:
    """Widgets for noise and occlusion. They begin with the run's usual corruption, and follow to another run's as long
    as nobody changed them."""
    state, usual = st.session_state, usual_corruption(run)
    if state.get("corruption-run") != run.id:
        if state.get("corruption") == state.get("corruption-usual"):
            put(usual)
        state["corruption-run"], state["corruption-usual"] = run.id, str(usual)
    values = _noise(usual, run.experiment().model.range == "symmetric") | _occlusion(usual, image_shape)
    corruption = Corruption.model_validate(values)
    state["corruption"] = str(corruption)
    return corruption


def put(corruption: Corruption) -> None:
    """Set the widgets to that corruption."""
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
        hint = "This model works on images from -1 to 1, and the noise is added there: σ 0.2 is 0.1 of the way from "
        hint += "black to white."
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
        help="Cut what the noise pushes below black or above white.",
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
        help="A black square, or a black band of whole rows, at a random place in every image.",
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
    """Which noise: 0 is that of the evaluations, and a button draws another."""
    if corruption.active and st.button("Draw new noise", icon=":material/casino:", key="reroll"):
        st.session_state["noise_seed"] = st.session_state.get("noise_seed", 0) + 1
    return st.session_state.get("noise_seed", 0)


SOURCES = {"test": "Test set", "extremes": "Best and worst", "own": "Your own"}
MOST_SEARCHED = 10_000
COUNTS = [7, 14, 28, 63]


def choose_source(images: inference.Images) -> str:
    """Where the images come from, a key of `SOURCES`."""
    names = SOURCES if images.whole_test_set else {"test": "The run's own", "own": SOURCES["own"]}
    if len(images.clean) > MOST_SEARCHED:
        names = {key: name for key, name in names.items() if key != "extremes"}
    if st.session_state.get("source") not in names:
        st.session_state["source"] = "test"
    chosen = st.segmented_control("Images", list(names), format_func=names.__getitem__, key="source", required=True)
    return chosen or "test"


def choose_window(images: inference.Images) -> slice:
    """A window into the test set, or the first of the panel."""
    total, many = len(images.clean), choose_count()
    if not images.whole_test_set:
        return slice(0, min(many, total))
    st.session_state["first"] = min(st.session_state.get("first", 0), total - 1)
    first = st.number_input("From test image", 0, total - 1, step=many, key="first")
    return slice(first, min(first + many, total))


def choose_count() -> int:
    """How many images to show."""
    st.session_state.setdefault("many", 14)
    return st.segmented_control("How many", COUNTS, key="many", required=True) or 14


class Own(NamedTuple):
    """A picture of one's own, fitted to the model."""

    name: str
    fitted: upload.Fitted
    inverted: bool


def choose_own(image_shape: tuple[int, int, int], dark_background: bool) -> Own | None:
    """A picture from the person's own machine; None where there is none yet or it is refused, which is said."""
    file = st.file_uploader(
        "A picture of yours", upload.ENDINGS, key="own", max_upload_size=upload.MAX_MEGABYTES, width="stretch"
    )
    if file is None:
        st.caption(
            "Its middle is cut out and shrunk to fit. It stays in memory while you look at it and is not stored."
        )
        st.session_state.pop("own-fitted", None)
        return None
    key = (file.file_id, image_shape)
    if st.session_state.get("own-fitted", (None,))[0] != key:  # a large photograph takes a moment to unpack
        try:
            st.session_state["own-fitted"] = (key, upload.fit(file.getvalue(), image_shape))
        except MistakeError as error:
            st.error(str(error), icon=":material/broken_image:")
            return None
    fitted: upload.Fitted = st.session_state["own-fitted"][1]
    if not dark_background:
        return Own(file.name, fitted, False)
    state_key = f"invert-{file.file_id}"
    st.session_state.setdefault(state_key, fitted.bright_border)
    inverted = st.toggle(
        "Invert",
        key=state_key,
        help="This model knows bright shapes on black. Switched on by itself when the picture's border is bright.",
    )
    return Own(file.name, fitted.inverted() if inverted else fitted, inverted)
