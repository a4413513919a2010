"""The form of a new experiment, and what its model amounts to."""

from __future__ import annotations

import streamlit as st

from aecore import jobs
from aecore.config.experiment import Experiment, difference
from aecore.config.labels import label_of
from aecore.devices import devices
from aecore.errors import AecoreError
from aecore.format import count, format_value
from aecore.models.architecture import plan
from aecore.models.layer import Plan
from aecore.presets import Preset, presets
from dashboard import demo_notice
from dashboard.train.active_runs import watch
from dashboard.train.own_images import own_images, read_images
from dashboard.widgets import remarks
from dashboard.widgets.experiment_form import experiment_form
from dashboard.widgets.layer_table import layer_table


def new_experiment() -> None:
    """The form on the left, the resulting model on the right."""
    left, right = st.columns([5, 4], gap="large")
    with left:
        known = presets()
        wanted = st.query_params.get("preset", "digits-quick")
        name = st.selectbox(
            "Experiment",
            list(known),
            list(known).index(wanted) if wanted in known else 0,
            format_func=lambda name: f"{known[name].title}  ({name})",
            key="preset",
        )
        preset = known[name]
        st.caption(preset.summary)
        try:
            experiment = experiment_form(demo_notice.within_caps(preset.experiment), key=f"form:{name}")
            read = read_images(experiment.data.source)
            solved = plan(experiment.model, read.about.image_shape)
            mistake = ""
        except AecoreError as error:
            experiment, solved, read, mistake = None, None, None, str(error)
        if mistake:
            st.error(mistake, icon=":material/edit_off:")
        elif experiment:
            remarks.show(remark.as_json() for remark in jobs.remarks_before(experiment))
        start_row(experiment)
    with right:
        if experiment and solved and read:
            own_images(read)
            layers(solved)
            about_preset(preset, experiment)


def start_row(experiment: Experiment | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choices = {device.name: device for device in devices()}
        device = st.selectbox(
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
            disabled=experiment is None,
            key="start",
            on_click=start,
            args=(experiment, device),
        )
    if problem := st.session_state.pop("start_problem", None):
        st.error(problem, icon=":material/error:")


def start(experiment: Experiment, device: str) -> None:
    """Submit the experiment, start its worker and show the run; a callback, so that no click is lost."""
    try:
        run = jobs.submit(experiment, device)
        jobs.start(run)
    except (AecoreError, OSError) as error:
        st.session_state["start_problem"] = str(error)
        return
    watch(run.id)


def layers(solved: Plan) -> None:
    """The resulting model: parameters, compression, every layer."""
    st.subheader(f"{solved.parameters:,} parameters", anchor=False)
    st.caption(
        f"Each {' × '.join(map(str, solved.image_shape))} image is encoded as "
        f"{count(solved.code_size, 'number')}: {solved.compression:.0f} to 1."
        if solved.compression >= 1
        else f"The code is larger than the image: {count(solved.code_size, 'number')}."
    )
    layer_table(solved)


def about_preset(preset: Preset, experiment: Experiment) -> None:
    changed = difference(preset.experiment, experiment)
    changed.pop("name", None)
    if changed:
        lines = [f"- {label_of(key)}: {shown(old)} → **{shown(new)}**" for key, (old, new) in changed.items()]
        st.markdown("**Changed from the preset**\n" + "\n".join(lines))
    if preset.report:
        with st.expander(
            f"Report {preset.report}: what it claims, and where it is wrong", icon=":material/fact_check:"
        ):
            st.caption(preset.source)
            for claim in preset.claims:
                st.markdown(f"- {claim.quantity}: **{format_value(claim.reported, claim.unit)}**")
            for line in preset.differences:
                st.markdown(f"- {line}")


def shown(value: object) -> str:
    if value is None:
        return "default"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
