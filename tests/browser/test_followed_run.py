"""The run that one looks at stays chosen from page to page, across a reload, and names itself everywhere."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.sync_api import expect

from aecore.runs.run import Run
from tests.helpers.paths import GALLERY_RUN
from tools.browser import settle

OTHERS = ("Replay", "Interpolate", "Latent space", "Generate", "Restore")


@pytest.fixture
def mine(app_store):
    """A run of one's own, of nearly the same name as the shipped one, and a newer one that is not looked at."""
    for name in ("mnist-mlp8-20260101-120000", "newer-20260601-120000"):
        path = app_store.root / "runs" / name
        shutil.copytree(GALLERY_RUN, path)
        Run(path).write_json("notes.json", {"title": name, "note": ""})
    yield app_store.listed("mnist-mlp8-20260101-120000")
    shutil.rmtree(app_store.root / "runs")


@pytest.mark.proof  # in short: the test below follows a run from page to page too
def test_it_stays_chosen_from_page_to_page_and_across_a_reload(tab, address, mine):
    tab.goto(f"{address}/train?run={mine.id}")
    settle(tab)
    for name in OTHERS:
        tab.get_by_test_id("stTopNav").get_by_role("link", name=name, exact=True).click()
        expect(tab.get_by_role("heading", level=1, name=name).first).to_be_visible()
        settle(tab)
        expect(tab.get_by_role("combobox", name=re.compile("^Run"))).to_have_value(re.compile(mine.id))
        expect(tab.get_by_role("button", name="Yours").first).to_be_visible()
        expect(tab).to_have_url(re.compile(f"run={mine.id}"))
    tab.reload()
    settle(tab)
    expect(tab.get_by_role("combobox", name=re.compile("^Run"))).to_have_value(re.compile(mine.id))
    # Back is not caught by the address that was completed.
    tab.go_back()
    expect(tab.get_by_role("heading", level=1, name="Generate").first).to_be_visible()


def test_another_one_is_followed_from_where_it_is_chosen(tab, address, mine):
    tab.goto(f"{address}/interpolate?run={mine.id}")
    settle(tab)
    tab.get_by_role("combobox", name=re.compile("^Run")).click()
    tab.get_by_role("option", name="mnist-mlp8", exact=True).click()
    expect(tab.get_by_role("button", name="Shipped").first).to_be_visible()
    tab.get_by_role("button", name="Shipped").click()
    tab.get_by_role("link", name="Latent space").last.click()
    expect(tab.get_by_role("heading", level=1, name="Latent space").first).to_be_visible()
    settle(tab)
    expect(tab.get_by_role("button", name="Shipped").first).to_be_visible()


@pytest.mark.proof  # in short: the test above
def test_a_change_of_the_page_is_kept_when_the_address_was_completed(tab, address, mine):
    """The run that the browser adds to the address is no link that resets the page."""
    tab.goto(f"{address}/train?run={mine.id}")
    settle(tab)
    tab.get_by_test_id("stTopNav").get_by_role("link", name="Restore", exact=True).click()
    expect(tab.get_by_role("heading", level=1, name="Restore").first).to_be_visible()
    settle(tab)
    expect(tab.locator(".rs[data-ready]")).to_be_visible()
    tab.get_by_text("Sheet", exact=True).click()
    expect(tab.locator(".ae-sheet figure").first).to_be_visible()
    slider = tab.get_by_role("slider")
    slider.press("ArrowRight")
    expect(tab).to_have_url(re.compile("noise="))
    chosen = str(slider.get_attribute("aria-valuetext") or slider.get_attribute("aria-valuenow"))
    settle(tab)
    assert chosen in (slider.get_attribute("aria-valuetext"), slider.get_attribute("aria-valuenow"))
    tab.reload()
    settle(tab)
    assert chosen in (slider.get_attribute("aria-valuetext"), slider.get_attribute("aria-valuenow"))
