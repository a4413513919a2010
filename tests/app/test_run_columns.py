"""What the table of runs shows in its cells."""

from __future__ import annotations

import shutil

from aecore.runs.listing import best
from dashboard.cache import runs
from dashboard.widgets import run_columns
from tests.helpers.paths import GALLERY_RUN

BETTER, WORSE = "mnist-mlp8", "mnist-selu-2-clean"


def test_the_best_of_an_image_set_has_a_star_and_the_others_have_none(gallery):
    shutil.copytree(GALLERY_RUN.with_name(WORSE), gallery.root / "gallery" / WORSE)
    rows = sorted(runs.summaries(), key=lambda row: row.id)
    assert [row.id for row in rows] == [BETTER, WORSE]
    columns = ("MSE, clean", "PSNR, clean", "SSIM, clean")
    shown = run_columns.frame(rows, best(rows), columns)._translate(False, False)["body"]
    texts = [[cell["display_value"] for cell in row if cell["type"] == "td"] for row in shown]
    metrics = [row[1:4] for row in texts]
    assert [all("★" in text for text in row) for row in metrics] == [True, False]
    assert not any("★" in text for text in metrics[1])
