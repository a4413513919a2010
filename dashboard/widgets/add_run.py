"""Adding a run from a file: a zip downloaded from this app, or a checkpoint from another program."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from aecore import access
from aecore.data.catalogue import CATALOGUE
from aecore.errors import AecoreError, describe_os_error
from aecore.presets import presets
from aecore.runs import archive
from aecore.runs.run import Run
from aecore.runs.store import Store
from aecore.temporary import temporary_folder
from dashboard.format import plain
from dashboard.server.uploads import file_uploader, on_its_way
from dashboard.server.worker import in_worker
from dashboard.widgets import run_selection, undo
from dashboard.widgets.lasting_button import lasting_button

LARGEST_MB = 1024
KINDS = ["zip", "pth", "pt", "safetensors", "onnx"]
_ROUND = "adding-round"

_WORDS = {
    "reading": "Reading the file",
    "trying": "Finding the settings that fit the weights",
    "preparing": "Preparing the images",
    "evaluating": "Evaluating it on the test images",
}


def add_a_run() -> None:
    """A popover that turns an uploaded file into a run."""
    if not access.may("train"):
        return
    number = st.session_state.get(_ROUND, 0)  # a new key empties and closes the popover
    with st.popover("Add a run", icon=":material/upload_file:", type="tertiary", key=f"adding-{number}"):
        st.markdown("A run downloaded from this app (.zip), or your own network (.pth, .pt, .safetensors, .onnx).")
        given = file_uploader(
            "File",
            KINDS,
            max_upload_size=LARGEST_MB,
            label_visibility="collapsed",
            key=f"adding-file-{number}",
        )
        preset, data, anyway, second = "", "", False, None
        if given is not None and not given.name.lower().endswith(".zip"):
            preset = st.selectbox(
                "Model",
                ["", *presets()],
                format_func=lambda name: presets()[name].title if name else "Detect automatically",
                key=f"adding-preset-{number}",
            )
            data = st.selectbox(
                "Images it was trained on",
                ["", *CATALOGUE],
                format_func=lambda name: CATALOGUE[name].title if name else "Detect automatically",
                key=f"adding-data-{number}",
            )
            if st.checkbox("Encoder and decoder are in two files", key=f"adding-two-{number}"):
                second = file_uploader(
                    "The other file", KINDS[1:], max_upload_size=LARGEST_MB, key=f"adding-second-{number}"
                )
            anyway = st.checkbox(
                "Even if it is not understood",
                key=f"adding-anyway-{number}",
                help="Adds a file of which no reading reconstructs images better than the mean image; it is marked.",
            )
        coming = on_its_way()
        files = [file for file in (given, second) if file is not None]
        lasting_button(
            "Add",
            partial(_add, files, preset, data, anyway),
            type="primary",
            disabled=given is None and not coming,
            ready=given is not None and not coming,
            key=f"adding-go-{number}",
        )


def _add(given: list[UploadedFile], preset: str, data: str, anyway: bool) -> bool:
    """Turn the files into a run, with a progress bar, and open it, or tick the several of a zip; or report the problem.

    Returns whether it did.
    """
    undo.forget()
    if not given:
        return False  # taken away after the click
    bar = st.progress(0.0, "Reading the file")

    def report(stage: str, done: float, total: float, note: str) -> None:
        words = _WORDS.get(stage, stage.capitalize())
        bar.progress(min(done / total, 1.0) if total else 0.0, f"{words}{f': {note}' if note else ''}")

    try:
        added = _imported(given, preset, data, anyway, report)
    except AecoreError as error:
        bar.empty()
        st.error(plain(str(error)), icon=":material/error:")
        return False
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    if len(added) == 1:
        run_selection.show(added[0].id)
    else:
        run_selection.tick([run.id for run in added])
    return True


def _imported(given: list[UploadedFile], preset: str, data: str, anyway: bool, report) -> list[Run]:
    if len(given) == 1 and archive.is_packed(given[0]):
        return archive.unpack_all(given[0], Store.default())
    names = " + ".join(file.name for file in given)
    try:
        with temporary_folder(Path(tempfile.gettempdir()), "aecore") as folder:
            paths = []
            for number, file in enumerate(given):
                # Under their own names, which tell encoder from decoder, but each in a folder of its own.
                home = folder / str(number)
                home.mkdir()
                paths.append(home / (Path(file.name).name or "file"))
                paths[-1].write_bytes(file.getbuffer())
            options = {"preset_name": preset, "data_name": data, "file_name": names, "anyway": anyway}
            added = in_worker("aecore.compute.models:import_files", paths, thorough=True, report=report, **options)
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"storing {names}")) from None
    return [added]
