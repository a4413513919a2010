"""The README's moving picture: noise that grows under the hand, and what a network makes of it.

`python -m tools.film [FILE]` drags the slider of Restore there and back in headless Chromium, over the shipped runs.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tools.browser import ROOT, chromium, server, settle

PAGE = "/restore?run=colored-unet&view=hand&many=6"
STEPS, LONGEST = 20, 0.6
"""Frames in one direction, and the strongest noise."""
WIDTH, HEIGHT = 960, 760
FRAME_MS, PAUSE_MS = 90, 900
COLOURS = 96


def main(file: Path) -> None:
    """Write the GIF."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        chromium() as browser,
        server(dict(os.environ), Path(scratch) / "log") as address,
    ):
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT + 400}, color_scheme="light")
        tab.goto(address + PAGE)
        tab.locator(".rs[data-ready]").wait_for(timeout=60_000)
        settle(tab)
        frames = [frame(tab, round(LONGEST * step / STEPS, 3)) for step in range(STEPS + 1)]
    there_and_back = frames + frames[-2:0:-1]
    held = [PAUSE_MS if frame in (frames[0], frames[-1]) else FRAME_MS for frame in there_and_back]
    palette = frames[len(frames) // 2].quantize(COLOURS)  # one for all: nothing flickers
    pictures = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in there_and_back]
    file.parent.mkdir(parents=True, exist_ok=True)
    pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=held, loop=0, optimize=True)
    print(f"{file}: {file.stat().st_size / 1e6:.1f} MB, {len(pictures)} frames")


def frame(tab: Page, level: float) -> Image.Image:
    """The component with noise of that strength, once everything is computed."""
    tab.locator(".rs-slider").fill(str(level))
    tab.locator(f".rs[data-ready='gaussian:{level:g}:0']").wait_for()
    box = tab.locator(".rs").bounding_box()
    assert box
    clip = {"x": box["x"] - 8, "y": box["y"] - 4, "width": box["width"] + 16, "height": min(box["height"], HEIGHT)}
    return Image.open(io.BytesIO(tab.screenshot(clip=clip))).convert("RGB")  # type: ignore[arg-type]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tools.film", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("file", type=Path, nargs="?", default=ROOT / "docs" / "images" / "restore.gif")
    main(parser.parse_args().file)
