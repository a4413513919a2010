"""Compare: two to ten runs side by side: curves, metrics, images, interpolations and latent spaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from aecore.config.corruption import Corruption
from aecore.format import count
from aecore.latent.interpolation import shares
from aecore.plots.curves import AXIS_TITLES, METRIC_TITLES
from aecore.runs.state import ACTIVE, run_state
from aecore.runs.store import WEIGHTS, Run, Store
from dashboard import page, url_state
from dashboard.cache import models, runs
from dashboard.cache.images import image_info
from dashboard.charts.run_charts import comparison_chart
from dashboard.compare import clouds, tables
from dashboard.components.comparer import comparer
from dashboard.components.networks import ship_run
from dashboard.navigation import route
from dashboard.url_state import Field, key, number, one_of
from dashboard.widgets import image_picker, run_picker
from dashboard.widgets.image_files import as_bytes, png_sheet

route()

PAGE = "compare"
VIEWS = {
    "numbers": "Curves and metrics",
    "images": "Images",
    "way": "Interpolation",
    "space": "Latent space",
}
REFRESH_S = 2.0
WAY_FRAMES = 11


FIELDS = {
    "runs": Field([], lambda text: [name for name in text.split(",") if name][: tables.MOST], ",".join),
    "base": Field(""),
    "view": Field("numbers", one_of(*VIEWS)),
    "curve": Field("test_loss", one_of(*METRIC_TITLES)),
    "x": Field("epoch", one_of(*AXIS_TITLES)),
    "smooth": Field(0.0, lambda text: min(max(float(text), 0.0), 0.95), "{:g}".format),
    "log": Field(True, lambda text: text != "0", lambda on: "1" if on else "0"),
    "tested": Field("none", url_state.corruption),
    "noise": Field("none", url_state.corruption),
    "draw": Field(0, number(0, 10**6), str),
    "first": Field(0, number(0, 10**7), str),
    "errors": Field(True, lambda text: text != "0", lambda on: "1" if on else "0"),
    "path": Field("line", one_of("line", "arc")),
    "a": Field(-1, number(0, 10**7), str),
    "b": Field(-1, number(0, 10**7), str),
    "at": Field(None, lambda text: min(max(float(text), 0.0), 1.0), lambda at: "" if at is None else f"{at:.3f}"),
    "method": Field("tsne", one_of(*clouds.METHODS)),
    "dims": Field(3, number(2, 3), str),
}
# What a first visit compares, as far as these runs exist: what does a wider code buy?
SUGGESTED = ("mnist-selu-2-clean", "mnist-selu-6-clean", "mnist-mlp8")


def choose_runs() -> list[Run]:
    """The runs to compare and the baseline among them."""
    state, listed = st.session_state, {row.id: row for row in runs.summaries() if row.state != "damaged"}
    field = key(PAGE, "runs")
    unknown = [name for name in state[field] if name not in listed]
    if unknown:
        st.warning(
            f"There is no run {', '.join(f'“{name[:60]}”' for name in unknown)} here.", icon=":material/search_off:"
        )
    wanted = [name for name in state[field] if name in listed]
    if not wanted:
        finished = [name for name, row in listed.items() if row.state == "finished"]
        wanted = [name for name in SUGGESTED if name in listed] or finished[:2]
    state[field] = wanted
    titles = {name: row.title for name, row in listed.items()}
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        chosen = st.multiselect(
            "Runs",
            list(listed),
            format_func=lambda name: run_picker.label(name, titles),
            key=field,
            max_selections=tables.MOST,
            placeholder="Choose two to ten runs",
        )
    base = key(PAGE, "base")
    if state[base] not in chosen:
        state[base] = ""
    with right:
        st.selectbox(
            "Baseline",
            ["", *chosen],
            format_func=lambda name: run_picker.label(name, titles) if name else "None",
            key=base,
            help="Every metric is also shown as its difference from this run.",
        )
    store = Store.default()
    return [run for run in map(store.listed, chosen) if run is not None]


def titles_of(chosen: Sequence[Run]) -> list[str]:
    """A distinct title for each run."""
    titles = [runs.summary(run).title for run in chosen]
    return [title if titles.count(title) == 1 else run.id for title, run in zip(titles, chosen, strict=True)]


def numbers(chosen: Sequence[Run]) -> None:
    titles = titles_of(chosen)
    base = st.session_state[key(PAGE, "base")]
    baseline = next((i for i, run in enumerate(chosen) if run.id == base), None)
    draw_curves(chosen, titles)
    draw_metrics(chosen, titles, baseline)
    st.subheader("Settings that differ", anchor=False)
    differing = tables.settings_table([run.experiment() for run in chosen], titles, baseline)
    if not differing:
        st.caption("None: these runs have the same settings.")


def draw_curves(chosen: Sequence[Run], titles: Sequence[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        field = st.selectbox(
            "Curve",
            list(METRIC_TITLES),
            format_func=METRIC_TITLES.__getitem__,
            key=key(PAGE, "curve"),
            width=190,
        )
        axis = st.selectbox(
            "X axis",
            list(AXIS_TITLES),
            format_func=AXIS_TITLES.__getitem__,
            key=key(PAGE, "x"),
            width=200,
        )
        amount = st.slider("Smoothing", 0.0, 0.95, step=0.05, key=key(PAGE, "smooth"), width=180)
        log = st.toggle("Log axis", key=key(PAGE, "log"))
    names = [f"{letter} {title}" for letter, title in zip(tables.LETTERS, titles, strict=False)]

    def drawn() -> None:
        comparison_chart(chosen, field, "compare-curves", names=names, axis=axis, smoothing=amount, log=log)
        if len({run.experiment().training.reduction for run in chosen}) > 1 and "loss" in field:
            st.caption("These losses are on different scales: some are sums over pixels, others means.")
        if len({str(run.experiment().corruption) for run in chosen}) > 1 and "loss" in field:
            st.caption("Each run's loss is measured under its own training noise, which differs between runs.")

    active = any(run_state(run) in ACTIVE for run in chosen)
    st.fragment(drawn, run_every=REFRESH_S if active else None)()


def draw_metrics(chosen: Sequence[Run], titles: Sequence[str], baseline: int | None) -> None:
    st.subheader("On the whole test set", anchor=False)
    tested = list(dict.fromkeys(entry["corruption"] for run in chosen for entry in run.evaluation()))
    field = key(PAGE, "tested")
    if tested:
        if st.session_state[field] not in tested:
            st.session_state[field] = tested[0]
        st.segmented_control(
            "Test corruption", tested, format_func=lambda text: Corruption.parse(text).label, key=field, required=True
        )
    lines = tables.measured(chosen, [runs.summary(run) for run in chosen], st.session_state[field])
    tables.metrics_table(lines, titles, baseline)
    sets = {run.experiment().data.name for run in chosen}
    if len(sets) > 1:
        st.caption(f"Measured on different images ({', '.join(sorted(sets))}): compare with care.")


def like(chosen: Sequence[Run]) -> tuple[list[Run], list[Run]]:
    """The runs with weights that share the first one's image set and shape, and the others."""
    able = [run for run in chosen if run.file(WEIGHTS).is_file()]
    if not able:
        return [], list(chosen)
    first = image_info(able[0])
    same = [run for run in able if image_info(run).image_shape == first.image_shape]
    same = [run for run in same if run.experiment().data.name == first.name] or same
    return same, [run for run in chosen if run not in same]


def shared_view(chosen: Sequence[Run], view: str) -> None:
    """The same images through all runs, or the interpolation between two of them."""
    same, others = like(chosen)
    if others:
        names = ", ".join(titles_of(others))
        st.caption(f"Left out (trained on other images, or no weights saved): {names}.")
    if not same:
        st.info("None of these runs has saved weights.", icon=":material/inbox:")
        return
    images = image_picker.gallery(same[0])
    if images is None:
        st.info(
            "These runs have no stored images, and their image set is not here.", icon=":material/image_not_supported:"
        )
        return
    state = st.session_state
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if view == "images":
            st.number_input("From test image", 0, int(images.numbers[-1]), step=8, key=key(PAGE, "first"), width=150)
            st.toggle("Errors", key=key(PAGE, "errors"))
        else:
            st.segmented_control(
                "Path",
                ["line", "arc"],
                format_func={"line": "Line", "arc": "Arc"}.__getitem__,
                key=key(PAGE, "path"),
                required=True,
            )
        image_picker.choose_noise(PAGE, same[0])
    if view == "images":
        found = image_picker.window(PAGE, same[0], images, state[key(PAGE, "first")], 8)
    else:
        found = image_picker.choose(PAGE, same[0], images, {"a": "From test image", "b": "To test image"})
    shipped = [ship_run(run, None) for run in same]
    able = [i for i, one in enumerate(shipped) if one["encoder"] and one["decoder"]]
    if not able:
        st.info("These networks are too large to run in the browser.", icon=":material/memory:")
        return
    titles, noisy = titles_of(same), state[key(PAGE, "noise")] != "none"
    position = comparer(
        [shipped[i] for i in able],
        [titles[i] for i in able],
        found.clean,
        found.shown,
        found.names,
        images.classes,
        view=view,
        noisy=noisy,
        errors=0.5 if view == "images" and state[key(PAGE, "errors")] else None,
        path=state[key(PAGE, "path")],
        shares=shares(WAY_FRAMES).round(6).tolist(),
        place=state[key(PAGE, "at")],
        visit=url_state.visit(PAGE),
        key=f"bench-{view}",
    )
    if view == "way" and position is not None and position != state.get(key(PAGE, "told-at")):
        state[key(PAGE, "told-at")] = position
        state[key(PAGE, "at")] = float(position)
    if view == "images":
        st.download_button(
            "PNG sheet",
            lambda: sheet_png([same[i] for i in able], found, noisy),
            "comparison.png",
            icon=":material/download:",
        )
    st.caption(f"Encoded and decoded in your browser. {images.note}")


def sheet_png(chosen: Sequence[Run], found: image_picker.Chosen, noisy: bool) -> bytes:
    """The sheet as a PNG: clean images, the noisy ones if any, then one row per run."""
    lines = [found.clean] + [as_bytes(found.shown)] * noisy
    for run in chosen:
        lines.append(as_bytes(models.decoded(run, models.codes_of_images(run, found.shown))))
    return png_sheet(np.concatenate(lines), len(found.clean))


def view() -> None:
    if url_state.arrive(PAGE, FIELDS):
        st.session_state.pop(key(PAGE, "told-at"), None)
    chosen = choose_runs()
    shown = st.segmented_control(
        "Show",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        key=key(PAGE, "view"),
        required=True,
        label_visibility="collapsed",
    )
    if len(chosen) < 2:
        st.info(f"Choose {count(2 - len(chosen), 'more run')} to compare.", icon=":material/compare_arrows:")
    elif shown == "numbers" or shown is None:
        numbers(chosen)
    elif shown == "space":
        clouds.side_by_side(PAGE, chosen, titles_of(chosen))
    else:
        shared_view(chosen, shown)
    url_state.keep(PAGE, FIELDS)


st.title("Compare", anchor=False)
page.draw(view)
