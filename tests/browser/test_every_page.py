"""Every page: as a server's first request, left by the menu, reached by Back, and under a restart of the server; by
keyboard and screen reader."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.helpers.browser import wait_until
from tests.helpers.paths import ROOT
from tests.helpers.server import forked_server, free_port
from tools.browser import settle

SECOND = "mnist-selu-2-clean"
PAGES = {
    "": ("Autoencoder Lab", ".stDataFrame"),
    "train": ("Train", ".st-key-start"),
    "sweep": ("Sweep", "h1"),
    "reports": ("Reports", ".ae-page, h1"),
    "restore": ("Restore", ".rs[data-ready]"),
    "replay": ("Replay", ".rp[data-ready]"),
    "interpolate": ("Interpolate", ".ip[data-ready]"),
    "latent": ("Latent space", ".cl canvas"),
    "generate": ("Generate", ".ge[data-ready]"),
    "measure": ("Measure", ".ae-numbers details"),
    "compare": ("Compare", "h1"),
}
"""By its path: the page's heading, and what is there once it is drawn."""
ALWAYS = ("", "latent")

VIEWS = {
    "?run=mnist-mlp8": ".ae-film",
    "train?run=mnist-mlp8": ".pc[data-drawn]",
    "restore?run=mnist-mlp8&view=sheet": ".ae-sheet figure",
    "sweep?new=1": "h1",
    "interpolate?run=mnist-mlp8&mode=four&side=3": ".ip[data-ready]",
    "generate?run=mnist-mlp8": ".ge[data-ready]",
    "generate?run=mnist-mlp8&view=draw": ".ge[data-ready]",
    "generate?run=mnist-mlp8&view=random&n=5": ".ge[data-ready]",
    f"measure?run=mnist-mlp8,{SECOND}": ".ae-side",
    f"compare?runs=mnist-mlp8,{SECOND}&view=way": ".cb[data-ready]",
}
"""Pages as a link opens them, which have other controls."""

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


@pytest.fixture(scope="module")
def fresh_port() -> int:
    """One for all new servers, apart from the one that the other tests share."""
    return free_port()


def heading(tab: Page, name: str) -> None:
    expect(tab.get_by_role("heading", level=1, name=name).first).to_be_visible(timeout=60_000)


def nameless(tab: Page) -> list[str]:
    """Buttons and other controls without an accessible name of their own, as Chromium computes it."""
    session = tab.context.new_cdp_session(tab)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    found = []
    for node in nodes:
        role, name = node.get("role", {}).get("value"), node.get("name", {}).get("value", "")
        if node.get("ignored") or role not in CONTROLS:
            continue
        if not name.strip() or name.endswith(" icon"):  # Streamlit's word for a button without one
            shown = session.send("DOM.describeNode", {"backendNodeId": node["backendDOMNodeId"]})["node"]
            found.append(f"{role} {shown['localName']} {shown.get('attributes')}")
    session.detach()
    return found


def drawn(tab: Page, selector: str) -> None:
    expect(tab.locator(selector).first).to_be_attached(timeout=60_000)
    settle(tab)


def without_name_or_focus(tab: Page) -> list[str]:
    """Controls that a screen reader cannot name or that do not show that they have the focus."""
    tab.keyboard.press("Tab")  # from here on the focus counts as moved by the keyboard
    return nameless(tab) + tab.evaluate(UNMARKED)


def connections(tab: Page) -> list[int]:
    """How many messages each connection that the page makes from now on has received."""
    received: list[int] = []

    def on_socket(socket: WebSocket) -> None:
        number = len(received)
        received.append(0)

        def on_message(_payload: object) -> None:
            received[number] += 1

        socket.on("framereceived", on_message)

    tab.on("websocket", on_socket)
    return received


def choose(tab: Page, path: str) -> None:
    """Change something that the page must still show after a restart."""
    if path == "train":
        tab.get_by_label("Epochs", exact=True).fill("3")
        tab.get_by_label("Epochs", exact=True).press("Enter")
        expect(tab.get_by_text("Epochs: 60 → 3").first).to_be_visible()


def still_chosen(tab: Page, path: str) -> None:
    """What was chosen is there, and what is touched is answered."""
    if path == "train":
        expect(tab.get_by_label("Epochs", exact=True)).to_have_value("3")
        expect(tab.get_by_text("Epochs: 60 → 3").first).to_be_visible()
        tab.get_by_label("Code size", exact=True).fill("5")
        tab.get_by_label("Code size", exact=True).press("Enter")
        expect(tab.get_by_text("Code size: 16 → 5").first).to_be_visible()
    if path == "restore":
        tab.get_by_role("radiogroup", name="How many").get_by_text("7", exact=True).click()
        expect(tab.locator(".rs-tiles figure")).to_have_count(7)


# The others by `make proofs`: they have the same router and the same ways to be drawn.
@pytest.mark.parametrize(
    "path", [path if path in ALWAYS else pytest.param(path, marks=pytest.mark.proof) for path in PAGES]
)
def test_a_page_opens_as_a_servers_first_request_is_found_by_back_and_outlives_the_server(
    tab, environment, nursery, tmp_path, fresh_port, path
):
    """Streamlit answers that request by its rules for a folder named `pages`, past the router."""
    title, content = PAGES[path]
    titles = [title for title, _ in PAGES.values()]
    with forked_server(nursery, environment, tmp_path / "log", fresh_port) as fresh:
        tab.goto(f"{fresh}/{path}")
        heading(tab, title)
        drawn(tab, content)
        menu = tab.get_by_test_id("stTopNav")
        for name in titles[1:]:
            expect(menu.get_by_role("link", name=name, exact=True).first).to_be_visible()
        expect(tab.get_by_test_id("stSidebarNav")).to_have_count(0)
        expect(tab.get_by_test_id("stException")).to_have_count(0)
        assert without_name_or_focus(tab) == []

        following = (titles + titles[1:])[titles.index(title) + 1]
        menu.get_by_role("link", name=following, exact=True).click()
        heading(tab, following)
        drawn(tab, next(content for title, content in PAGES.values() if title == following))
        tab.wait_for_timeout(700)  # what a component tells once it is there must not enter the history either
        tab.go_back()
        heading(tab, title)
        drawn(tab, content)
        choose(tab, path)
        received = connections(tab)
    with forked_server(nursery, environment, tmp_path / "log", fresh_port):
        # A page that is drawn anew is many messages; a connection alone is one or two.
        wait_until(tab, lambda: max(received, default=0) > 8)
        heading(tab, title)
        drawn(tab, content)
        expect(tab.get_by_test_id("stException")).to_have_count(0)
        still_chosen(tab, path)


@pytest.mark.parametrize("link", VIEWS)
def test_every_control_has_a_name_and_shows_the_focus_in_light_and_dark(tab, address, link):
    tab.goto(f"{address}/{link}")
    drawn(tab, VIEWS[link])
    assert without_name_or_focus(tab) == []
    ground = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    light = tab.evaluate(ground)
    tab.emulate_media(color_scheme="dark")
    tab.wait_for_function(f"{ground} !== '{light}'")
    drawn(tab, VIEWS[link])
    assert tab.evaluate(UNMARKED) == []


def test_eleven_pages_fit_the_menu_at_1024_pixels(tab, address):
    tab.set_viewport_size({"width": 1024, "height": 700})
    tab.goto(f"{address}/reports")
    settle(tab)
    expect(tab.get_by_test_id("stTopNav").get_by_role("link", name="Compare", exact=True)).to_be_visible()
    expect(tab.get_by_text("more", exact=False).locator("visible=true").filter(has_text="2 more")).to_have_count(0)
