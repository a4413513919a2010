"""What unit tests share: an image cache of their own, and a network that is out of reach."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest
from hypothesis import settings

# Property tests are judged by what they find, not by how busy the machine is.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def offline(monkeypatch):
    """No mirror and no npm."""

    def refuse(url, timeout):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr("shutil.which", lambda name: None)
