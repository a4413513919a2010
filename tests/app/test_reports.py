"""The Reports page without a browser: every report over the shipped runs, and what it says when some are missing."""

import shutil

import pytest

from aecore.presets import presets
from aecore.reports.definition import reports
from aecore.runs.store import Store
from tests.helpers.pages import page, texts
from tests.helpers.paths import ROOT

GALLERY = ROOT / "checkpoints" / "gallery"


@pytest.fixture
def gallery(store: Store) -> Store:
    """All shipped runs, as a first-time visitor has them."""
    store.root.mkdir(parents=True)
    (store.root / "gallery").symlink_to(GALLERY)
    return store


@pytest.mark.parametrize("number", list(reports()))
def test_a_report_shows_its_numbers_and_all_its_figures(gallery, number):
    app = page("reports", report=number)
    report = reports()[number]
    shown = texts(app)
    assert report.author in shown
    claims = [claim for name in report.presets for claim in presets()[name].claims]
    assert app.dataframe[0].value["Number"].tolist() == [claim.quantity for claim in claims]
    titles = [heading.value for heading in app.subheader]
    assert [figure.title for figure in report.figures] == titles[1:]
    assert not app.error
    assert not app.info
    for line in (*report.did, *report.found):
        assert line in shown


def test_all_numbers_stand_in_one_table(gallery):
    app = page("reports", report="All numbers")
    table = app.dataframe[0].value
    assert len(table) == sum(len(preset.claims) for preset in presets().values())
    assert set(table["Report"]) == set(reports())


def test_a_foreign_report_in_the_address_opens_the_first(gallery):
    assert "Noah Serhan" in texts(page("reports", report="../etc"))


def test_without_the_runs_the_page_says_how_to_make_them(store):
    app = page("reports", report="003")
    assert "Setareh Soltanieh" in texts(app)
    assert set(app.dataframe[0].value["Verdict"]) == {"– not measured"}
    assert all("aecore gallery mnist-mlp8-plateau" in info.value for info in app.info)
    assert len(app.info) == len(reports()["003"].figures)


def test_a_damaged_run_spoils_its_figures_only(store):
    target = store.root / "gallery" / "mnist-mlp8"
    shutil.copytree(GALLERY / "mnist-mlp8", target)
    (target / "figures.safetensors").write_bytes(b"\x00" * 100)
    (target / "projections" / "tsne-2d.safetensors").write_bytes(b"{")
    app = page("reports", report="000")
    damaged = [error.value for error in app.error]
    assert len(damaged) == 5
    assert all("is damaged" in text for text in damaged)
    assert "✓ reproduced" in app.dataframe[0].value["Verdict"].tolist()
