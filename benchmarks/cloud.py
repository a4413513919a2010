"""The point cloud with many points, in a browser: `python -m benchmarks.cloud [--quick] [--gpu] [--json FILE]`.

A page as `aecore export RUN --to html` writes it, with made points in ten groups, codes of 8 and images of 28×28. How
long until it is drawn, frames a second while it turns by itself, the script's part of a frame, and how long it takes
until the point under the pointer, a pinned point with its ten neighbours, and a searched image are drawn. Chromium
draws with its software WebGL; with `--gpu` it may use the machine's graphics.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from rich.console import Console
from rich.table import Table

from aecore.devices import devices
from aecore.latent.codes import Codes
from aecore.latent.projection_store import Projection
from aecore.viewer.html_export import page_of
from tools.browser import chromium, chromium_path

SIZES, QUICK_SIZES = (3_000, 10_000, 60_000, 250_000), (3_000, 60_000)
TURN_S, QUICK_TURN_S = 6.0, 2.0
TRIES = 12
SIZE: ViewportSize = {"width": 1280, "height": 900}
OPENS_WITHIN_MS = 120_000
AIMS = "at 60,000 points ≥ 10 frames a second with software WebGL, ≥ 30 on a GPU; pointing, neighbours, search ≤ 100 ms"

# Milliseconds from an event to the second frame after `seen()` is true: then it is on the screen. NaN if it never is.
TIMED = """async (act, seen) => {
  const begun = performance.now(), next = () => new Promise(requestAnimationFrame);
  act();
  while (!seen()) {
    if (performance.now() > begun + 5000) return NaN;
    await next();
  }
  await next();
  await next();
  return performance.now() - begun;
}"""
SCRIPTS = f"""(() => {{
  const timed = {TIMED};
  const cloud = document.querySelector('.cl'), box = document.querySelector('.cl-stage');
  const frame = box.getBoundingClientRect(), hovered = () => cloud.dataset.hover ?? '';
  const fire = (kind, x, y) => box.dispatchEvent(new PointerEvent(kind, {{
    bubbles: true, pointerId: 1, button: kind === 'pointermove' ? -1 : 0, buttons: kind === 'pointerdown' ? 1 : 0,
    clientX: frame.left + x * frame.width, clientY: frame.top + y * frame.height }}));
  box.setPointerCapture = () => {{}};
  window.bench = {{
    point: async (x, y) => {{
      const before = hovered(), drawn = box.dataset.frames;
      const seen = () => box.dataset.frames !== drawn || hovered() === before;
      const ms = await timed(() => fire('pointermove', x, y), seen);
      return hovered() === before ? null : ms;
    }},
    pin: (x, y) => {{
      document.querySelectorAll('.cl-neighbour').forEach((node) => node.remove());
      return timed(() => ['pointermove', 'pointerdown', 'pointerup'].forEach((kind) => fire(kind, x, y)),
                   () => document.querySelectorAll('.cl-neighbour').length === 10);
    }},
    find: (number) => {{
      const form = document.querySelector('.cl-find'), input = form.querySelector('input');
      input.value = `#${{number}}`;
      return timed(() => form.requestSubmit(), () => cloud.dataset.pinned === String(number));
    }},
    frames: () => Number(box.dataset.frames ?? 0),
  }};
}})()"""


@contextlib.contextmanager
def with_graphics() -> Iterator[Browser]:
    """A headless Chromium that may use the machine's graphics."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        yield browser
        browser.close()


def made_page(points: int) -> str:
    """The page of so many made points in 3D."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, points).astype(np.uint8)
    centres = rng.normal(0, 3, (10, 8))
    codes = (centres[labels] + rng.normal(0, 1, (points, 8))).astype(np.float32)
    indices = np.arange(points)
    tiles = np.zeros((points, 1, 28, 28), np.uint8)
    for label in range(10):  # a bar whose place tells the class, in the upper half: one sees what stands on its head
        tiles[labels == label, :, 3:14, 2 * label + 3 : 2 * label + 7] = 255
    found = Projection("tsne", codes[:, :3].copy(), labels, indices)
    own = Codes(codes, labels, indices, rng.random(points).astype(np.float32), "none")
    classes = [str(label) for label in range(10)]
    return page_of(found, own, tiles, name="made", title=f"{points:,} points", classes=classes)


def measure(browser: Browser, points: int, turn_s: float, tries: int = TRIES) -> dict[str, Any]:
    """One size: seconds until it is drawn, frames a second, milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cloud.html")
        path.write_text(made_page(points))
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(OPENS_WITHIN_MS)
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        try:
            page.goto(path.as_uri())
            page.locator(".cl[data-ready=true] .cl-stage[data-frames]").wait_for()
            opened_s = page.evaluate("performance.now()") / 1000
            _rest(page)
            page.evaluate(SCRIPTS)
            turning = _turning(page, turn_s)
            return {
                "points": points,
                "painter": page.locator(".cl-stage").get_attribute("data-painter"),
                "page_mb": path.stat().st_size / 1e6,
                "open_s": opened_s,
                **turning,
                **_hand(page, points, tries),
                "failures": failures,
            }
        finally:
            page.close()


def _rest(page: Page) -> None:
    """Until nothing has been drawn for a while."""
    page.wait_for_function(
        """() => { const now = document.querySelector('.cl-stage').dataset.frames;
        if (now !== window.before) [window.before, window.since] = [now, performance.now()];
        return performance.now() - window.since > 500; }"""
    )


def _turning(page: Page, seconds: float) -> dict[str, float]:
    """Frames a second while it turns, and the milliseconds that the script takes for one."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def now() -> tuple[float, float, float]:
        found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        return found["ScriptDuration"], page.evaluate("bench.frames()"), page.evaluate("performance.now()") / 1000

    page.locator('[data-tool="spin"]').click()
    page.wait_for_timeout(500)
    script, frames, begun = now()
    page.wait_for_timeout(seconds * 1000)
    script_after, frames_after, ended = now()
    page.locator('[data-tool="spin"]').click()
    session.detach()
    drawn = max(frames_after - frames, 1)
    return {"fps": drawn / (ended - begun), "script_ms": 1000 * (script_after - script) / drawn}


def _hand(page: Page, points: int, tries: int) -> dict[str, float | None]:
    """Medians of pointing, pinning and finding, in milliseconds; None where nothing was hit."""
    _rest(page)
    places = [(0.35 + 0.3 * k / tries, 0.35 + 0.3 * ((5 * k) % tries) / tries) for k in range(tries)]
    pointed = [ms for x, y in places if (ms := page.evaluate("([x, y]) => bench.point(x, y)", [x, y])) is not None]
    pinned, found = [], []
    for x, y in places:
        if page.evaluate("([x, y]) => bench.point(x, y)", [x, y]) is not None and page.evaluate(
            "document.querySelector('.cl').dataset.hover"
        ):
            pinned.append(page.evaluate("([x, y]) => bench.pin(x, y)", [x, y]))
            _rest(page)
    for k in range(tries // 2):
        found.append(page.evaluate("number => bench.find(number)", (points // tries) * k + k))
        _rest(page)
    return {
        name: statistics.median(times) if times else None
        for name, times in (("point_ms", pointed), ("pin_ms", pinned), ("find_ms", found))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{' and '.join(f'{n:,}' for n in QUICK_SIZES)} points")
    parser.add_argument("--gpu", action="store_true", help="let the browser use the machine's graphics")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    sizes, turn_s = (QUICK_SIZES, QUICK_TURN_S) if asked.quick else (SIZES, TURN_S)
    found = []
    with with_graphics() if asked.gpu else chromium() as browser:
        for points in sizes:
            found.append(measure(browser, points, turn_s))
            print(json.dumps(found[-1]), file=sys.stderr)
    columns = (
        "points",
        "drawn by",
        "page, MB",
        "drawn, s",
        "frames/s",
        "script, ms",
        "point, ms",
        "pin, ms",
        "find, ms",
    )
    table = Table(*columns, title=devices()[-1].title, caption=f"Aims: {AIMS}")
    for one in found:
        hand = ["–" if one[name] is None else f"{one[name]:.0f}" for name in ("point_ms", "pin_ms", "find_ms")]
        row = [f"{one['page_mb']:.1f}", f"{one['open_s']:.1f}", f"{one['fps']:.1f}", f"{one['script_ms']:.0f}"]
        table.add_row(f"{one['points']:,}", one["painter"], *row, *hand)
    Console(width=None if Console().is_terminal else 110).print(table)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))
    if failures := [line for one in found for line in one["failures"]]:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
