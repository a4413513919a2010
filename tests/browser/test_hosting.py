"""The app as a public demo under a path of a proxy, as docs/hosting.md sets it up."""

from __future__ import annotations

import http.client

import pytest
from playwright.sync_api import expect

from tests.helpers.server import forked_server
from tools.browser import settle


@pytest.fixture(scope="module")
def demo(app_store, nursery, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    environment = {
        "AECORE_STORE": str(app_store.root),
        "AECORE_DATA": str(folder),
        "AECORE_DEMO": "1",
        "STREAMLIT_SERVER_BASE_URL_PATH": "lab",
        "STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "none",
        "STREAMLIT_CLIENT_TOOLBAR_MODE": "viewer",
        "OMP_NUM_THREADS": "1",
    }
    with forked_server(nursery, environment, folder / "log") as address:
        yield address


@pytest.mark.parametrize("page", ["interpolate", "generate", "latent"])
def test_a_page_runs_under_the_path_with_no_data(tab, demo, page):
    tab.goto(f"{demo}/{page}")
    settle(tab)
    tab.locator("[data-ready]").first.wait_for()


def test_another_host_name_gets_no_session(demo):
    """DNS rebinding: a foreign name that leads to this machine, with an Origin to match."""
    port = demo.split(":")[2].split("/")[0]
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
    headers = {
        "Host": "evil.example",
        "Origin": "http://evil.example",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    connection.request("GET", "/lab/_stcore/stream", headers=headers)
    assert connection.getresponse().status == 403
    connection.close()


@pytest.mark.proof  # in short: tests/app/test_demo.py, and the pages above
def test_a_stranger_is_welcomed_the_menu_keeps_the_path_and_train_says_why_nothing_can_be_trained(tab, demo):
    tab.goto(demo)
    settle(tab)
    expect(tab.get_by_text("Public demo").first).to_be_visible()
    menu = tab.get_by_test_id("stTopNav")
    expect(menu.get_by_role("link", name="Train")).to_have_count(0)
    expect(tab.get_by_text("Squeeze images through a bottleneck").first).to_be_visible()
    expect(tab.get_by_role("button", name="Train a first model")).to_have_count(0)
    tab.get_by_role("button", name="Look at a trained model").click()
    expect(tab.get_by_role("heading", level=1, name="Restore").first).to_be_visible()
    menu.get_by_role("link", name="Compare").click()  # the last one: all of them fit at this width
    expect(tab.get_by_role("heading", level=1, name="Compare").first).to_be_visible()
    assert tab.url.startswith(f"{demo}/compare")

    tab.goto(f"{demo}/train")
    settle(tab)
    expect(tab.get_by_text("Nothing can be trained on this public demo").first).to_be_visible()
    expect(tab.get_by_role("button", name="Start")).to_have_count(0)
    tab.get_by_role("link", name="mnist-mlp8").first.click()
    expect(tab.locator(".pc[data-drawn]").first).to_be_visible(timeout=60_000)
