"""What the tests of pages without a browser share."""

import pytest

from dashboard.server.parcels import parcels
from tests.helpers.components import searched_once


@pytest.fixture(scope="package", autouse=True)
def components_are_searched_once():
    with searched_once():
        yield


@pytest.fixture(autouse=True)
def no_server(monkeypatch):
    """There is nowhere to fetch from: what a browser would fetch comes in messages."""
    monkeypatch.setattr(parcels, "open", False)
