"""What the server does again when something is touched: it counts, as times depend on the machine."""

from __future__ import annotations

import base64
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from dashboard.components import assets
from dashboard.widgets.image_grid import png_uri
from tests.helpers.pages import components, page
from tests.helpers.paths import GALLERY_RUN


@pytest.fixture
def gallery(store):
    shutil.copytree(GALLERY_RUN, store.root / "gallery" / "mnist-mlp8")
    return store


def carried(app) -> dict[str, tuple[bool, int]]:
    """For each asset on the page whether it came with its parts, and with how many bytes."""
    found = {}
    for node in components(app, "assets"):
        head = json.loads(node.bytes[4 : 4 + int.from_bytes(node.bytes[:4], "little")])
        found[head["name"]] = (head["parts"] is not None, len(node.bytes))
    return found


@pytest.mark.parametrize("name", ["generate", "interpolate", "latent", "restore"])
def test_networks_and_images_are_sent_once_and_then_by_name(gallery, name):
    app = page(name)
    first = carried(app)
    assert first
    assert all(whole for whole, _ in first.values())
    assert sum(size for _, size in first.values()) > 200_000
    again = carried(app.run())
    assert again.keys() == first.keys()
    assert not any(whole for whole, _ in again.values()), "they were copied and hashed again"
    assert sum(size for _, size in again.values()) < 1_000


def test_what_the_browser_does_not_have_is_sent_again(gallery):
    app = page("generate")
    first = carried(app)
    missing = next(name for name in first if name.startswith("decoder"))
    app.session_state[assets.SENT].discard(missing)  # as the carrier asks for it
    again = carried(app.run())
    assert {name for name, (whole, _) in again.items() if whole} == {missing}
    assert again[missing] == first[missing]
    assert not any(whole for whole, _ in carried(app.run()).values())


def test_what_is_large_is_where_the_browser_can_fetch_it(gallery, monkeypatch):
    by_message = {}
    for node in components(page("interpolate"), "assets"):
        head = json.loads(node.bytes[4 : 4 + int.from_bytes(node.bytes[:4], "little")])
        by_message[head["name"]] = node.bytes
    monkeypatch.setattr(assets.parcels, "open", True)
    app = page("interpolate")
    fetched = addresses(app)
    assert any(name.startswith("decoder") for name in fetched)
    for name, address in fetched.items():
        assert assets.parcels.at(address) == by_message[name]
    assert sum(size for _, size in carried(app).values()) < 60_000
    assert addresses(app.run()) == fetched
    name = next(iter(fetched))
    app.session_state[assets.UNFETCHED] = {name}  # as the carrier says
    again = app.run()
    assert carried(again)[name] == (True, len(by_message[name]))
    assert name not in addresses(again)
    assert carried(app.run())[name][0] is False, "it was sent by message, and not again"


def addresses(app) -> dict[str, str]:
    """Where the browser is told to fetch what is not in a message."""
    heads = [
        json.loads(node.bytes[4 : 4 + int.from_bytes(node.bytes[:4], "little")]) for node in components(app, "assets")
    ]
    return {head["name"]: head["at"] for head in heads if head.get("at")}


def test_another_session_is_sent_all(gallery):
    assert carried(page("generate")) == carried(page("generate"))


def test_a_projection_looks_for_its_own_files_alone(gallery, monkeypatch):
    from aecore.runs.store import Store
    from dashboard.cache import keyed, runs

    run = Store.default().listed("mnist-mlp8")
    assert run is not None
    asked: list[str] = []
    of_disk = keyed.signature
    monkeypatch.setattr(keyed, "signature", lambda run, names: (asked.extend(names), of_disk(run, names))[1])
    assert runs.projection(run, "tsne", 3) is not None
    assert [name.rpartition("/")[2] for name in asked] == ["sums.json", *["tsne-3d.safetensors"] * 2]


def test_how_digits_are_read_is_asked_once(gallery, monkeypatch):
    from dashboard.cache import models

    asked: list[str] = []
    here = models.in_worker

    def counted(name, *arguments, **options):
        asked.append(name.partition(":")[2])
        return here(name, *arguments, **options)

    monkeypatch.setattr(models, "in_worker", counted)
    page("restore", run="mnist-mlp8", view="sheet", noise="gaussian:0.3")
    assert asked == ["denoise", "wrong_digits"]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (4, 5, 9), (3, 1, 1), (1, 7, 300)])
def test_small_images_are_png_files_that_another_program_reads(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    head, _, content = png_uri(image).partition(",")
    assert head == "data:image/png;base64"
    read = Image.open(io.BytesIO(base64.b64decode(content)))
    read.verify()  # the sums of its parts
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
    assert np.array_equal(pixels if shape[0] == 1 else np.moveaxis(pixels, -1, 0), image[0] if shape[0] == 1 else image)
