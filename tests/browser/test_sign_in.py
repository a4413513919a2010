"""A server with accounts: what a stranger sees, signing in, what each role is offered, and signing out."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import Page, expect

from aecore.access import tokens
from aecore.runs.run import Run
from tests.helpers.paths import GALLERY_RUN
from tests.helpers.server import forked_server


@pytest.fixture(scope="module")
def class_room(nursery, tmp_path_factory):
    """A server with one shipped run, Ada's run and tokens by role."""
    folder = tmp_path_factory.mktemp("class")
    root = folder / "store"
    shutil.copytree(GALLERY_RUN, root / "gallery" / "mnist-mlp8")
    shutil.copytree(GALLERY_RUN, root / "runs" / "adas-run")
    Run(root / "runs" / "adas-run").give_to("Ada")
    keys = {name: tokens.new_token("train", name, root)[0] for name in ("Ada", "Bo")}
    keys["shared"] = tokens.new_token("look", "", root)[0]
    environment = {"AECORE_STORE": str(root), "AECORE_DATA": str(folder / "data")}
    with forked_server(nursery, environment, folder / "log") as address:
        yield address, keys, root


def sign_in(tab: Page, token: str, name: str = "") -> None:
    tab.locator("input[name=token]").fill(token)
    tab.locator("input[name=name]").fill(name)
    tab.get_by_role("button", name="Sign in").click()


@pytest.mark.proof  # in short: tests/browser/test_login.py, and tests/unit/test_access.py has the roles
def test_who_signs_in_gets_to_the_page_and_to_what_their_role_allows(tab, class_room):
    address, keys, root = class_room
    context = tab.context.browser.new_context()
    page = context.new_page()
    try:
        page.goto(f"{address}/train?run=adas-run")
        expect(page.locator("input[name=token]").first).to_be_visible()
        expect(page.get_by_text("adas-run")).to_have_count(0)
        expect(page.get_by_role("link", name="Compare")).to_have_count(0)
        sign_in(page, "lab-no-such-token")
        expect(page.get_by_text("This is not a token of this server.").first).to_be_visible()
        sign_in(page, keys["shared"])
        expect(page.get_by_text("Say your name too").first).to_be_visible()
        sign_in(page, keys["shared"], "Eve")
        expect(page.locator(".st-key-who").get_by_text("Eve").first).to_be_visible()
        assert "run=adas-run" in page.url
        assert keys["shared"] not in page.url
        expect(page.get_by_role("link", name="Compare").first).to_be_visible()
        expect(page.get_by_role("link", name="Train", exact=True)).to_have_count(0)  # `look` is not offered it
        expect(page.get_by_role("button", name="Edit")).to_have_count(0)
        page.reload()
        expect(page.locator(".st-key-who").get_by_text("Eve").first).to_be_visible()
        page.locator(".st-key-who button").first.click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator("input[name=token]").first).to_be_visible()
        for name, may_edit in (("Ada", True), ("Bo", False)):
            page.goto(f"{address}/train?run=adas-run")
            sign_in(page, keys[name])
            expect(page.locator(".st-key-who").get_by_text(name).first).to_be_visible()
            expect(page.get_by_role("button", name="Download").first).to_be_visible()
            expect(page.get_by_role("button", name="Edit")).to_have_count(int(may_edit))
            context.clear_cookies()
        text = (root / "audit.jsonl").read_text()
        assert '"person": "Eve"' in text
        assert not any(key in text for key in keys.values())
    finally:
        context.close()
