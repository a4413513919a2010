"""Plotly's script for the browser: the installed package's own, under a name that changes with it."""

import hashlib
from importlib import resources
from pathlib import Path

import pytest

from dashboard.charts import script


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "FOLDER", tmp_path / "static")
    script.script_url.cache_clear()
    yield tmp_path / "static"
    script.script_url.cache_clear()


def test_the_file_is_that_of_the_package_and_its_name_tells_which(folder):
    url = script.script_url()
    content = (Path(str(resources.files("plotly"))) / "package_data" / "plotly.min.js").read_bytes()
    assert url.startswith("app/static/plotly-")
    assert (folder / Path(url).name).read_bytes() == content
    assert hashlib.sha256(content).hexdigest()[:8] in url


def test_a_cut_file_is_written_again_and_another_version_is_removed(folder):
    target = folder / Path(script.script_url()).name
    size = target.stat().st_size
    target.write_bytes(b"half")
    (folder / "plotly-1.0.0-00000000.min.js").write_text("old")
    script.script_url.cache_clear()
    script.script_url()
    assert [path.name for path in folder.iterdir()] == [target.name]
    assert target.stat().st_size == size


def test_a_folder_that_cannot_be_written_is_no_failure(folder):
    folder.write_text("a file where the folder should be")
    assert script.script_url() == ""
