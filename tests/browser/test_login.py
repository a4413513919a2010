"""A login of an organisation (OpenID Connect), with a provider on this machine."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import expect

from tests.helpers.paths import GALLERY_RUN
from tests.helpers.server import forked_server, free_port

pytest.importorskip("authlib", reason="logins need the package Authlib")
pytest.importorskip("httpx", reason="logins need the package httpx")

SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "a secret of this test alone, long enough"
client_id = "lab"
client_secret = "lab's"
server_metadata_url = "{provider}/.well-known/openid-configuration"

[roles]
manage = ["ada@lab.example"]
train = ["@students.example"]
"""


def test_who_logs_in_has_the_role_of_their_address(tab, nursery, tmp_path):
    from tests.helpers.openid import provider

    root, port = tmp_path / "store", free_port()
    shutil.copytree(GALLERY_RUN, root / "gallery" / "mnist-mlp8")
    secrets = tmp_path / "secrets.toml"
    with provider() as logins:
        secrets.write_text(SECRETS.format(port=port, provider=logins.address))
        environment = {
            "AECORE_STORE": str(root),
            "AECORE_DATA": str(tmp_path / "data"),
            "STREAMLIT_SECRETS_FILES": str(secrets),
        }
        with forked_server(nursery, environment, tmp_path / "log", port) as address:
            context = tab.context.browser.new_context()
            page = context.new_page()
            try:
                page.goto(f"{address}/compare")
                logins.claims = {"email": "eve@elsewhere.example"}
                page.get_by_role("button", name="Log in").first.click()
                expect(page.get_by_text("which has no role on this server").first).to_be_visible()
                expect(page.get_by_role("link", name="Compare")).to_have_count(0)
                page.get_by_role("button", name="Log out").first.click()
                logins.claims = {"email": "Bo@students.example", "email_verified": True}
                page.get_by_role("button", name="Log in").first.click()
                expect(page.locator(".st-key-who").get_by_text("students.example").first).to_be_visible()
                expect(page.get_by_role("link", name="Train", exact=True).first).to_be_visible()
            finally:
                context.close()
