"""A run with a changed byte: each page says so in a line, and shows what does not need the file."""

from __future__ import annotations

import shutil

import pytest

from aecore.runs.store import Store
from tests.helpers.pages import page, texts
from tests.helpers.paths import GALLERY_RUN

FILES = {
    "weights.safetensors": ("restore", "interpolate", "latent", "generate"),
    "codes.safetensors": ("latent", "interpolate", "generate"),
    "snapshots.safetensors": ("train", "restore", "replay"),
    "projections/tsne-3d.safetensors": ("latent",),
    "measures.json": ("measure",),
    "measures.safetensors": ("measure",),
    "metrics.jsonl": ("train", "replay"),
    "experiment.json": ("train", "restore", "interpolate", "latent", "generate", "measure"),
}


@pytest.mark.parametrize("name", FILES)
def test_no_page_falls_over_it(store: Store, name):
    folder = store.root / "runs" / "mine"
    shutil.copytree(GALLERY_RUN, folder)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 4
    (folder / name).write_bytes(content)
    for title in FILES[name]:
        app = page(title, run="mine")
        assert not app.exception, (title, app.exception)
        said = [error.value for error in app.error] + [texts(app)]
        assert any("damaged" in text for text in said), title
    app = page("compare", runs="mine")
    assert not app.exception, app.exception
