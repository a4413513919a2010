"""What the tests of pages without a browser share."""

import pytest

from tests.helpers.components import searched_once


@pytest.fixture(scope="package", autouse=True)
def components_are_searched_once():
    with searched_once():
        yield
