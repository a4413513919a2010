"""What an imported file may hold: the networks that come nearest, side by side, and choosing another one."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from aecore import access
from aecore.errors import AecoreError
from aecore.runs.run import CANDIDATES, Run
from dashboard.format import plain
from dashboard.server.worker import in_worker
from dashboard.widgets.image_grid import img, strip
from dashboard.widgets.lasting_button import lasting_button

MOST = 3
_VERDICTS = {
    "certain": "One network reconstructs the images clearly better than every other that the file's shapes allow.",
    "undecided": "Images do not decide between the networks that the file's shapes allow.",
    "given": "The network was named, and no other was tried.",
    "not understood": "No network that the file's shapes allow does better than always answering the mean image.",
    "untried": "There were no images to try the file on.",
}
_PROBLEM = "candidate-problem"


def candidates(run: Run, about: dict[str, Any]) -> None:
    """The verdict of an import and its first candidates; nothing for runs imported before these were kept."""
    listed, verdict = about.get("candidates") or [], str(about.get("verdict", ""))
    if not listed or verdict not in _VERDICTS or not run.file(CANDIDATES).is_file():
        return
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(plain(problem), icon=":material/error:")
    try:
        shown = run.tensors(CANDIDATES)
        images, outputs = shown["images"], shown["outputs"]
    except (AecoreError, KeyError):
        st.caption("candidates.safetensors cannot be read.")
        return
    mean = about.get("mean_image_mse")
    with st.expander(f"Interpretation: {verdict}", icon=":material/rule:", expanded=verdict != "certain"):
        reference = f" The mean image's error (MSE) is {mean:.4f}." if isinstance(mean, float) else ""
        st.markdown(_VERDICTS[verdict] + reference)
        for number, (column, entry) in enumerate(zip(st.columns(MOST), listed[:MOST], strict=False)):
            with column, st.container(border=True):
                st.markdown(f"**{number + 1}** · MSE {entry['mse']:.5f}{' · this run' if number == 0 else ''}")
                for label, row in (("original", images), ("output", outputs[number])):
                    st.html(img(strip(row), label, "width:100%"))
                st.caption(plain(entry["text"]))
                if number and access.may("train"):
                    lasting_button(
                        "Import this one",
                        partial(_choose, run, number),
                        icon=":material/call_split:",
                        key=f"candidate-{run.id}-{number}",
                        help="Adds a second run; this one stays, so that you can compare both.",
                    )


def _choose(run: Run, number: int) -> bool:
    try:
        with st.spinner("Importing and measuring it"):
            made = in_worker("aecore.compute.models:import_candidate", run, number, thorough=True)
    except AecoreError as error:
        st.session_state[_PROBLEM] = str(error)
    else:
        st.query_params["run"] = made.id
    return True
