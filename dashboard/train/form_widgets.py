"""The widgets of a new experiment, grouped by what a person decides, each with what is wrong with it below."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import Any

import streamlit as st

from aecore import access
from aecore.config.base import MAIN, described, type_of
from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment
from aecore.config.labels import label_of
from aecore.config.model import EXTERNAL
from aecore.data.catalogue import CATALOGUE
from dashboard import limits
from dashboard.format import plain
from dashboard.train import url
from dashboard.train.form_values import FIELDS, OWN, Form, corruption_parts, widget_value
from dashboard.train.uploaded_images import upload_images
from dashboard.widgets.lost import CLAMPED, HELP, NOISES, TITLES

GROUPS = {
    "Images and corruption": ("data.", "corruption", "evaluation."),
    "Network": ("model.",),
    "Training": ("name", "training."),
}
"""Titles of the groups, each with what the names of its settings begin with."""
TESTED = "evaluation."


def draw_form(form: Form, base: Experiment, key: str) -> None:
    """Widgets for every setting that applies; the main ones are visible, the others under "More"."""
    start = base.flat()
    for title, beginnings in GROUPS.items():
        names = [name for name in FIELDS if name.startswith(beginnings) and form.applies(name)]
        st.markdown(f"**{title}**")
        _in_pairs([name for name in names if _is_main(name)], form, start, key)
        more = [name for name in names if not _is_main(name)]
        wrong = any(name in form.problems for name in more)
        with st.expander(f"More: {_listed_labels(more)}", icon=":material/tune:", expanded=wrong):
            _in_pairs(more, form, start, key)


def _is_main(name: str) -> bool:
    extra = FIELDS[name].json_schema_extra
    return name == "corruption" or (isinstance(extra, dict) and bool(extra.get(next(iter(MAIN)))))


def _listed_labels(names: Sequence[str]) -> str:
    """The first labels as one phrase, to know what is under it."""
    labels = [label_of(name) for name in names[:3]]
    return ", ".join(label if not i else label[:1].lower() + label[1:] for i, label in enumerate(labels)) + ", …"


def _in_pairs(names: Sequence[str], form: Form, start: dict[str, Any], key: str) -> None:
    """Two widgets per row, one row at a time, so that the order is kept when a phone stacks them."""
    drawn = [part for name in names for part in _parts(name, form, start[name], key)]
    for row in range(0, len(drawn), 2):
        for column, draw in zip(st.columns(2), drawn[row : row + 2], strict=False):
            with column:
                draw()


def _parts(name: str, form: Form, value: Any, key: str) -> list[typing.Callable[[], None]]:
    """What draws the widgets of one setting: one for most, several for a corruption."""
    if name == "corruption":
        return _corruption(form, value, f"{key}:{name}")
    return [lambda: _widget(name, form, value, key)]


def _widget(name: str, form: Form, value: Any, key: str) -> None:
    """The widget for one field, and its problem."""
    field, label, widget_key = FIELDS[name], label_of(name), f"{key}:{name}"
    kind = type_of(field)[0]
    begins = widget_value(name, field, value)
    about = field.description
    forget: dict[str, Any] = {"on_change": url.forget, "args": (name,)}
    if name != "data.name":
        _begin(widget_key, begins)
    if name == "data.name":
        _image_set(label, value, about, widget_key)
    elif typing.get_origin(kind) is typing.Literal:
        options = [name for name in typing.get_args(kind) if name not in EXTERNAL]
        st.selectbox(label, options, help=about, key=widget_key, **forget)
    elif kind is bool:
        st.toggle(label, help=about, key=widget_key, **forget)
    elif kind in (int, float):
        # Without bounds: the browser keeps a number out of bounds to itself, and the page would go on with the old one.
        step = 1.0 if kind is int else _step(begins)
        st.number_input(
            label,
            step=step,
            format="%g",
            help=about,
            key=widget_key,
            placeholder="default",
            **({"value": None} if type_of(field)[1] else {}),  # can be cleared
            **forget,
        )
    elif kind is str:
        st.text_input(label, help=about, key=widget_key, placeholder="named after the preset", **forget)
    else:
        hint = "mirrors the encoder" if name.startswith("model.decoder_") else "none"
        about = f"{about} Separate several with commas."
        st.text_input(label, help=about, key=widget_key, placeholder=hint, **forget)
    _problem(name, form)


def _problem(name: str, form: Form) -> None:
    if text := form.problems.get(name):
        st.markdown(f":red[:material/error: {plain(label_of(name))}: {plain(text)}]")
        if name in url.refused():
            st.button("Leave it as it is", type="tertiary", key=f"forget-{name}", on_click=url.forget, args=(name,))


def _begin(key: str, value: Any) -> None:
    """What a widget holds until it is changed. In the session, as a link may set it there."""
    if key not in st.session_state:
        st.session_state[key] = value


def _step(value: float | None) -> float:
    """A tenth of the value's power of ten: the arrows stay useful from 1e-5 to 10."""
    return 10 ** int(f"{value:e}".partition("e")[2]) / 10 if value else 0.1


def _image_set(label: str, value: str, about: str | None, key: str) -> None:
    """A set of the catalogue, or one's own images: a path, or an upload."""
    options = [*limits.image_sets(), *([OWN] if access.may("train") else [])]
    _begin(key, value if value in options else options[-1])
    chosen = st.selectbox(
        label,
        options,
        format_func=lambda option: CATALOGUE[option].title if option in CATALOGUE else option,
        help=about,
        key=key,
        on_change=url.forget,
        args=("data.name",),
    )
    if chosen != OWN:
        return
    upload_images(f"{key}:path")
    _begin(f"{key}:path", "" if value in CATALOGUE else value)
    if not access.may("manage"):
        return  # what was uploaded, no other path of the server
    st.text_input(
        "or their path",
        placeholder="/path/to/a folder of images, or images.npz",
        help="On the machine that serves this page: a folder or zip of pictures, or arrays (.npz, .npy, .pt, .mat, "
        "IDX, .csv, .parquet). What was understood of them appears beside the form; size and fit are under “More”.",
        key=f"{key}:path",
    )


def _corruption(form: Form, value: str, key: str) -> list[typing.Callable[[], None]]:
    """What is lost, then how much of each of these."""
    about, held = described(Corruption), corruption_parts(value, key)
    begins = corruption_parts(value, "")
    forget: dict[str, Any] = {"on_change": url.forget, "args": ("corruption",)}

    def lost() -> None:
        _begin(f"{key}:lost", begins["lost"])
        st.pills(
            "What is lost",
            list(TITLES),
            selection_mode="multi",
            format_func=TITLES.__getitem__,
            help=HELP,
            key=f"{key}:lost",
            wrap=True,
            **forget,
        )
        _problem("corruption", form)
        if "grey" in held["lost"] and form.read is not None and form.read.about.image_shape[0] == 1:
            st.caption("These images have no colour to lose.")

    def choice(label: str, name: str, options: Sequence[str]) -> None:
        _begin(f"{key}:{name}", begins[name])
        st.selectbox(label, options, help=about[name].description, key=f"{key}:{name}", **forget)

    def number(label: str, name: str, step: float, **more: Any) -> None:
        _begin(f"{key}:{name}", begins[name])
        at, about_it = f"{key}:{name}", about[name].description
        st.number_input(label, step=step, format="%g", help=about_it, key=at, **more, **forget)

    def toggle(label: str, name: str) -> None:
        _begin(f"{key}:{name}", begins[name])
        st.toggle(label, help=about[name].description, key=f"{key}:{name}", **forget)

    parts: list[typing.Callable[[], None]] = [lost]
    if "noise" in held["lost"]:
        parts.append(lambda: choice("Noise", "kind", list(NOISES)))
        parts.append(lambda: number("Noise level", "level", 0.05))
        if held["kind"] == "gaussian":
            parts.append(lambda: number("Lowest noise level", "lowest", 0.05, placeholder="the same for all images"))
    if "hole" in held["lost"]:
        parts.append(lambda: choice("Hole", "occlusion", ["square", "rows"]))
        parts.append(lambda: number("Hole, pixels", "size", 1.0))
    if "downscale" in held["lost"]:
        parts.append(lambda: number("Downscale by", "downscale", 1.0))
    if "blur" in held["lost"]:
        parts.append(lambda: number("Blur σ, pixels", "blur", 0.5))
    if "jpeg" in held["lost"]:
        parts.append(lambda: number("JPEG quality", "jpeg", 5.0))
    if "noise" in held["lost"] and held["kind"] in CLAMPED:
        parts.append(lambda: toggle("Clamp", "clamp"))
    if held["lost"]:
        parts.append(lambda: toggle("Draw once", "once"))
    return parts
