from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect
from playwright.sync_api import Error as PlaywrightError

from aecore.runs.store import Store
from tests.helpers.nursery import Nursery
from tests.helpers.paths import GALLERY_RUN
from tests.helpers.server import forked_server, free_port
from tools.browser import chromium, chromium_path

# Long enough for a busy machine; what is there at once costs no time.
expect.set_options(timeout=30_000)

SIZE: ViewportSize = {"width": 1280, "height": 1000}


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
def port() -> int:
    """One for the servers of all files, which follow one another: the browser then has Streamlit's scripts already."""
    return free_port()


@pytest.fixture(scope="module")
def environment(app_store: Store) -> dict[str, str]:
    """What the server under test is told."""
    return {
        "AECORE_STORE": str(app_store.root),
        "AECORE_DATA": os.environ["AECORE_DATA"],
        "OMP_NUM_THREADS": "1",  # the browser needs a core of its own on a small machine
    }


@pytest.fixture(scope="module")
def address(app_store: Store, nursery: Nursery, environment: dict[str, str], port: int):
    with forked_server(nursery, environment, Path(app_store.root.parent) / "server.log", port) as found:
        yield found


@pytest.fixture(scope="session")
def browser():
    # Pages live for seconds here: what the optimising compilers make of their scripts is seldom used. The first of the
    # two waits for functions that are called very often.
    with chromium("--js-flags=--no-opt --invocation-count-for-maglev=3000") as found:
        yield found


@pytest.fixture(scope="session")
def context(browser: Browser):
    context = browser.new_context(viewport=SIZE)
    context.set_default_timeout(60_000)
    yield context
    context.close()


def _stays(*arguments: object, **options: object) -> NoReturn:
    raise AssertionError("this would stay in the tab of all tests: use tab.context.new_page()")


@pytest.fixture
def tab(context: BrowserContext):
    """The first tab of all tests, blank and without what the one before left: a page in a tab that has shown the app
    already costs the processors two thirds of one in a new tab. What cannot be taken back belongs into a new one."""
    tab = context.pages[0] if context.pages else context.new_page()
    tab.add_init_script = tab.expose_function = tab.expose_binding = _stays  # pyright: ignore[reportAttributeAccessIssue]
    tab.set_viewport_size(SIZE)
    yield tab
    for page in context.pages[1:]:
        page.close()
    with contextlib.suppress(PlaywrightError):  # of a page from no server, or of a tab that is gone
        tab.evaluate("localStorage.clear(), sessionStorage.clear()")
    with contextlib.suppress(PlaywrightError):
        tab.unroute_all()
        tab.emulate_media(color_scheme="light")
        tab.mouse.move(0, 0)
        tab.goto("about:blank")
    context.clear_cookies()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure tells what the page showed at that moment: most of them cannot be made to happen again. A test that
    ends on a page with an error in it has failed, whatever it looked at."""
    report = yield
    page = getattr(item, "funcargs", {}).get("tab")
    if report.when == "call" and report.passed and page is not None:
        with contextlib.suppress(PlaywrightError):
            if page.get_by_test_id("stException").count():
                report.outcome, report.longrepr = "failed", "there is an error on the page"
    if report.when == "call" and report.failed and page is not None:
        with contextlib.suppress(PlaywrightError):
            report.sections.append(("The page", f"{page.url}\n{page.inner_text('body', timeout=2_000)}"))
    return report
