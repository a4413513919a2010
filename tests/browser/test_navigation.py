"""From page to page: the menu, and Back."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tools.browser import settle

PAGES = ("Train", "Sweep", "Reports", "Denoise", "Replay", "Interpolate", "Latent space", "Generate", "Compare")


def heading(tab: Page, name: str) -> None:
    expect(tab.get_by_role("heading", level=1, name=name).first).to_be_visible(timeout=60_000)


def test_back_leads_out_of_every_page_again(tab, address):
    tab.goto(address)
    heading(tab, "Autoencoder Lab")
    for name in PAGES:
        tab.get_by_test_id("stTopNav").get_by_role("link", name=name, exact=True).click()
        heading(tab, name)
        settle(tab)
        tab.wait_for_timeout(700)  # what a component tells once it is there must not enter the history either
        tab.go_back()
        heading(tab, "Autoencoder Lab")
