"""Reading a PDF file: its structure with a few lines of our own, its text and pages with poppler if installed."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

POPPLER = shutil.which("pdftoppm") is not None
needs_poppler = pytest.mark.skipif(not POPPLER, reason="poppler-utils are not installed")


def objects(content: bytes) -> list[bytes]:
    """The file's objects in order, after checking the offsets of its table and the lengths of its streams."""
    assert content.startswith(b"%PDF-1.")
    assert content.endswith(b"%%EOF\n")
    table = int(content.rpartition(b"startxref\n")[2].split()[0])
    assert content[table:].startswith(b"xref\n0 ")
    count = int(content[table:].split()[2])
    entries = re.findall(rb"(\d{10}) 00000 n \n", content[table:])
    assert len(entries) == count - 1
    found = []
    for number, entry in enumerate(entries, 1):
        begin = int(entry)
        assert content[begin:].startswith(b"%d 0 obj\n" % number)
        length = re.match(rb"\d+ 0 obj\n<<[^\n]*/Length (\d+) >>\nstream\n", content[begin:])
        if length:
            after = begin + length.end() + int(length[1])
            assert content[after:].startswith(b"\nendstream\nendobj\n")
            found.append(content[begin : after + len(b"\nendstream")])
        else:
            found.append(content[begin : content.index(b"\nendobj\n", begin)])
    return found


def stream(piece: bytes) -> bytes:
    """The content of a stream object."""
    return zlib.decompress(piece.partition(b"\nstream\n")[2].removesuffix(b"\nendstream"))


def page_content(content: bytes) -> str:
    """The operators that draw the page."""
    plain = next(piece for piece in objects(content) if b"\nstream\n" in piece and b"/Subtype /Image" not in piece)
    return stream(plain).decode("latin-1")


def text(content: bytes) -> str:
    """What poppler reads on the page."""
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return done.stdout.decode()


def page(content: bytes, folder: Path, dpi: int = 72) -> np.ndarray:
    """The page as poppler draws it, uint8 (H, W, 3)."""
    file = folder / "page.pdf"
    file.write_bytes(content)
    done = subprocess.run(["pdftoppm", "-r", str(dpi), "-png", str(file)], capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return np.asarray(Image.open(io.BytesIO(done.stdout)).convert("RGB"))
