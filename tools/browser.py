"""A server of the app and a headless Chromium, for browser tests, screenshots and measurements."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent

# No background network traffic, and WebGL in software, so that no GPU is needed.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


def chromium_path() -> str | None:
    """The path of Chromium or Chrome, if one is installed."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextlib.contextmanager
def server(environment: dict[str, str], log: Path, script: str = "streamlit_app.py") -> Iterator[str]:
    """The app, or another `script`, on a free port of this machine, with `environment` added; yields its address,
    including the base path from STREAMLIT_SERVER_BASE_URL_PATH, if set."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless", "true"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--server.port", str(port), "--server.address", "127.0.0.1"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=output,
            stderr=output,
        )
    try:
        base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
        address = f"http://127.0.0.1:{port}" + (f"/{base}" if base else "")
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the app did not start: {log.read_text()}")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A headless Chromium, with `more` switches. Raises `RuntimeError` if none is installed."""
    path = chromium_path()
    if path is None:
        raise RuntimeError("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *more])
        try:
            yield browser
        finally:
            browser.close()


def settle(page: Page) -> None:
    """Wait until the page has its heading, no script is running, and what its components need is there."""
    page.locator("h1").first.wait_for(timeout=30_000)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=60_000)
    page.wait_for_function("() => !globalThis.aecoreAssets?.waits()", timeout=60_000)
