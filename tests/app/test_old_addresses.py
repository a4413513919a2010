"""Addresses of an older version, from its README and its pictures: each opens its page with what it asks for.

Those of `/denoise` are led to `/restore` by the server, before there is a page (`tests/unit/test_doors.py`).
"""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from tests.helpers.pages import page
from tests.helpers.paths import ROOT

KEPT: dict[str, dict[str, str]] = {
    "/": {},
    "/?run=mnist-mlp8": {},
    "/train?preset=mnist-mlp8": {},
    "/train?run=mnist-mlp8": {},
    "/sweep": {},
    "/sweep?new=1": {},
    "/sweep?sweep=code-size-and-noise": {"figure": "mse", "under": "own", "view": "lines"},
    "/sweep?sweep=code-size-and-noise&figure=ssim&under=own&view=heat": {},
    "/reports?report=001": {},
    "/restore?run=cifar-conv-denoise": {},
    "/restore?run=mnist-selu-6&level=0.3": {},
    "/replay?run=mnist-selu-6-clean&with=mnist-selu-2-clean&epoch=31": {},
    "/interpolate?run=mnist-mlp8&at=0.35": {"a": "18", "b": "4"},
    "/interpolate?run=mnist-mlp8&a=18&b=4": {},
    "/interpolate?run=mnist-mlp8&mode=four&side=5&noise=gaussian:0.3": {"a": "18", "b": "4", "c": "3", "d": "7"},
    "/interpolate?run=colored-vae&mode=four": {"a": "18", "b": "4", "c": "3", "d": "7"},
    "/latent?run=mnist-mlp8&method=pca&dims=2": {},
    "/generate?run=mnist-mlp8": {"a": "18"},
    "/generate?run=mnist-mlp8&view=draw": {"a": "18"},
    "/generate?run=mnist-selu-2-clean&code=1.5,-2": {"a": "18"},
    "/generate?run=mnist-selu-2-clean&view=random&n=10": {"a": "18", "draw": "fitted"},
    "/generate?run=colored-vae&view=traversal": {"a": "18"},
    "/compare?runs=mnist-selu-2-clean,mnist-selu-6-clean,mnist-mlp8&base=mnist-selu-2-clean": {},
    "/compare?runs=mnist-selu-2,mnist-selu-6&view=images&noise=gaussian:0.3:clamp": {},
    "/compare?runs=mnist-mlp8,mnist-selu-2-clean&view=way&at=0.3": {"a": "18", "b": "4"},
    "/compare?runs=colored-conv,colored-dropout,colored-vae&view=space": {},
}
"""What each address says, and which parameters the page then wrote besides or in other digits."""


@pytest.fixture
def shipped(store):
    """All runs and sweeps that ship."""
    store.root.mkdir(parents=True)
    for shelf in ("gallery", "gallery-sweeps"):
        (store.root / shelf).symlink_to(ROOT / "checkpoints" / shelf)


def opened(address: str) -> dict[str, str]:
    """The parameters of an address once its page has been drawn."""
    path, _, query = address.partition("?")
    app = page(path.strip("/"), **dict(parse_qsl(query)))
    assert not app.error, [element.value for element in app.error]
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


@pytest.mark.parametrize("address", KEPT)
def test_an_address_opens_its_page_and_is_kept(shipped, address):
    asked = dict(parse_qsl(address.partition("?")[2]))
    assert opened(address).items() >= (asked | KEPT[address]).items()


def test_a_point_of_the_latent_space_is_pinned_once(shipped):
    """`point` is what the page begins with; it does not stay in the address."""
    assert opened("/latent?run=colored-conv&method=tsne&dims=3&point=0") == {
        "run": "colored-conv",
        "method": "tsne",
        "dims": "3",
    }


def test_runs_of_an_old_store_stand_side_by_side(old_store):
    ids = [old_store.find(name).id for name in ("finished", "noted")]
    for view in ("numbers", "images", "way", "space"):
        app = page("compare", runs=",".join(ids), view=view)
        assert not app.error, (view, [element.value for element in app.error])
        shown = str(app.main)
        assert "finished" in shown
        assert "Our best" in shown
