"""An export of several files: as a folder, or as a zip of one."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aecore.errors import AecoreError, UserError, describe_os_error
from aecore.files import atomic_write
from aecore.temporary import temporary_folder

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Folder:
    """The files of an export by their path in the folder, with "/" between names."""

    files: dict[str, bytes]
    facts: dict[str, Any] = field(default_factory=dict)
    """What the command says about them as JSON."""
    lines: tuple[str, ...] = ()
    """The same for a reader, one line each."""

    def as_zip(self, name: str) -> bytes:
        """A zip with every file under `name`. The same files give the same bytes."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in self.files.items():
                entry = zipfile.ZipInfo(f"{name}/{path}", _FIXED_TIME)
                entry.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()

    def write(self, target: Path) -> None:
        """Write the folder, whole or not at all, or a zip where the name ends so. Raises `UserError` where something is
        there that would be lost."""
        check_free(target)
        try:
            if is_zip(target):
                atomic_write(target, self.as_zip(target.stem))
                return
            with temporary_folder(target.absolute().parent, target.name) as made:
                for path, content in self.files.items():
                    file = made / path
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content)
                check_free(target)
                made.rename(target)  # also over an empty folder
        except OSError as error:
            raise AecoreError(describe_os_error(error, f"writing {target}")) from None


def is_zip(target: Path) -> bool:
    return target.suffix.lower() == ".zip"


def check_free(target: Path) -> None:
    """Raise `UserError` unless a folder, or a zip, can be written there without losing what is there."""
    if is_zip(target):
        if target.is_dir():
            raise UserError(f"{target} is a folder; name the zip in it")
    elif target.is_dir():
        if any(target.iterdir()):
            raise UserError(f"the folder {target} is not empty; --output takes a new one, or the name of a .zip")
    elif os.path.lexists(target):
        raise UserError(f"{target} is a file; --output takes a new folder, or the name of a .zip")
