from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from aecore.runs.store import Store
from tests.helpers.paths import GALLERY_RUN
from tests.helpers.server import Nursery, forked_server
from tools.browser import chromium, chromium_path

# Long enough for a busy machine; what is there at once costs no time.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in item.path.parts[-2]:
            item.add_marker(pytest.mark.browser)
            if chromium_path() is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed"))


@pytest.fixture(scope="module")
def app_store(tmp_path_factory) -> Store:
    """The store that the server under test uses, with the shipped run in it; each file of tests has its own."""
    root = tmp_path_factory.mktemp("browser") / "store"
    shutil.copytree(GALLERY_RUN, root / "gallery" / "mnist-mlp8")
    return Store(root)


@pytest.fixture(scope="session")
def nursery():
    """The process from which the servers of all files are forked."""
    found = Nursery()
    yield found
    found.close()


@pytest.fixture(scope="module")
def address(app_store: Store, nursery: Nursery):
    environment = {
        "AECORE_STORE": str(app_store.root),
        "AECORE_DATA": os.environ["AECORE_DATA"],
        "OMP_NUM_THREADS": "1",  # the browser needs a core of its own on a small machine
    }
    with forked_server(nursery, environment, Path(app_store.root.parent) / "server.log") as found:
        yield found


@pytest.fixture(scope="session")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def context(browser):
    """One for all tests of a file: the second page of a server then finds the scripts in the browser's cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def tab(context):
    yield context.new_page()
    for page in context.pages:
        page.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure tells what the page showed at that moment: most of them cannot be made to happen again."""
    report = yield
    page = getattr(item, "funcargs", {}).get("tab")
    if report.when == "call" and report.failed and page is not None:
        with contextlib.suppress(PlaywrightError):
            report.sections.append(("The page", f"{page.url}\n{page.inner_text('body', timeout=2_000)}"))
    return report
