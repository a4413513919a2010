"""Actions on a whole run: title and note, download, delete with Undo. They act in callbacks, so that no click is lost
on a live page."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial

import streamlit as st

from aecore import access
from aecore.errors import AecoreError
from aecore.format import count
from aecore.runs import archive, trash
from aecore.runs import notes as run_notes
from aecore.runs.run import WEIGHTS, Run
from aecore.runs.state import ACTIVE
from aecore.runs.store import Store
from aecore.runs.summary import RunSummary
from dashboard.format import plain
from dashboard.server.people import for_whoever_asks
from dashboard.server.worker import in_worker
from dashboard.widgets import many_runs, report_files, run_selection, undo

_EDITS = "manage-edits"


def edit(run: Run, row: RunSummary) -> None:
    """A small form for title and note; nothing for a read-only run."""
    if run.shipped or not access.owns(run):
        return
    # The key counts the saves: a new one closes the popover and resets its fields.
    key = f"{run.id}-{st.session_state.get(_EDITS, 0)}"
    with (
        st.popover("Edit", icon=":material/edit:", type="tertiary", key=f"edit-{key}"),
        st.form(f"edit-form-{key}", border=False),
    ):
        st.text_input("Title", row.title, max_chars=run_notes.LONGEST_TITLE, key=f"title-{key}")
        st.text_area(
            "Note",
            row.note,
            max_chars=run_notes.LONGEST_NOTE,
            height=120,
            placeholder="What you tried and what you found",
            key=f"note-{key}",
        )
        st.form_submit_button("Save", type="primary", on_click=_save, args=(run, key))
        undo.problem()


def _save(run: Run, key: str) -> None:
    title, note = st.session_state[f"title-{key}"], st.session_state[f"note-{key}"]
    undo.forget()
    try:
        # Check both before writing either.
        run_notes.check_text("note", note)
        run_notes.rename(run, title)
        run_notes.annotate(run, note)
    except AecoreError as error:
        undo.report(str(error))
        return
    st.session_state[_EDITS] = st.session_state.get(_EDITS, 0) + 1


def download(run: Run, row: RunSummary) -> None:
    """A menu of files; each is made on request."""
    with (
        st.popover("Download", icon=":material/download:", type="tertiary", key=f"download-{run.id}"),
        st.container(gap=None),
    ):
        _file("Whole run (.zip)", run, "zip", partial(archive.packed, run), "To open here or on another machine")
        if run.file(WEIGHTS).is_file():
            read = run.file(WEIGHTS).read_bytes
            _file("Weights (.safetensors)", run, "safetensors", read, "Loads without executing code")
            if not row.recorded and not row.imported.endswith(".onnx"):
                _file("Weights for PyTorch (.pth)", run, "pth", partial(_pth, run), "A state dict, for torch.load")
        if row.epoch:
            _file("Curves (.csv)", run, "csv", partial(archive.curves_csv, run), "One line per epoch")
        _folders(run, row)
        if row.state not in ACTIVE and (row.epoch or row.imported):
            report_files.button([run], key=f"get-report-{run.id}", type="tertiary")


def _folders(run: Run, row: RunSummary) -> None:
    """The exports for other programs, each a zip of a folder."""
    if run.file(WEIGHTS).is_file():
        # Visitors of a demo do without: the exporter takes some 300 MB for as long as the worker stays.
        if row.recorded or (access.may("look") and importlib.util.find_spec("onnxscript")):
            about = "Encoder, decoder and the whole, compared with the network. It takes some seconds."
            _file("Network as ONNX (.zip)", run, "onnx.zip", zipped(run, "onnx"), about)
        about = "Model, card and pictures, as a repository of the Hugging Face Hub"
        _file("Hub folder (.zip)", run, "hub.zip", zipped(run, "hub"), about)
    if row.epoch:
        about = "Curves, panel and codes for TensorBoard and its Projector"
        _file("TensorBoard log (.zip)", run, "tensorboard.zip", zipped(run, "tensorboard"), about)


def zipped(run: Run, to: str) -> Callable[[], bytes]:
    """What makes the zip of such an export, when it is asked for."""
    return for_whoever_asks(partial(in_worker, "aecore.interop.folders:zip_of", run, to, thorough=True))


def _file(label: str, run: Run, kind: str, make, about: str) -> None:
    st.download_button(
        label,
        make,
        f"{run.id}.{kind}",
        key=f"get-{kind}-{run.id}",
        type="tertiary",
        help=about,
        on_click="ignore",
    )


def _pth(run: Run) -> bytes:
    return in_worker("aecore.interop:pth_bytes", run)


def delete_button(run: Run, state: str) -> None:
    """A button that deletes the run, with Undo; nothing for a run that is read-only or active."""
    if not run.shipped and access.owns(run) and state not in ACTIVE:
        icon = ":material/delete:"
        st.button("Delete", icon=icon, key="delete", type="tertiary", on_click=many_runs.delete, args=([run],))


def trash_list() -> None:
    """Runs deleted within the last week, to restore or to remove permanently; nothing when there are none."""
    gone = [deleted for deleted in trash.deleted_runs(Store.default()) if access.owns(deleted.run)]
    if not gone:
        return
    with st.popover(count(len(gone), "deleted run"), icon=":material/delete:", type="tertiary", key="trash"):
        st.caption(f"Deleted runs stay here for {trash.KEPT_DAYS} days.")
        for number, entry in enumerate(gone[:20]):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"**{plain(entry.title)}**  \n:small[{plain(entry.id)}]", width="stretch")
                st.button("Restore", key=f"restore-{number}", on_click=_restore, args=(entry,))
                st.button("Delete forever", key=f"purge-{number}", type="tertiary", on_click=_purge, args=(entry,))
        if len(gone) > 20:
            st.caption(f"{count(len(gone) - 20, 'older one')}: python -m aecore restore")


def _restore(gone: trash.Deleted) -> None:
    undo.forget()
    try:
        run_selection.show(trash.restore(gone).id)
    except AecoreError as error:
        undo.report(str(error))


def _purge(gone: trash.Deleted) -> None:
    undo.forget()
    try:
        trash.purge(gone)
    except AecoreError as error:
        undo.report(str(error))
