"""One's own images from the browser: a file of arrays, a zip, or pictures, kept where the prepared sets are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from aecore.data.custom.source import UPLOADS
from aecore.data.place import data_root
from aecore.errors import describe_os_error
from aecore.files import atomic_write
from dashboard.format import plain
from dashboard.server.uploads import file_uploader

LARGEST_MB = 512
PICTURES = ("png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff")


def upload_images(path_key: str) -> None:
    """An uploader that puts the path of what was uploaded into the text box with that key."""
    key = f"{path_key}:upload"
    file_uploader(
        "A zip, an .npz or pictures",
        None,
        accept_multiple_files=True,
        max_upload_size=LARGEST_MB,
        key=key,
        on_change=_take,
        args=(key, path_key),
        help="Pictures in a zip may lie in one folder a class, in train and test. They are kept on the machine that "
        "serves this page.",
    )
    if problem := st.session_state.pop(f"{key}:problem", None):
        st.error(plain(problem), icon=":material/error:")


def _take(key: str, path_key: str) -> None:
    given: list[UploadedFile] = st.session_state[key]
    if not given:
        return
    try:
        st.session_state[path_key] = str(keep(given))
    except OSError as error:
        st.session_state[f"{key}:problem"] = describe_os_error(error, "storing the images")


def keep(given: Sequence[UploadedFile]) -> Path:
    """Store the files under a name that follows from their content, once; returns the path of the only one, or of the
    folder in which several pictures lie."""
    digest = hashlib.sha256()
    for file in given:
        digest.update(Path(file.name).name.encode() + b"\0" + file.getbuffer())
    folder = data_root() / UPLOADS / digest.hexdigest()[:16]
    for number, file in enumerate(given):
        name = Path(file.name).name
        if len(given) > 1 and any(Path(other.name).name == name for other in given[:number]):
            name = f"{number}-{name}"
        target = folder / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(target, bytes(file.getbuffer()))
    only = len(given) == 1 and Path(given[0].name).suffix.lower().lstrip(".") not in PICTURES
    return folder / Path(given[0].name).name if only else folder
