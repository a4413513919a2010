"""A link to every page as the first request that a server gets."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect

from tests.helpers.server import forked_server, free_port
from tools.browser import settle

PAGES = ("Train", "Sweep", "Reports", "Denoise", "Replay", "Interpolate", "Latent space", "Generate", "Compare")


def heading(tab: Page, name: str) -> None:
    expect(tab.get_by_role("heading", level=1, name=name).first).to_be_visible(timeout=60_000)


PATHS = {
    "": "Autoencoder Lab", "train": "Train", "sweep": "Sweep", "reports": "Reports", "denoise": "Denoise",
    "replay": "Replay", "interpolate": "Interpolate", "latent": "Latent space", "generate": "Generate",
    "compare": "Compare",
}  # fmt: skip


@pytest.fixture(scope="module")
def port() -> int:
    """One for all servers, each of which is a new one: the browser then has Streamlit's scripts already."""
    return free_port()


@pytest.mark.parametrize(("path", "title"), PATHS.items())
def test_a_link_opens_its_page_as_the_first_request_of_a_server(tab, app_store, nursery, tmp_path, port, path, title):
    """Streamlit answers it by its rules for a folder named `pages`, past the router."""
    environment = {
        "AECORE_STORE": str(app_store.root),
        "AECORE_DATA": os.environ["AECORE_DATA"],
        "OMP_NUM_THREADS": "1",
    }
    with forked_server(nursery, environment, tmp_path / "log", port) as fresh:
        tab.goto(f"{fresh}/{path}")
        heading(tab, title)
        settle(tab)
        menu = tab.get_by_test_id("stTopNav")
        for name in PAGES:
            expect(menu.get_by_role("link", name=name, exact=True).first).to_be_visible()
        expect(tab.get_by_test_id("stSidebarNav")).to_have_count(0)
        expect(tab.get_by_test_id("stException")).to_have_count(0)
        # The page goes on as any other: what is touched is answered, and the menu leads away.
        menu.get_by_role("link", name="Train" if title != "Train" else "Generate", exact=True).click()
        heading(tab, "Train" if title != "Train" else "Generate")
