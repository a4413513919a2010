"""A run whose texts want to be more than texts: no page makes a link, an image, a style or a request of them."""

from __future__ import annotations

import json
import shutil

import pytest
from playwright.sync_api import expect

from aecore.runs.notes import annotate, rename
from aecore.runs.run import STATUS, Run
from tests.helpers.paths import GALLERY_RUN
from tools.browser import settle

EVIL = "evil.example"
POISON = (
    f"![i](http://{EVIL}/i.png) [l](http://{EVIL}/l) <img src=http://{EVIL}/h.png onerror=alert(1)> :red[r] $x^2$ "
    f"www.{EVIL} https://{EVIL}/a <a href='http://{EVIL}/p'>p</a> <style>body{{display:none}}</style> `c` **b**"
)
SHOWN = """(evil) => document.body.innerText.includes(evil)
  || [...document.querySelectorAll('input')].some((node) => node.value.includes(evil))"""
FOUND = """(evil) => {
  const found = [];
  const roots = [document];
  for (const root of roots)
    for (const node of root.querySelectorAll('*')) {
      if (node.shadowRoot) roots.push(node.shadowRoot);
      for (const name of ['href', 'src', 'xlink:href', 'action', 'data', 'poster'])
        if ((node.getAttribute(name) || '').includes(evil)) found.push(node.outerHTML.slice(0, 200));
      if (node.matches('.katex, code') && /x\\^2|^c$/.test(node.textContent)) found.push(node.outerHTML.slice(0, 200));
      if (node.matches('span') && node.style.color && node.textContent === 'r') found.push(node.outerHTML);
    }
  return found;
}"""


@pytest.fixture(scope="module")
def poisoned(app_store) -> Run:
    run = Run(app_store.root / "runs" / "poison-20260101-000000")
    shutil.copytree(GALLERY_RUN, run.path)
    rename(run, POISON[:100])
    annotate(run, POISON)
    status = run.status()
    status["data"] |= {"title": POISON, "citation": POISON, "classes": [POISON] * 10}
    run.file(STATUS).write_text(
        json.dumps(
            status
            | {
                "title": POISON[:90],
                "error": POISON,
                "state": "failed",
                "device": POISON,
                "remarks": [{"kind": POISON, "text": POISON, "epoch": 3}],
                "imported": {"file": POISON, "remarks": [POISON], "verdict": "certain", "also_fit": [POISON]},
            }
        )
    )
    return run


PATHS = (
    "?run={0}", "train?run={0}", "restore?run={0}", "latent?run={0}", "compare?runs={0},mnist-mlp8",
    "compare?runs={0},mnist-mlp8&view=images",
)  # fmt: skip


def test_no_page_makes_more_of_a_text(tab, address, poisoned):
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("dialog", lambda dialog: (asked.append(f"http://{EVIL}/dialog"), dialog.dismiss()))
    for path in PATHS:
        tab.goto(f"{address}/{path.format(poisoned.id)}")
        settle(tab)
        expect(tab.get_by_test_id("stException")).to_have_count(0)
        tab.wait_for_function(SHOWN, arg=EVIL)  # it is there, as text
        tab.wait_for_timeout(300)
        assert not (found := tab.evaluate(FOUND, EVIL)), (path, found)
        assert tab.evaluate("getComputedStyle(document.body).display") != "none", path
    assert not [url for url in asked if EVIL in url.partition("?")[0]]
