"""The same images through several runs, or one interpolation through all of them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aecore.config.corruption import Corruption
from aecore.latent.interpolation import shares
from aecore.runs.run import WEIGHTS, Run
from dashboard import url_state
from dashboard.cache.images import image_info
from dashboard.compare import export, wipe
from dashboard.compare.choose import marked_titles_of, titles_of
from dashboard.compare.sheets import choose_sheet
from dashboard.compare.tables import letter
from dashboard.compare.url import PAGE
from dashboard.components.comparer import comparer
from dashboard.components.networks import ship_run
from dashboard.format import plain
from dashboard.interpolate.export import Interpolation
from dashboard.url_state import key
from dashboard.widgets import figure_export, image_picker

WAY_FRAMES = 11
ERROR_SCALE = 0.5
"""The error that has full intensity in an error map."""


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
    same, numbers = choose_sheet(chosen, same)
    images = image_picker.gallery(same[0])
    if images is None:
        st.info(
            "These runs have no stored images, and their image set is not here.", icon=":material/image_not_supported:"
        )
        return
    state = st.session_state
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if view != "way":
            st.number_input("From test image", 0, int(images.numbers[-1]), step=8, key=key(PAGE, "first"), width=150)
        if view == "images":
            st.toggle("Errors", key=key(PAGE, "errors"))
        if view == "way":
            st.segmented_control(
                "Path",
                ["line", "arc"],
                format_func={"line": "Line", "arc": "Arc"}.__getitem__,
                key=key(PAGE, "path"),
                required=True,
            )
        image_picker.choose_noise(PAGE, same[0], width=270)
    if view != "way":
        found = image_picker.window(PAGE, same[0], images, state[key(PAGE, "first")], 8)
    else:
        found = image_picker.choose(PAGE, same[0], images, {"a": "From test image", "b": "To test image"})
    shipped = [ship_run(run, None) for run in same]
    every, noisy = marked_titles_of(chosen), state[key(PAGE, "noise")] != "none"
    titles = [every[number] for number in numbers]
    if view == "wipe":
        wipe.draw(same, titles, numbers, shipped, found, noisy)
        st.caption(plain(images.note))
        return
    able = [i for i, one in enumerate(shipped) if one["encoder"] and one["decoder"]]
    codeless: list[int] = []
    if view == "way":
        codeless = [i for i in range(len(same)) if not same[i].experiment().model.has_code]
        if codeless:
            st.caption(f"Left out (no code to interpolate): {plain(', '.join(titles[i] for i in codeless))}.")
        able = [i for i in able if i not in codeless]
        if len(codeless) == len(same):
            return
    if not able:
        st.info("These networks cannot run in the browser.", icon=":material/memory:")
        return
    if large := [title for i, title in enumerate(titles) if i not in able and i not in codeless]:
        st.caption(f"Left out (cannot run in the browser): {plain(', '.join(large))}.")
    comparer(
        [shipped[i] for i in able],
        [titles[i] for i in able],
        [numbers[i] for i in able],
        found.clean,
        found.shown,
        found.names,
        images.classes,
        found.labels,
        view=view,
        noisy=noisy,
        errors=ERROR_SCALE if view == "images" and state[key(PAGE, "errors")] else None,
        path=state[key(PAGE, "path")],
        shares=shares(WAY_FRAMES).round(6).tolist(),
        place=state[key(PAGE, "at")],
        visit=url_state.visit(PAGE),
        key=f"bench-{view}",
    )
    runs_shown = [same[i] for i in able]
    names = [f"{letter(numbers[i])} {titles[i]}" for i in able]
    if view == "images":
        label = Corruption.parse(state[key(PAGE, "noise")]).label if noisy else ""
        scale = ERROR_SCALE if state[key(PAGE, "errors")] else None
        figure_export.export(
            lambda: export.sheet(runs_shown, names, found, label, scale), "comparison", key=f"{PAGE}-{view}"
        )
    else:
        steps = tuple(shares(WAY_FRAMES).round(6).tolist())
        way = Interpolation(
            found.shown, tuple(found.names), state[key(PAGE, "path")], steps, 0, tuple(found.labels.tolist())
        )
        figure_export.export(lambda: export.strips(runs_shown, names, way), "interpolations", key=f"{PAGE}-{view}")
    estimated = any(run.experiment().model.noise_level for run in runs_shown)
    st.caption(
        f"Encoded and decoded in your browser. {plain(images.note)}"
        + (" A network that is told the noise's strength estimates it from the image here." if estimated else "")
    )
