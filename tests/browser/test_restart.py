"""The server is restarted under open pages."""

from __future__ import annotations

import os

from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from tests.browser.test_first_request import PATHS
from tests.helpers.browser import wait_until
from tests.helpers.server import forked_server, free_port
from tools.browser import settle


def counted(context: BrowserContext) -> tuple[Page, list[int]]:
    """A tab, and how many messages each of its connections has received."""
    tab, received = context.new_page(), []

    def on_socket(socket: WebSocket) -> None:
        number = len(received)
        received.append(0)

        def on_message(_payload: object) -> None:
            received[number] += 1

        socket.on("framereceived", on_message)

    tab.on("websocket", on_socket)
    return tab, received


def test_every_page_comes_back_with_what_was_chosen(context, app_store, nursery, tmp_path):
    environment = {
        "AECORE_STORE": str(app_store.root),
        "AECORE_DATA": os.environ["AECORE_DATA"],
        "OMP_NUM_THREADS": "1",
    }
    port, tabs = free_port(), {}
    with forked_server(nursery, environment, tmp_path / "first", port) as address:
        for path in PATHS:
            tab, received = tabs[path] = counted(context)
            tab.goto(f"{address}/{path}")
            settle(tab)
        train = tabs["train"][0]
        train.get_by_label("Epochs", exact=True).fill("3")
        train.get_by_label("Epochs", exact=True).press("Enter")
        expect(train.get_by_text("Epochs: 60 → 3").first).to_be_visible()
        connections = {path: len(received) for path, (_, received) in tabs.items()}
    with forked_server(nursery, environment, tmp_path / "second", port):
        for path, (tab, received) in tabs.items():
            # A page that is drawn anew is many messages; a connection alone is one or two.
            wait_until(tab, lambda path=path, received=received: max(received[connections[path] :], default=0) > 8)
            settle(tab)
            expect(tab.get_by_role("heading", level=1, name=PATHS[path]).first).to_be_visible()
            expect(tab.get_by_test_id("stException")).to_have_count(0)
        expect(train.get_by_label("Epochs", exact=True)).to_have_value("3")
        expect(train.get_by_text("Epochs: 60 → 3").first).to_be_visible()
        train.get_by_label("Code size", exact=True).fill("5")
        train.get_by_label("Code size", exact=True).press("Enter")
        expect(train.get_by_text("Code size: 16 → 5").first).to_be_visible()
        denoise = tabs["denoise"][0]
        means = denoise.locator(".ae-means").inner_text()
        denoise.get_by_role("slider").press("ArrowRight")
        expect(denoise.locator(".ae-means")).not_to_have_text(means)
