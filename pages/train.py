"""Train: choose an experiment, start it, watch it."""

import streamlit as st

from aecore import demo, jobs
from aecore.config.experiment import Experiment, difference
from aecore.config.labels import label_of
from aecore.data.catalogue import data_set
from aecore.devices import devices
from aecore.errors import AecoreError
from aecore.format import count, format_value
from aecore.models.architecture import Plan, plan
from aecore.presets import Preset, presets
from aecore.runs.state import ACTIVE
from dashboard import demo_notice
from dashboard.cache import runs
from dashboard.format import plain
from dashboard.navigation import route
from dashboard.widgets import run_actions, run_monitor, run_picker
from dashboard.widgets.experiment_form import experiment_form
from dashboard.widgets.layer_table import layer_table

route()


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
            about = data_set(experiment.data.name)
            solved = plan(experiment.model, about.image_shape)
            mistake = ""
        except AecoreError as error:
            experiment, solved, mistake = None, None, str(error)
        if mistake:
            st.error(mistake, icon=":material/edit_off:")
        start_row(experiment)
    with right:
        if experiment and solved:
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


def watch(run_id: str | None) -> None:
    """Show that run, or the form when there is none."""
    if run_id is None:
        st.query_params.pop("run", None)
    else:
        st.query_params["run"] = run_id


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


def active_runs() -> None:
    """Runs in progress, so that a returning user finds them."""
    for row in runs.summaries():
        if row.state in ACTIVE:
            with st.container(horizontal=True, vertical_alignment="center", border=True):
                st.markdown(f"**{plain(row.title)}** is {row.state}, epoch {row.epoch} of {row.epochs}")
                st.space("stretch")
                st.button(
                    "Watch",
                    icon=":material/visibility:",
                    key=f"watch-{row.id}",
                    on_click=watch,
                    args=(row.id,),
                )


st.title("Train", anchor=False)
demo_notice.note()
run = run_picker.chosen()
run_actions.undo_bar()
if run is None:
    active_runs()
    if demo.mode() != "read-only":
        new_experiment()
else:
    run_monitor.heading(run)
    run_monitor.watch(run)
    st.button("New experiment", icon=":material/add:", key="new", on_click=watch, args=(None,))
