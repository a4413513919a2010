"""The form for a new sweep: a base, the settings to vary, seeds and goal, with a live summary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import streamlit as st

from aecore import devices
from aecore.config.experiment import Experiment
from aecore.errors import AecoreError, DamagedError, UserError
from aecore.format import count, duration
from aecore.models.digit_classifier import reads
from aecore.presets import presets
from aecore.runs.store import Store
from aecore.sweeps import labels, runner
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import GOALS, MEASURED, Sweep
from dashboard import limits
from dashboard.cache import runs
from dashboard.format import plain
from dashboard.sweep import parse_values
from dashboard.sweep.estimate import estimate_s
from dashboard.sweep.export import toml_text
from dashboard.sweep.header import begin
from dashboard.url_state import key
from dashboard.widgets.lasting_button import lasting_button

PAGE = "sweep"
MOST_SETTINGS, MOST_SEEDS, MOST_BASES = 4, 100, 200
MOST_CHECKED = 1000
"""Sweeps of up to this many combinations are checked while typing; larger ones when they are started."""
START_PROBLEM = "sweep-start-problem"


class Wanted(NamedTuple):
    """The form's content: plain data for `Sweep.parse`, and the device."""

    plain: dict[str, Any]
    device: str


def new_sweep(closable: bool) -> None:
    """The form on the left, its summary on the right; `closable` if there is a sweep to go back to."""
    st.subheader("New sweep", anchor=False)
    left, right = st.columns([5, 4], gap="large")
    wanted, sweep, mistake = None, None, ""
    with left:
        try:
            wanted = _form()
            sweep = _checked(json.dumps(wanted.plain), wanted.device)
        except AecoreError as error:
            mistake = str(error)
    with right:
        if sweep is not None and wanted is not None:
            _summary(sweep, wanted.device)
        if mistake:
            st.error(plain(mistake), icon=":material/edit_off:")
        with st.container(horizontal=True):
            # Not a callback: it would act on what the form held when it was drawn, not on what was typed since.
            lasting_button(
                "Start",
                partial(_start, wanted, mistake),
                type="primary",
                icon=":material/play_arrow:",
                key="sweep-start",
                disabled=sweep is None,
            )
            if closable:
                st.button("Cancel", key="sweep-cancel", on_click=_close)
        if problem := st.session_state.pop(START_PROBLEM, None):
            st.error(plain(problem), icon=":material/error:")
        if sweep is not None:
            with st.expander("As a file", icon=":material/description:"):
                st.caption(
                    "Save it as sweep.toml and run `python -m aecore sweep sweep.toml`. A file offers more than this "
                    "form, such as random search, and can run on a Ray cluster."
                )
                st.code(toml_text(sweep), language="toml")


def _form() -> Wanted:
    """The widgets. Raises `UserError` for invalid input."""
    base_name, base = _base()
    vary_keys = st.multiselect(
        "Settings to vary",
        list(parse_values.settings()),
        ["model.bottleneck.size"],
        format_func=labels.setting_choice,
        max_selections=MOST_SETTINGS,
        key="sweep-vary",
        placeholder="Choose up to four",
    )
    flat = base.flat()
    vary, mistakes = {}, []
    for name in vary_keys:
        try:
            vary[name] = _values(name, flat[name], base_name)
        except UserError as error:
            mistakes.append(error)
    changes = _fixed(base, base_name, vary)
    trained = vary.get("corruption", [str(changes.get("corruption", flat["corruption"]))])
    measured = parse_values.tested(
        changes.get("evaluation.corruptions", flat["evaluation.corruptions"]), map(str, trained)
    )
    if measured != flat["evaluation.corruptions"]:
        changes["evaluation.corruptions"] = measured
    seeds, goal, under = _comparison(measured, len(trained) > 1, base)
    title, device = _name_and_device(vary)
    if mistakes:
        raise mistakes[0]
    if not vary:
        raise UserError("choose at least one setting to vary")
    experiment = base.changed(changes).model_dump(mode="json") | {"name": "", "sweep": ""}
    return Wanted(
        {
            "name": title,
            "experiment": experiment,
            "vary": vary,
            "seeds": seeds,
            "goal": goal,
            "under": under,
        },
        device,
    )


def _base() -> tuple[str, Experiment]:
    known = presets()
    rows = {
        row.id: row.title
        for row in runs.summaries()
        if not (row.sweep or row.imported or row.recorded or row.state == "damaged")
    }
    options = [*known, *list(rows)[:MOST_BASES]]
    name = st.selectbox(
        "Base",
        options,
        options.index("digits-quick"),
        format_func=lambda name: f"{known[name].title}  ({name})" if name in known else f"Run: {rows[name]}  ({name})",
        key="sweep-base",
        help="What all runs have in common: a preset, or the settings of one of your runs.",
    )
    if name in known:
        return name, known[name].experiment
    run = Store.default().listed(name)
    if run is None:
        raise UserError(f"there is no run '{name}' any more; choose another base")
    try:
        return name, run.experiment()
    except DamagedError as error:
        raise UserError(str(error)) from None


def _values(name: str, now: Any, base: str) -> list[Any]:
    """The values of one setting."""
    field, label, widget = parse_values.settings()[name], labels.setting_choice(name), f"sweep-values:{base}:{name}"
    options = limits.image_sets() if name == "data.name" else parse_values.choices(field)
    if options is not None:
        default = [now] if now in options else []
        found = st.multiselect(
            label,
            options,
            default,
            format_func=lambda value: labels.value(name, value),
            help=field.description,
            key=widget,
        )
        if not found:
            raise UserError(f"{labels.setting(name)}: choose at least one value")
        return found
    text = st.text_area(label, parse_values.as_text(name, now), height=98, help=field.description, key=widget)
    st.caption(parse_values.hint(name))
    return parse_values.values(name, text or "")


def _fixed(base: Experiment, base_name: str, vary: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that differ from the base but are the same for all runs."""
    changes: dict[str, Any] = {}
    with st.container(horizontal=True):
        if "training.epochs" not in vary:
            changes["training.epochs"] = _whole(
                "Epochs", base.training.epochs, key=f"sweep-epochs:{base_name}", width=150
            )
        if "data.train_images" not in vary:
            changes["data.train_images"] = _whole(
                "Training images",
                base.data.train_images,
                placeholder="all",
                key=f"sweep-images:{base_name}",
                width=190,
            )
    with st.expander("Other settings", icon=":material/tune:"):
        text = st.text_area(
            "Changes to the base",
            height=98,
            placeholder="training.lr = 0.01\nmodel.dense = [256, 64]",
            help="One per line, as for --set on the command line.",
            key="sweep-changes",
        )
        changes |= parse_values.changes(text or "")
    flat = base.changed(changes).flat()
    for name in changes:
        if name in vary:
            raise UserError(f"{name} varies and cannot be fixed as well")
    return {name: flat[name] for name in changes if flat[name] != base.flat()[name]}


def _comparison(measured: list[str], own: bool, base: Experiment) -> tuple[int, str, str]:
    """The number of seeds, and the metric to compare runs by."""
    with st.container(horizontal=True):
        seeds = _whole(
            "Seeds",
            3,
            key="sweep-seeds",
            width=130,
            help="How often each combination is trained, each time with different initial weights and data order.",
        )
        goals = [name for name in GOALS if name != "wrong_digit_rate" or reads(base.data.name)]
        goal: str = st.selectbox(
            "Goal", goals, format_func=lambda name: labels.METRICS[name].title, key="sweep-goal", width=160
        )
        under = "none"
        if goal in MEASURED:
            choices = sorted(measured, key=lambda text: text != "none")
            choices = [*choices, "own"] if own else choices
            under = st.selectbox(
                "Test images", choices, format_func=labels.tested_label, key="sweep-under-new", width=220
            )
    if not isinstance(seeds, int) or not 1 <= seeds <= MOST_SEEDS:
        raise UserError(f"Seeds: should be a whole number from 1 to {MOST_SEEDS}")
    return seeds, goal, under


def _whole(label: str, value: int | None, **options: Any) -> int | float | None:
    """A box for a whole number; what is not one is left to be refused.

    Without bounds: the browser keeps a number out of bounds to itself, and the page would go on with the old one.
    """
    start = None if value is None else float(value)
    held = st.number_input(label, value=start, step=1.0, format="%g", **options)
    return int(held) if held is not None and float(held).is_integer() else held


def _name_and_device(vary: Mapping[str, Any]) -> tuple[str, str]:
    named = " and ".join(
        labels.setting(name) if not i else labels.lower(labels.setting(name)) for i, name in enumerate(vary)
    )
    title = st.text_input("Name", placeholder=named[:60] or "Sweep", max_chars=60, key="sweep-name")
    here = {device.name: device for device in devices.devices()}
    device = st.selectbox(
        "Device",
        list(here),
        format_func=lambda name: f"{name}: {here[name].title}",
        key="sweep-device",
        help="Devices of the machine that serves this page.",
    )
    return (title or "").strip() or named[:60] or "Sweep", device


@lru_cache(maxsize=32)
def _checked(wanted: str, device: str) -> Sweep:
    """The sweep from that JSON. Raises `UserError` for the first error in it, or in any run of a small one."""
    sweep = Sweep.parse(json.loads(wanted))
    if sweep.combinations <= MOST_CHECKED:
        runner.check(sweep, device)
    return sweep


def _summary(sweep: Sweep, device: str) -> None:
    """The number of runs and the estimated time."""
    numbers = [len(found) for found in sweep.vary.values() if isinstance(found, tuple)]
    runs_in_all = sweep.combinations * len(sweep.seeds)
    st.subheader(count(runs_in_all, "run"), anchor=False)
    factors = " × ".join([*map(str, numbers), count(len(sweep.seeds), "seed")])
    guess = estimate_s(sweep, device)
    if guess is None:
        time = "The time they take is unknown until a similar run has been trained here."
    else:
        time = f"About {duration(guess[0])} on {device}, judging by {plain(guess[1])}."
    st.markdown(f"{factors} = {count(runs_in_all, 'run')}. {time}")
    under = ", ".join(labels.tested_label(str(each)) for each in sweep.experiment.evaluation.corruptions)
    st.caption(f"Each is evaluated on the whole test set: {plain(under)}.")


def _start(wanted: Wanted | None, mistake: str) -> bool:
    """Check, create, start and show the sweep."""
    store = Store.default()
    try:
        if wanted is None:
            raise UserError(f"Not started. {mistake}")
        sweep = Sweep.parse(wanted.plain)
        runner.check(sweep, wanted.device)
        runner.check_store(store)
        made = sweep_store.create(sweep, store)
        begin(made, wanted.device)
    except AecoreError as error:
        st.session_state[START_PROBLEM] = str(error)
        return True
    st.session_state[key(PAGE, "sweep")] = made.id
    for name in ("figure", "under", "view"):
        st.session_state[key(PAGE, name)] = ""
    _close()
    return True


def _close() -> None:
    st.session_state[key(PAGE, "new")] = False
