"""What `benchmarks.app` measures: the app's pages, and the inputs on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from playwright.sync_api import Locator, Page

Touch = Callable[[], object]
Turn = Callable[[Page, int], Touch]
"""Prepares the i-th input and returns its last step, which is measured."""


@dataclass(frozen=True)
class View:
    """A page as a visitor sees it. `picture` is the selector of its first content, `shows` describes that content."""

    name: str
    path: str
    heading: str
    picture: str
    shows: str
    link: str = ""
    """Its label in the menu, if it is there."""
    runs: tuple[str, ...] = ()
    floor: bool = False
    """Not from this app: a Streamlit app with only a heading."""


@dataclass(frozen=True)
class Move:
    """Something that the mouse drags. `told` are the selector and the data attribute that change with what is
    drawn."""

    name: str
    path: str
    part: str
    picture: str
    told: tuple[str, str] = ("", "")
    stroke: str = "jumps"
    """`jumps` along its width, back and forth `along` it, a `turn` around its middle, or `hover` without a press."""
    pace: int = 6
    """Pixels per move, back and forth."""
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ask:
    """An input that needs the server, measured from the event `on`."""

    name: str
    path: str
    picture: str
    on: str
    turn: Turn = field(repr=False)
    told: tuple[str, str] | None = None
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Visit:
    """A first visit followed by named inputs, to measure the traffic."""

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
CLOUD_CANVASES = ".cl-stage canvas"
"""Points are drawn by WebGL on one, or by the processor on the other."""

VIEWS = (
    View("An app with only a heading", "/", "Nothing else", "h1", "heading", floor=True),
    View("Overview", "/", "Autoencoder Lab", TABLE, "table of runs", "Overview"),
    View("Train, form", "/train", "Train", TABLE, "table of layers", "Train"),
    View("Train, a finished run", f"/train?run={SMALL}", "Train", ".ae-film img", "film of epochs", runs=(SMALL,)),
    View("Train, curves", f"/train?run={SMALL}", "Train", CURVE, "curves", runs=(SMALL,)),
    View("Sweep", "/sweep", "Sweep", CURVE, "curves", "Sweep"),
    View("Reports", "/reports", "Reports", "img.ae-pixels", "first figure", "Reports"),
    View("Restore", "/restore", "Restore", ".rs[data-ready] canvas", "images", "Restore"),
    View("Restore, sheet", "/restore?view=sheet", "Restore", ".ae-sheet img", "sheet of images"),
    View("Replay", "/replay", "Replay", ".rp[data-ready] canvas", "sheet of images", "Replay"),
    View("Interpolate", "/interpolate", "Interpolate", ".ip[data-ready] .ip-decoded canvas", "image", "Interpolate"),
    View("Latent space", "/latent", "Latent space", POINTS, "points", "Latent space"),
    View("Generate", "/generate", "Generate", ".ge[data-ready] .ge-result canvas", "image", "Generate"),
    View("Compare, metrics", COMPARE, "Compare", CURVE, "curves", "Compare", COMPARED),
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
"""A page with only a canvas that changes colour with every move: the best this browser and machine allow."""
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
    "Latent space, turning 10,000 points",
    CLOUD_3D,
    ".cl-stage",
    CLOUD_CANVASES,
    (".cl", "camera"),
    "turn",
    runs=(CLOUD,),
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
    Move(
        "Restore, strength of the noise",
        f"/restore?run={SMALL}",
        ".rs-slider",
        ".rs-cells canvas:nth-child(1)",
        (".rs", "ready"),
        runs=(SMALL,),
    ),
    TURN,
    Move(
        "Latent space, pointing at points",
        CLOUD_3D,
        ".cl-stage",
        CLOUD_CANVASES,
        (".cl", "hover"),
        "hover",
        runs=(CLOUD,),
    ),
)
DRAGS = (
    FLOOR,
    Move("Latent space, 10,000 points in 3D", CLOUD_3D, ".cl-stage", CLOUD_CANVASES, stroke="turn", runs=(CLOUD,)),
    Move("Latent space, 10,000 points in 2D", CLOUD_2D, ".cl-stage", CLOUD_CANVASES, stroke="turn", runs=(CLOUD,)),
    replace(SCRUBBER, stroke="along"),
    replace(REPLAY, stroke="along", pace=22),
)


def number(label: str) -> Turn:
    """Type another number into that field; the last step is Enter."""

    def turn(tab: Page, i: int) -> Touch:
        box = tab.get_by_label(label, exact=True)
        box.fill(str(20 + i))
        return lambda: box.press("Enter")

    return turn


def level(tab: Page, i: int) -> Touch:
    """Raise the noise level by one step with an arrow key."""
    tab.get_by_test_id("stSlider").first.get_by_role("slider").focus()
    return lambda: tab.keyboard.press("ArrowRight")


def method(tab: Page, i: int) -> Touch:
    """PCA and t-SNE alternately."""
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
    """A click on that part, with the pointer already there."""
    part.hover()
    return lambda: (tab.mouse.down(), tab.mouse.up())


ASKS = (
    Ask("Restore, noise level", f"/restore?run={SMALL}&view=sheet", ".ae-sheet img", "keydown", level, runs=(SMALL,)),
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
    Ask("Latent space, method", CLOUD_3D, CLOUD_CANVASES, "pointerdown", method, (".cl", "view"), (CLOUD,)),
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
