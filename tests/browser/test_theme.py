"""The theme is chosen on the page."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tools.browser import settle


def test_the_theme_is_switched_at_once_without_asking_the_page_anew_and_stays(tab, address):
    tab.goto(f"{address}/generate?run=mnist-mlp8")
    tab.locator(".ge[data-ready]").wait_for()
    settle(tab)
    ground = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    light = tab.evaluate(ground)
    tab.evaluate("window.stillHere = true")
    tab.locator(".ge-sliders input").first.press("ArrowRight")
    expect(tab).to_have_url(re.compile("code="))
    vector = tab.locator(".ge").get_attribute("data-vector")
    tab.get_by_label("Theme").select_option("dark")
    tab.wait_for_function(f"{ground} === 'rgb(16, 19, 24)'")
    assert tab.evaluate("window.stillHere")
    settle(tab)
    assert tab.locator(".ge").get_attribute("data-vector") == vector
    own = "getComputedStyle(document.querySelector('.stApp')).getPropertyValue('color-scheme')"
    assert tab.evaluate(own) == "dark"
    for path in ("/generate?run=mnist-mlp8", "/reports"):  # Streamlit keeps it for the path that was loaded alone
        tab.goto(address + path)
        settle(tab)
        expect(tab.get_by_label("Theme")).to_have_value("dark")
        assert tab.evaluate(ground) == "rgb(16, 19, 24)"
    tab.get_by_label("Theme").select_option("system")
    tab.wait_for_function(f"{ground} === '{light}'")
