"""The report of runs that lack something: what is missing is said, and the rest is there."""

import shutil

import pytest

from aecore.reports.handin import collect, html_page, latex_files
from aecore.runs.run import Run
from aecore.runs.store import Store
from tests.helpers.paths import GALLERY_RUN
from tests.helpers.reports import Page


@pytest.fixture
def run(store: Store) -> Run:
    target = store.root / "runs" / "mine-20261125-200000"
    shutil.copytree(GALLERY_RUN, target)
    return Run(target)


def page_of(*runs: Run) -> Page:
    document = collect(runs)
    assert latex_files(document)["report.tex"].isascii()
    return Page(html_page(document))


def test_without_weights_there_are_numbers_but_no_images(run):
    run.file("weights.safetensors").unlink()
    page = page_of(run)
    assert "No weights are saved" in page.text
    assert "metrics-1" in page.tables
    assert "Interpolation" not in page.headings


def test_a_damaged_projection_and_damaged_weights_are_said(run):
    for file in ("projections/tsne-2d.safetensors", "weights.safetensors"):
        run.file(file).write_bytes(b"no tensors")
    page = page_of(run)
    assert "no projection, as" in page.text
    assert any(text.startswith("There are no images:") for text in page.warnings)
    assert "metrics-1" in page.tables


def test_a_run_that_was_never_evaluated_says_so(run):
    run.file("evaluation.json").unlink()
    assert any("No run has been measured" in text for text in page_of(run).warnings)


def test_runs_of_an_older_version_have_a_report(old_store):
    found = [Run(path) for path in sorted((old_store.root / "runs").iterdir())]
    usable = [run for run in found if run.metrics() or run.evaluation()]
    page = page_of(*usable)
    assert len(usable) > 4
    assert "No training history" in page.text, "an imported run has none"
