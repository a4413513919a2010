"""What `benchmarks.app` measures: the app's pages, and what is touched on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from playwright.sync_api import Locator, Page

Touch = Callable[[], object]
Turn = Callable[[Page, int], Touch]
"""Prepares the i-th touch and returns the last part of it, which is measured."""


@dataclass(frozen=True)
class View:
    """A page as one arrives at it. `picture` is a selector of its first picture, `shows` that picture in words."""

    name: str
    path: str
    heading: str
    picture: str
    shows: str
    link: str = ""
    """Its words in the menu, for what the menu leads to."""
    runs: tuple[str, ...] = ()
    floor: bool = False
    """Not of this app: a Streamlit app with nothing but a heading."""


@dataclass(frozen=True)
class Move:
    """Something that the mouse holds and draws along. `told` are the selector and the data attribute that change with
    the picture."""

    name: str
    path: str
    part: str
    picture: str
    told: tuple[str, str] = ("", "")
    stroke: str = "jumps"
    """`jumps` along its width, to and fro `along` it or a `turn` around its middle, or `hover` without a press."""
    pace: int = 6
    """Pixels from move to move, to and fro."""
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ask:
    """Something that the server has to answer, measured from the event `on`."""

    name: str
    path: str
    picture: str
    on: str
    turn: Turn = field(repr=False)
    told: tuple[str, str] | None = None
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Visit:
    """A first visit, and what is touched then, by name, to see what goes over the wire."""

    name: str
    path: str
    touches: tuple[tuple[str, Turn], ...]
    runs: tuple[str, ...] = ()


VAE, CLOUD, SMALL, PLANE = "colored-vae", "colored-conv", "mnist-mlp8", "mnist-selu-2-clean"
COMPARED = ("mnist-selu-2-clean", "mnist-selu-6-clean", "mnist-mlp8")
COMPARE = f"/compare?runs={','.join(COMPARED)}"
CLOUD_3D, CLOUD_2D = (f"/latent?run={CLOUD}&method=tsne&dims={dims}" for dims in (3, 2))
TABLE = '[data-testid="stDataFrame"] canvas'
CURVE = ".pc[data-drawn] path.js-line"
POINTS = ".cl[data-ready] .cl-gl"

VIEWS = (
    View("An app of one heading", "/", "Nothing else", "h1", "heading", floor=True),
    View("Overview", "/", "Autoencoder Lab", TABLE, "table of runs", "Overview"),
    View("Train, form", "/train", "Train", TABLE, "table of layers", "Train"),
    View("Train, a finished run", f"/train?run={SMALL}", "Train", ".ae-film img", "film of epochs", runs=(SMALL,)),
    View("Train, curves", f"/train?run={SMALL}", "Train", CURVE, "curves", runs=(SMALL,)),
    View("Sweep", "/sweep", "Sweep", CURVE, "curves", "Sweep"),
    View("Reports", "/reports", "Reports", "img.ae-pixels", "first figure", "Reports"),
    View("Denoise", "/denoise", "Denoise", ".ae-sheet img", "sheet of images", "Denoise"),
    View("Replay", "/replay", "Replay", ".rp[data-ready] canvas", "sheet of images", "Replay"),
    View("Interpolate", "/interpolate", "Interpolate", ".ip[data-ready] .ip-decoded canvas", "image", "Interpolate"),
    View("Latent space", "/latent", "Latent space", POINTS, "points", "Latent space"),
    View("Generate", "/generate", "Generate", ".ge[data-ready] .ge-result canvas", "image", "Generate"),
    View("Compare, numbers", COMPARE, "Compare", CURVE, "curves", "Compare", COMPARED),
    View(
        "Compare, images",
        f"{COMPARE}&view=images",
        "Compare",
        ".cb[data-ready] .cb-group canvas",
        "first output",
        runs=COMPARED,
    ),
    View(
        "Compare, interpolation",
        f"{COMPARE}&view=way",
        "Compare",
        ".cb[data-ready] .cb-lane canvas",
        "images",
        runs=COMPARED,
    ),
    View("Compare, latent space", f"{COMPARE}&view=space", "Compare", POINTS, "points", runs=COMPARED),
)

EMPTY = "data:text/html,<body style='margin:0' data-at=0><canvas id=c width=960 height=640></canvas><script>" + (
    "let asked=0;const g=c.getContext('webgl2');c.onpointermove=()=>{asked||=requestAnimationFrame(()=>{asked=0;"
    "g.clearColor(Math.random(),0,0,1);g.clear(g.COLOR_BUFFER_BIT);document.body.dataset.at=Math.random()})}</script>"
)
"""A page with nothing but a canvas that gets another colour with every move: what this browser and machine allow."""
FLOOR = Move("An empty page", EMPTY, "#c", "#c", ("body", "at"), "turn")
REPLAY = Move("Replay, slider", f"/replay?run={SMALL}", ".rp-slider", ".rp canvas", (".rp", "epoch"), runs=(SMALL,))
SCRUBBER = Move(
    f"Interpolate, scrubber, {SMALL}",
    f"/interpolate?run={SMALL}",
    ".ip-slider",
    ".ip-now canvas",
    (".ip", "at"),
    runs=(SMALL,),
)
TURN = Move(
    "Latent space, turning 10,000 points", CLOUD_3D, ".cl-stage", ".cl-gl", (".cl", "camera"), "turn", runs=(CLOUD,)
)
MOVES = (
    FLOOR,
    REPLAY,
    SCRUBBER,
    Move(
        f"Interpolate, scrubber, {VAE}",
        f"/interpolate?run={VAE}",
        ".ip-slider",
        ".ip-now canvas",
        (".ip", "at"),
        runs=(VAE,),
    ),
    Move(
        "Interpolate, plane",
        f"/interpolate?run={PLANE}&mode=four",
        ".ip-field",
        ".ip-here canvas",
        (".ip", "at"),
        runs=(PLANE,),
    ),
    Move(
        "Generate, slider of a unit",
        f"/generate?run={SMALL}",
        ".ge-sliders input",
        ".ge-result canvas",
        (".ge", "vector"),
        runs=(SMALL,),
    ),
    Move(
        "Compare, one slider for three runs",
        f"{COMPARE}&view=way",
        ".cb-slider",
        ".cb-lane > canvas",
        (".cb", "at"),
        runs=COMPARED,
    ),
    TURN,
    Move("Latent space, pointing at points", CLOUD_3D, ".cl-stage", ".cl-gl", (".cl", "hover"), "hover", runs=(CLOUD,)),
)
DRAGS = (
    FLOOR,
    Move("Latent space, 10,000 points in 3D", CLOUD_3D, ".cl-stage", ".cl-gl", stroke="turn", runs=(CLOUD,)),
    Move("Latent space, 10,000 points in 2D", CLOUD_2D, ".cl-stage", ".cl-gl", stroke="turn", runs=(CLOUD,)),
    replace(SCRUBBER, stroke="along"),
    replace(REPLAY, stroke="along", pace=22),
)


def number(label: str) -> Turn:
    """Another number typed into that field: the last touch is Enter."""

    def turn(tab: Page, i: int) -> Touch:
        place = tab.get_by_label(label, exact=True)
        place.fill(str(20 + i))
        return lambda: place.press("Enter")

    return turn


def level(tab: Page, i: int) -> Touch:
    """The noise level a step up with an arrow key."""
    tab.get_by_test_id("stSlider").first.get_by_role("slider").focus()
    return lambda: tab.keyboard.press("ArrowRight")


def method(tab: Page, i: int) -> Touch:
    """PCA and t-SNE in turn."""
    return press(tab, tab.get_by_role("radio", name=("PCA", "t-SNE")[i % 2]).first)


def curve(tab: Page, i: int) -> Touch:
    """Another curve from the list."""
    tab.get_by_label("Curve").first.click()
    name = ("Training loss", "Learning rate", "Test loss")[i % 3]
    return press(tab, tab.get_by_role("option", name=name, exact=True))


def menu(link: str) -> Turn:
    """Another page from the menu."""
    return lambda tab, i: press(tab, tab.get_by_test_id("stTopNavLink").filter(has_text=link).first)


def press(tab: Page, part: Locator) -> Touch:
    """A click on that part, the pointer being there already."""
    part.hover()
    return lambda: (tab.mouse.down(), tab.mouse.up())


ASKS = (
    Ask("Denoise, noise level", f"/denoise?run={SMALL}", ".ae-sheet img", "keydown", level, runs=(SMALL,)),
    Ask(
        "Interpolate, another image",
        f"/interpolate?run={SMALL}",
        ".ip-stage canvas",
        "keydown",
        number("From test image"),
        runs=(SMALL,),
    ),
    Ask(
        "Generate, another start image",
        f"/generate?run={SMALL}",
        ".ge-result canvas",
        "keydown",
        number("Start from test image"),
        runs=(SMALL,),
    ),
    Ask("Latent space, method", CLOUD_3D, ".cl-gl", "pointerdown", method, (".cl", "view"), (CLOUD,)),
    Ask("Compare, another curve", COMPARE, CURVE, "pointerdown", curve, (".pc", "drawn"), COMPARED),
)
VISITS = (
    Visit(
        "Latent space, 10,000 points",
        CLOUD_3D,
        (
            ("from t-SNE to PCA", method),
            ("back to t-SNE", method),
            ("over to Overview", menu("Overview")),
            ("and back again", menu("Latent space")),
        ),
        (CLOUD,),
    ),
    Visit(
        "Interpolate",
        f"/interpolate?run={SMALL}",
        (("another image", number("From test image")), ("yet another", number("To test image"))),
        (SMALL,),
    ),
)
