"""Screenshots of all pages or those named, light, dark and narrow: `python -m tools.screenshots [FOLDER [PAGE]…]`.

`--all` takes three widths, each light and dark. They show the current store; the README's screenshots are made with
this command.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from tools.browser import ROOT, chromium, server, settle

PAGES = {
    "overview": "/",
    "train": "/train?preset=mnist-mlp8",
    "watch": "/train?run=mnist-mlp8",
    "sweep": "/sweep",
    "reports": "/reports?report=001",
    "lessons": "/reports?report=lessons",
    "lesson": "/restore?run=cifar-conv-denoise&view=sheet&lesson=noise&step=1",
    "beyond": "/reports?report=beyond&task=colored-mnist/gaussian:0.3:clamp/snr_db",
    "restore": "/restore?run=cifar-conv-denoise",
    "sheet": "/restore?run=cifar-conv-denoise&view=sheet",
    "replay": "/replay?run=mnist-selu-6-clean&with=mnist-selu-2-clean&epoch=31",
    "interpolate": "/interpolate?run=mnist-mlp8&at=0.35",
    "plane": "/interpolate?run=colored-vae&mode=four",
    "direction": "/interpolate?run=mnist-mlp8&mode=along&along=slant&at=0.75",
    "latent": "/latent?run=colored-conv&method=tsne&dims=3&point=0",
    "generate": "/generate?run=mnist-mlp8",
    "traversal": "/generate?run=colored-vae&view=traversal",
    "measure": "/measure?run=mnist-mlp8",
    "compare": "/compare?runs=mnist-selu-2-clean,mnist-selu-6-clean,mnist-mlp8&base=mnist-selu-2-clean",
    "side-by-side": "/compare?runs=mnist-selu-2,mnist-selu-6&view=images&noise=gaussian:0.3:clamp",
    "clouds": "/compare?runs=colored-conv,colored-dropout,colored-vae&view=space",
}
OWN_LOOP = "own-loop"
"""Only where it is named: the run that examples/own_loop.py records, in a store of its own, as points."""
MODES = {"light": (1280, "light"), "dark": (1280, "dark"), "narrow": (390, "light")}
ALL = {f"{width}-{scheme}": (width, scheme) for width in (1440, 1024, 390) for scheme in ("light", "dark")}
TALLEST = 1600


def main(folder: Path, names: list[str], modes: Mapping[str, tuple[int, str]]) -> None:
    """Write `PAGE-MODE.png` for every page, or those of these names, and every mode into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        own_loop(Path(scratch) / "store", OWN_LOOP in names) as (environment, pages),
        chromium() as browser,
        server(environment, Path(scratch) / "log") as address,
    ):
        for mode, (width, scheme) in modes.items():
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            page = context.new_page()
            for name, path in pages.items():
                if names and name not in names:
                    continue
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(address + path)
                settle(page)
                main_part = page.get_by_test_id("stMain")
                height = main_part.evaluate("node => node.scrollHeight")
                page.set_viewport_size({"width": width, "height": min(max(height, 600), TALLEST)})
                page.wait_for_timeout(1000)  # fonts, canvases and tables appear a moment later
                page.screenshot(path=folder / f"{name}-{mode}.png")
                print(folder / f"{name}-{mode}.png")
            context.close()


@contextlib.contextmanager
def own_loop(store: Path, wanted: bool) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Where it is wanted, record the example's run and project its codes. Yields the environment, and all pages
    by their names."""
    if not wanted:
        yield dict(os.environ), PAGES
        return
    environment = os.environ | {"AECORE_STORE": str(store), "PYTHONPATH": str(ROOT)}
    python = partial(subprocess.run, cwd=ROOT, env=environment, check=True)
    python([sys.executable, "examples/own_loop.py"])
    (run,) = (path.name for path in (store / "runs").iterdir())
    python([sys.executable, "-m", "aecore", "project", run, "--method", "tsne", "--dims", "3"])
    yield environment, PAGES | {OWN_LOOP: f"/latent?run={run}&method=tsne&dims=3&point=2"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description="Screenshots of the pages.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(".screenshots"))
    parser.add_argument("pages", nargs="*", metavar="page", help=f"one of {', '.join(PAGES)}; all if none is named")
    parser.add_argument("--all", action="store_true", help="at 1440, 1024 and 390 pixels, each light and dark")
    given = parser.parse_intermixed_args()
    if unknown := set(given.pages) - {*PAGES, OWN_LOOP}:
        parser.error(f"no page is called {', '.join(sorted(unknown))}")
    main(given.folder, given.pages, ALL if given.all else MODES)
