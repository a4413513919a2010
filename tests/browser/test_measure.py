"""The page Measure in a real browser: by a link, with a line opened, and a run measured from the page."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.sync_api import expect

from aecore.runs.run import Run
from tools.browser import settle


@pytest.fixture(scope="module")
def small(app_store, _trained) -> Run:
    """A run of small digits that nobody has measured."""
    shutil.copytree(_trained.path, app_store.root / "runs" / _trained.id)
    return Run(app_store.root / "runs" / _trained.id)


def test_a_link_shows_numbers_charts_and_images_and_a_click_what_a_number_means(tab, address):
    tab.goto(f"{address}/measure?run=mnist-mlp8")
    line = tab.locator(".ae-numbers details", has_text="Linear probe").first
    expect(line).to_contain_text("85.1 %")
    meaning = line.get_by_text("a logistic regression reads from the code")
    expect(meaning.first).not_to_be_visible()
    line.locator("summary").click()
    expect(meaning.first).to_be_visible()
    settle(tab)
    expect(tab.locator(".pc[data-drawn]")).to_have_count(5)
    expect(tab.locator(".ae-pairs figure")).to_have_count(20)


@pytest.mark.proof  # in short: tests/app/test_measure.py
def test_a_run_is_measured_from_the_page_and_stands_beside_another(tab, address, small):
    tab.goto(f"{address}/measure?run={small.id}")
    expect(tab.get_by_text("was not measured yet").first).to_be_visible()
    tab.get_by_role("button", name="Measure", exact=True).click()
    expect(tab.get_by_text(re.compile("^Measuring: ")).first).to_be_visible()
    expect(tab.locator(".ae-numbers details").first).to_be_visible(timeout=120_000)
    expect(tab.get_by_text(re.compile("^Measuring: "))).to_have_count(0)
    worst = tab.locator(".ae-pairs a").nth(1)
    number = (worst.locator("img").first.get_attribute("alt") or "").removeprefix("test image ")
    worst.click()
    expect(tab).to_have_url(re.compile(rf"/restore\?run={small.id}&first={number}"))
    expect(tab.locator(".rs figcaption").first).to_contain_text(f"#{number} ")
    tab.goto(f"{address}/measure?run={small.id},mnist-mlp8")
    expect(tab.locator(".ae-side .ae-chip")).to_have_text(["A", "B"])
    tab.get_by_test_id("stTopNav").get_by_role("link", name="Generate", exact=True).click()
    expect(tab.get_by_role("heading", level=1, name="Generate").first).to_be_visible()
    tab.get_by_test_id("stTopNav").get_by_role("link", name="Measure", exact=True).click()
    expect(tab.locator(".ae-side .ae-chip")).to_have_text(["A", "B"])  # both are still chosen
