"""What a keyboard and a screen reader find: every button has a name, and whatever takes the focus shows it."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.sync_api import Page, expect

from tests.helpers.paths import ROOT
from tools.browser import settle

SECOND = "mnist-selu-2-clean"
PAGES = {
    "/": ".stDataFrame",
    "/?run=mnist-mlp8": ".ae-film",
    "/train": ".st-key-start",
    "/train?run=mnist-mlp8": ".pc[data-drawn]",
    "/sweep?new=1": "h1",
    "/reports": ".ae-page, h1",
    "/denoise?run=mnist-mlp8": ".ae-sheet figure",
    "/replay?run=mnist-mlp8": ".rp[data-ready]",
    "/interpolate?run=mnist-mlp8": ".ip[data-ready]",
    "/interpolate?run=mnist-mlp8&mode=four&side=3": ".ip[data-ready]",
    "/latent?run=mnist-mlp8": ".cl canvas",
    "/generate?run=mnist-mlp8": ".ge[data-ready]",
    "/generate?run=mnist-mlp8&view=draw": ".ge[data-ready]",
    "/generate?run=mnist-mlp8&view=random&n=5": ".ge[data-ready]",
    f"/compare?runs=mnist-mlp8,{SECOND}&view=way": ".cb[data-ready]",
}
"""Each with what is there once it is drawn."""

CONTROLS = ("button", "link", "slider", "checkbox", "combobox", "menuitem", "switch")
UNMARKED = """() => {
  const found = [];
  const seen = (node) => node.getBoundingClientRect().width > 0 && node.getBoundingClientRect().height > 0;
  const roots = [document];
  for (const root of roots) {
    for (const node of root.querySelectorAll('*')) if (node.shadowRoot) roots.push(node.shadowRoot);
  }
  const looks = (node) => {
    const marks = [];
    for (let at = node; at && at.nodeType === 1 && !at.matches('.ae'); at = at.parentElement) {
      const style = getComputedStyle(at);
      const outline = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1 ? style.outline : '';
      marks.push(outline, style.boxShadow, style.borderColor);
    }
    return marks.join('|');
  };
  const can = 'button, input, select, textarea, a[href], summary, [tabindex]';
  const ours = roots.flatMap((root) => [...root.querySelectorAll('.ae')]);
  for (const one of ours.flatMap((node) => [...node.querySelectorAll(can)])) {
    if (one.tabIndex < 0 || one.disabled || !seen(one)) continue;
    one.blur();
    const before = looks(one);
    one.focus({ preventScroll: true });
    if (looks(one) === before) found.push(one.outerHTML.slice(0, 120));
    one.blur();
  }
  return [...new Set(found)];
}"""


@pytest.fixture(scope="module", autouse=True)
def second_run(app_store):
    shutil.copytree(ROOT / "checkpoints/gallery" / SECOND, app_store.root / "gallery" / SECOND)


def nameless(tab: Page) -> list[str]:
    """Buttons and other controls without an accessible name of their own, as Chromium computes it."""
    session = tab.context.new_cdp_session(tab)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    found = []
    for node in nodes:
        role, name = node.get("role", {}).get("value"), node.get("name", {}).get("value", "")
        if node.get("ignored") or role not in (
            "button",
            "link",
            "slider",
            "checkbox",
            "combobox",
            "menuitem",
            "switch",
        ):
            continue
        if not name.strip() or name.endswith(" icon"):  # Streamlit's word for a button without one
            shown = session.send("DOM.describeNode", {"backendNodeId": node["backendDOMNodeId"]})["node"]
            found.append(f"{role} {shown['localName']} {shown.get('attributes')}")
    session.detach()
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_control_has_a_name_and_shows_the_focus(browser, address, scheme):
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, color_scheme=scheme)
    tab, told = context.new_page(), {}
    for path, drawn in PAGES.items():
        tab.goto(address + path)
        expect(tab.locator(drawn).first).to_be_attached(timeout=60_000)
        settle(tab)
        tab.keyboard.press("Tab")  # from here on the focus counts as moved by the keyboard
        told[path] = (nameless(tab) if scheme == "light" else []) + tab.evaluate(UNMARKED)
    context.close()
    assert not any(told.values()), "\n".join(f"{path}: {one}" for path, lines in told.items() for one in lines)


def test_ten_pages_fit_the_menu_at_1024_pixels(browser, address):
    context = browser.new_context(viewport={"width": 1024, "height": 700})
    tab = context.new_page()
    tab.goto(f"{address}/reports")
    settle(tab)
    expect(tab.get_by_test_id("stTopNav").get_by_role("link", name="Compare", exact=True)).to_be_visible()
    expect(tab.get_by_text("more", exact=False).locator("visible=true").filter(has_text="2 more")).to_have_count(0)
    context.close()


def test_the_theme_is_switched_at_once_without_asking_the_page_anew_and_stays(browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, color_scheme="light")
    tab = context.new_page()
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
    context.close()
