"""A report as files: in a folder, or packed for a download."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from aecore.errors import AecoreError, UserError, describe_os_error
from aecore.reports.handin.contents import collect
from aecore.reports.handin.html import html_page
from aecore.reports.handin.latex import latex_files
from aecore.runs.run import Run
from aecore.temporary import temporary_folder

HTML, LATEX = "report.html", "latex"


def report_files(runs: Sequence[Run]) -> dict[str, bytes]:
    """The files of a report by path: report.html, and latex/report.tex with its tables and figures."""
    document = collect(runs)
    files = {HTML: html_page(document).encode()}
    return files | {f"{LATEX}/{path}": content for path, content in latex_files(document).items()}


def write_report(runs: Sequence[Run], folder: Path, overwrite: bool = False) -> list[Path]:
    """Write a report into a folder, which is made if need be; returns its HTML file and its LaTeX file.

    Raises `UserError` if the folder holds a report already and `overwrite` is not set, `AecoreError` if it cannot be
    written.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; a report needs a folder")
    if not overwrite and any((folder / name).exists() for name in (HTML, LATEX)):
        raise UserError(f"{folder} holds a report already; --overwrite replaces it")
    files = report_files(runs)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder, "report") as scratch:
            for path, content in files.items():
                target = scratch / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            # The old figures and tables go as a whole: none of another run's may stay between the new ones.
            shutil.rmtree(folder / LATEX, ignore_errors=True)
            for name in (LATEX, HTML):
                (scratch / name).replace(folder / name)
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"writing {folder}")) from None
    return [folder / HTML, folder / LATEX / "report.tex"]


def packed_report(runs: Sequence[Run]) -> bytes:
    """The files of a report as a .zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, content in report_files(runs).items():
            packed.writestr(f"report/{path}", content)
    return buffer.getvalue()
