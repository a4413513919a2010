"""Answers of servers that nobody asks."""

from __future__ import annotations

import io


class Response(io.BytesIO):
    """What urlopen gives: bytes with a length announced."""

    def __init__(self, content: bytes, announced: int | None = None) -> None:
        super().__init__(content)
        self.headers = {"Content-Length": str(len(content) if announced is None else announced)}
