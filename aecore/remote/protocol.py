"""What sender and receiver agree on: addresses, which files of a run are sent, and how large each may be.

The sender's store is the buffer: nothing is sent that is not on its disk. Files that only grow are sent by offset, the
others whole, in pieces, each under its SHA-256; whatever is sent twice changes nothing. The status comes last: once it
says that the run has ended, the receiver has every file of it, byte for byte, or refuses the status.

    POST /api/v1/runs                    begin, or go on: what the receiver has of the run
    POST /api/v1/runs/ID/growing/NAME    ?offset=N, a piece of a file that only grows
    PUT  /api/v1/runs/ID/whole/NAME      ?offset=N&bytes=N&sha256=S&after=S, a piece of one that is replaced as a whole
    PUT  /api/v1/runs/ID/status          the status, and of an ended run the sums of all its files; a sign of life

Each carries `Authorization: Bearer TOKEN`, which lets the sender in, and the run's key in `Aecore-Run-Key`, which only
its sender knows: so no other run is written to, whatever its id. What replaces something says with `after` what was
there when it was sent, a SHA-256 or a state: what comes late, after something else took that place, is refused. Every
answer is a JSON table; one that refuses has `error`, one line.
"""

from __future__ import annotations

import re

from aecore.files import MB
from aecore.runs.archive import FILES, MOST_PROJECTION, PROJECTION
from aecore.runs.run import EXPERIMENT, LAYERS, LOG, METRICS, RESUME, STATUS, STEPS
from aecore.runs.sums import SUMS

PLACE = "/api/v1/runs"
KEY_HEADER = "Aecore-Run-Key"
GROWING = (METRICS, STEPS, LAYERS, LOG)
"""The files of which only what is new is sent."""
NOT_SENT = (EXPERIMENT, STATUS, SUMS, RESUME)
"""Experiment and status are sent by themselves; the receiver makes its own sums, and does not resume the run."""
MOST_PIECE = 1_000_000
"""Bytes of one request with a piece of a file: proxies take a megabyte unless they are told otherwise."""
MOST_TABLE = 8 * MB
"""Bytes of one request with tables."""
LONGEST_HOST = 100
_KEY, _SHA256 = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{64}")


def is_whole(name: str) -> bool:
    """Whether a file of that name is one of a run that is sent whole."""
    return (name in FILES and name not in (*GROWING, *NOT_SENT)) or PROJECTION.fullmatch(name) is not None


def most_bytes(name: str) -> int:
    """How large a file of a run may be."""
    return FILES.get(name, MOST_PROJECTION)


def is_key(text: str) -> bool:
    """Whether a text can be the key of a run."""
    return _KEY.fullmatch(text) is not None


def is_sha256(text: object) -> bool:
    """Whether it is a SHA-256 in hexadecimal digits."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None
