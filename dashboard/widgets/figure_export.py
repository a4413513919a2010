"""A figure as files: one menu for each figure, in which every file is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import streamlit as st

from aecore.drawing import FORMATS, Drawing, write

_WORDS = {
    "png": ("PNG image", "For screens and slides, at twice the size"),
    "print": ("PNG for print", "At 300 dots per inch"),
    "svg": ("SVG", "Vector graphics for the web, Inkscape and Illustrator"),
    "pdf": ("PDF", "Vector graphics for LaTeX and for printing"),
}


class Extra(NamedTuple):
    """A further file in a figure's menu."""

    label: str
    file: str
    make: Callable[[], bytes]
    about: str


def export(make: Callable[[], Drawing], file: str, *, key: str, extras: Sequence[Extra] = ()) -> None:
    """The menu of a figure; `make` draws it, `file` names the files, without an extension."""
    with (
        st.popover("Export", icon=":material/download:", type="tertiary", key=f"export-{key}"),
        st.container(gap=None),
    ):
        for format, (extension, _) in FORMATS.items():
            label, about = _WORDS[format]
            name = f"{file}{'-300dpi' if format == 'print' else ''}.{extension}"
            _button(Extra(label, name, partial(_written, make, format), about), f"get-{key}-{format}")
        for number, extra in enumerate(extras):
            _button(extra, f"get-{key}-extra-{number}")


def _button(file: Extra, key: str) -> None:
    st.download_button(file.label, file.make, file.file, key=key, type="tertiary", help=file.about, on_click="ignore")


def _written(make: Callable[[], Drawing], format: str) -> bytes:
    return write(make(), format)
