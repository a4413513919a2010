"""The form of a new experiment, and what its model amounts to."""

from __future__ import annotations

import math

import streamlit as st

from aecore import jobs
from aecore.config.experiment import difference
from aecore.config.labels import label_of
from aecore.devices import devices
from aecore.errors import AecoreError
from aecore.format import count, format_value
from aecore.models.layer import Plan
from aecore.presets import Preset, presets
from aecore.reports.beyond import aim
from dashboard.format import plain
from dashboard.reports.cards import size_of, solved_of
from dashboard.train import url
from dashboard.train.active_runs import watch
from dashboard.train.form_values import Form, base_of, form_key, read_form
from dashboard.train.form_widgets import draw_form
from dashboard.train.own_images import own_images
from dashboard.widgets import remarks
from dashboard.widgets.layer_table import layer_table
from dashboard.widgets.network_picture import network_picture

PROBLEM = "start-problem"


def new_experiment() -> None:
    """The form on the left, the resulting model on the right."""
    left, right = st.columns([5, 4], gap="large")
    with left:
        known = presets()
        url.arrive()
        name = st.selectbox(
            "Experiment", list(known), format_func=lambda name: f"{known[name].title}  ({name})", key=url.PRESET
        )
        preset = known[name]
        st.caption(preset.summary)
        for line in url.unknown():
            st.warning(plain(line), icon=":material/link_off:")
        form = current(name)
        url.keep(form)
        draw_form(form, base_of(name), form_key(name))
        start_row(name, form)
    with right:
        if form.experiment:
            remarks.show(remark.as_json() for remark in jobs.remarks_before(form.experiment))
        if form.read:
            own_images(form.read)
        if form.solved:
            layers(form.solved)
        about_preset(preset, form)


def current(name: str) -> Form:
    """The form of a preset as the session holds it."""
    base, device = base_of(name), st.session_state.get("device") or devices()[0].name
    return read_form(base, form_key(name), device, url.problems(base))


def start_row(name: str, form: Form) -> None:
    """Device and Start, in sight wherever the form is scrolled to."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="start-row"):
        choices = {device.name: device for device in devices()}
        st.selectbox(
            "Device",
            list(choices),
            format_func=lambda name: f"{name}: {choices[name].title}",
            key="device",
            help="Devices of the machine that serves this page.",
        )
        st.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            disabled=form.experiment is None,
            key="start",
            on_click=start,
            args=(name,),
        )
    problem = st.session_state.pop(PROBLEM, None) or form.problems.get("")
    if problem:
        st.error(plain(problem), icon=":material/error:")


def start(name: str) -> None:
    """Submit the experiment that the form holds at the click, start its worker and show the run."""
    form = current(name)
    if form.experiment is None:
        st.session_state[PROBLEM] = f"Not started. {form.problem}".strip()
        return
    try:
        run = jobs.submit(form.experiment, st.session_state["device"])
        jobs.start(run)
    except (AecoreError, OSError) as error:
        st.session_state[PROBLEM] = str(error)
        return
    watch(run.id)


def _quantised(solved: Plan) -> str:
    """What a quantised code takes: a number for each place."""
    _, height, width = solved.code_map
    bits = height * width * math.log2(solved.vectors)
    return (
        f"Each {' × '.join(map(str, solved.image_shape))} image is encoded as {height} × {width} vectors, each one of "
        f"{solved.vectors:,}: {bits / 8:,.0f} bytes."
    )


def layers(solved: Plan) -> None:
    """The resulting model: parameters, compression, every layer."""
    st.subheader(f"{solved.parameters:,} parameters", anchor=False)
    st.caption(
        "The network has no code: it goes from image to image."
        if not solved.has_code
        else _quantised(solved)
        if solved.vectors
        else f"Each {' × '.join(map(str, solved.image_shape))} image is encoded as "
        f"{count(solved.code_size, 'number')}: {solved.compression:.0f} to 1."
        if solved.compression >= 1
        else f"The code is larger than the image: {count(solved.code_size, 'number')}."
    )
    network_picture(solved)
    layer_table(solved)


def about_preset(preset: Preset, form: Form) -> None:
    changed = difference(preset.experiment, form.experiment) if form.experiment else {}
    changed = {key: values for key, values in changed.items() if key != "name" and form.applies(key)}
    if changed:
        lines = [f"- {label_of(key)}: {shown(old)} → **{shown(new)}**" for key, (old, new) in changed.items()]
        st.markdown("**Changed from the preset**\n" + "\n".join(lines))
    if preset.idea:
        own_card(preset)
    if preset.report:
        with st.expander(
            f"Report {preset.report}: what it claims, and where it is wrong", icon=":material/fact_check:"
        ):
            st.caption(preset.source)
            for claim in preset.claims:
                st.markdown(f"- {claim.quantity}: **{format_value(claim.reported, claim.unit)}**")
            for line in preset.differences:
                st.markdown(f"- {line}")


def own_card(preset: Preset) -> None:
    """What a preset of our own is for: its idea, when it fails, its size and what it is to reach."""
    with st.expander("Our own: the idea, and when it fails", icon=":material/lightbulb:", expanded=True):
        st.markdown(plain(preset.idea))
        if preset.fails:
            st.markdown(f"**When it fails:** {plain(preset.fails)}")
        for goal in preset.goals:
            st.markdown(f"- {plain(goal.quantity)}: **{aim(goal)}**" + (f", beside `{goal.than}`" * bool(goal.than)))
        st.caption(f"As the preset has it: {size_of(solved_of(preset))}.  \nSource: {plain(preset.source)}")
        st.page_link(
            "pages/reports.py",
            label="Beside the reports' runs",
            icon=":material/fact_check:",
            query_params={"report": "beyond"},
        )


def shown(value: object) -> str:
    if value is None:
        return "default"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
