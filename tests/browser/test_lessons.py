"""A lesson in the browser: started, gone through, kept by menu, reload and Back, and left."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import Page, expect

from tests.helpers.paths import ROOT
from tools.browser import settle

NEEDED = ("cifar-conv-denoise",)


@pytest.fixture(scope="module", autouse=True)
def runs_of_the_lesson(app_store):
    for name in NEEDED:
        os.symlink(ROOT / "checkpoints/gallery" / name, app_store.root / "gallery" / name, target_is_directory=True)


def at_step(tab: Page, number: int, total: int = 5) -> None:
    bar = tab.get_by_role("region", name="Lesson: Noise, and the baseline that beats you")
    expect(bar).to_contain_text(f"step {number} of {total}")
    expect(tab).to_have_url(re.compile(rf"lesson=noise.*step={number}\b|step={number}\b.*lesson=noise"))
    settle(tab)


@pytest.mark.proof  # in short: the test below, and tests/app/test_lessons.py
def test_a_lesson_is_gone_through_kept_and_left(tab, address):
    tab.goto(f"{address}/reports?report=lessons")
    tab.get_by_role("link", name="Start lesson 2").click()
    expect(tab.get_by_role("heading", level=1, name="Restore")).to_be_visible()
    at_step(tab, 1)
    tab.get_by_role("button", name="Next").click()
    at_step(tab, 2)
    tab.get_by_role("button", name="Show the answer").press("Enter")
    expect(tab.get_by_text("the noisy input has an SSIM of 0.8526")).to_be_visible()

    # The view is changed by hand: the lesson stays in the address, and the step's view is there again when asked for.
    tab.get_by_text("Error map").click()
    expect(tab).not_to_have_url(re.compile("errors=1"))
    at_step(tab, 2)
    tab.get_by_role("button", name="Set up the page again").click()
    expect(tab).to_have_url(re.compile("errors=1"))
    at_step(tab, 2)

    tab.reload()
    at_step(tab, 2)
    expect(tab.get_by_role("button", name="Show the answer")).to_be_visible()

    tab.get_by_test_id("stTopNav").get_by_role("link", name="Measure", exact=True).click()
    expect(tab.get_by_role("heading", level=1, name="Measure")).to_be_visible()
    at_step(tab, 2)
    tab.reload()
    expect(tab.get_by_role("heading", level=1, name="Measure")).to_be_visible()
    at_step(tab, 2)
    tab.go_back()
    expect(tab.get_by_role("heading", level=1, name="Restore")).to_be_visible()
    at_step(tab, 2)

    tab.get_by_role("button", name="Back", exact=True).click()
    at_step(tab, 1)
    tab.get_by_role("button", name="Leave").click()
    expect(tab.get_by_role("region", name=re.compile("^Lesson"))).to_have_count(0)
    expect(tab).not_to_have_url(re.compile("lesson=|step="))
    settle(tab)
    expect(tab.get_by_role("heading", level=1, name="Restore")).to_be_visible()
    tab.get_by_test_id("stTopNav").get_by_role("link", name="Generate", exact=True).click()
    expect(tab.get_by_role("heading", level=1, name="Generate")).to_be_visible()
    settle(tab)
    expect(tab.get_by_role("region", name=re.compile("^Lesson"))).to_have_count(0)


def test_back_to_before_the_lesson_ends_it(tab, address):
    tab.goto(f"{address}/reports?report=lessons")
    tab.get_by_role("link", name="Start lesson 2").click()
    at_step(tab, 1)
    tab.go_back()
    expect(tab.get_by_role("link", name="Start lesson 2")).to_be_visible()
    expect(tab.get_by_role("region", name=re.compile("^Lesson"))).to_have_count(0)
    expect(tab).not_to_have_url(re.compile("lesson="))
