"""Waiting in a browser for what has no element of its own."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page


def wait_until(tab: Page, condition: Callable[[], object], seconds: float = 60) -> None:
    """Let the page go on until `condition` is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        tab.wait_for_timeout(50)


def wait_until_quiet(tab: Page, count: Callable[[], int], quiet_s: float = 1, seconds: float = 60) -> None:
    """Let the page go on until the count has not changed for a while."""
    deadline, last, since = time.monotonic() + seconds, count(), time.monotonic()
    while time.monotonic() - since < quiet_s:
        assert time.monotonic() < deadline, "the page never came to rest"
        tab.wait_for_timeout(50)
        if count() != last:
            last, since = count(), time.monotonic()
