"""The Train page's state in its address: the preset, and every setting of the form that was changed."""

from __future__ import annotations

import streamlit as st

from aecore.config.experiment import Experiment
from aecore.errors import UserError
from aecore.presets import presets
from dashboard import url_state
from dashboard.train import edits
from dashboard.train.form_values import FIELDS as SETTINGS
from dashboard.train.form_values import Form, base_of, form_key
from dashboard.url_state import Field, key, one_of

PAGE = "train"
PRESET = key(PAGE, "preset")
"""The key of the choice of a preset."""
FIRST = "digits-quick"
FIELDS = {"preset": Field(FIRST, one_of(*presets())), **{name: Field("") for name in SETTINGS}}
REFUSED = key(PAGE, "refused")
"""In the session: texts of a link that their fields cannot hold, by setting."""


def arrive() -> None:
    """Set the form from the address if it asks for another one."""
    state = st.session_state
    if not url_state.arrive(PAGE, FIELDS):
        return
    state[REFUSED] = {}
    beginning = form_key(state[PRESET])
    for name in SETTINGS:
        for ending in edits.keys_of(name):
            state.pop(f"{beginning}:{ending}", None)
        text = state[key(PAGE, name)]
        if not text:
            continue
        try:
            for ending, value in edits.widgets_of(name, text).items():
                state[f"{beginning}:{ending}"] = value
        except ValueError:
            state[REFUSED][name] = text


def keep(form: Form) -> None:
    """Write preset and changes into the address."""
    preset = st.session_state[PRESET]
    start = base_of(preset).flat()
    changed = dict.fromkeys(SETTINGS, "")
    for name, value in start.items():
        if name in SETTINGS and form.applies(name):
            text = edits.as_text(name, value, form_key(preset))
            changed[name] = "" if text == edits.as_text(name, value, "") else text
    url_state.keep(PAGE, FIELDS, preset=preset, **(changed | refused()))


def refused() -> dict[str, str]:
    """What a link says that its fields cannot hold."""
    return st.session_state.get(REFUSED, {})


def forget(name: str) -> None:
    """The setting was changed by hand, or is to stay as it is in the preset."""
    refused().pop(name, None)


def problems(base: Experiment) -> dict[str, str]:
    """What is wrong with the refused texts, by setting."""
    return {name: base.problems({name: text}).get(name) or f"cannot be '{text}'" for name, text in refused().items()}


def unknown() -> list[str]:
    """One line for each setting that the address names and that there is not."""
    told = []
    for name in st.query_params:
        if name.startswith(("data.", "model.", "training.", "evaluation.")) and name not in SETTINGS:
            try:
                Experiment().changed({name: None})
            except UserError as error:
                told.append(str(error))
    return told
