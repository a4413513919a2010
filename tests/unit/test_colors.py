"""The theme's colours can be told apart and read, also by people who see few or no red and green."""

from __future__ import annotations

import re
import tomllib

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from aecore.plots.style import PALETTE
from tests.helpers.paths import ROOT

THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}


def palette(mode: str) -> list[str]:
    return (THEME | THEME[mode])["chartCategoricalColors"]


def rgb(colors: list[str]) -> np.ndarray:
    return np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])


def linear(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def encoded(values: np.ndarray) -> np.ndarray:
    values = np.clip(values, 0, 1)
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)


def contrast(one: str, two: str) -> float:
    """WCAG 2.2."""
    a, b = sorted(linear(rgb([one, two])) @ [0.2126, 0.7152, 0.0722])
    return float((b + 0.05) / (a + 0.05))


def mixed(one: str, two: str, share: float) -> str:
    values = share * rgb([one])[0] + (1 - share) * rgb([two])[0]
    return "#" + "".join(f"{round(value * 255):02X}" for value in values)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_class_colours_differ(mode, sight):
    colors = encoded(linear(rgb(palette(mode))) @ SIGHT[sight].T)
    lab = rgb2lab(colors[None])[0]
    first, second = np.triu_indices(10, 1)
    assert deltaE_ciede2000(lab[first], lab[second]).min() >= 10


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_class_colours_stand_out_from_the_ground(mode):
    assert min(contrast(color, THEME[mode]["backgroundColor"]) for color in palette(mode)) >= 3


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read(mode):
    theme, css = THEME[mode], (ROOT / "dashboard" / "style.css").read_text()
    ground, panel, ink = theme["backgroundColor"], theme["secondaryBackgroundColor"], theme["textColor"]
    assert contrast(theme["primaryColor"], "#FFFFFF") >= 4.5, "buttons and chips"
    assert contrast(theme["linkColor"], ground) >= 4.5
    faded = [float(share) for share in re.findall(r"opacity: (0\.\d+);", css)]
    assert len(faded) > 3
    for share in faded:
        for behind in (ground, panel):
            assert contrast(mixed(ink, behind, share), behind) >= 4.5, share


def test_the_palette_is_written_alike_everywhere():
    """The scripts that have no theme to read, and the figures outside of the app."""
    assert list(PALETTE) == palette("light")
    written = {",".join(palette("light")), ",".join(palette("dark"))}
    export = (ROOT / "aecore" / "viewer" / "theme.css").read_text()
    assert set(re.findall(r"--st-chart-categorical-colors: ([^;]+);", export)) == written
    fallback = re.search(r'FALLBACK = "([^"]+)"', (ROOT / "aecore" / "viewer" / "js" / "theme.js").read_text())
    assert fallback
    assert fallback[1] in written
    made = (ROOT / "dashboard" / "charts" / "plotly" / "theme.js").read_text()
    found = re.search(r"palette: \[([^\]]+)\]", made)
    assert found
    assert re.findall(r"#\w{6}", found[1]) == palette("light")
    css = (ROOT / "dashboard" / "style.css").read_text()
    for name, key in (("ground", "backgroundColor"), ("accent", "primaryColor"), ("link", "linkColor")):
        pair = f"light-dark({THEME['light'][key]}, {THEME['dark'][key]})".lower()
        assert f"--ae-{name}: {pair};" in css
