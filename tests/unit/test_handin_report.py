"""The report to hand in: its numbers are those of evaluation.json, and it says what is wrong with a run."""

import json
import re
import shutil
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore import inference
from aecore.cli import app
from aecore.drawing import Picture
from aecore.errors import UserError
from aecore.reports.handin import collect, html_page, latex_files, packed_report, write_report
from aecore.reports.handin import images as report_images
from aecore.reports.handin.document import Cell, Document, Figure, Paragraph, Scrubber, Section, Table
from aecore.reports.handin.escape import breakable, latex
from aecore.reports.handin.numbers import METRICS
from aecore.reports.handin.subject import subjects
from aecore.runs.measures import read_measures
from aecore.runs.notes import rename
from aecore.runs.run import EVALUATION, STATUS, Run
from aecore.runs.store import Store
from dashboard.compare import tables
from tests.helpers import pdf
from tests.helpers.paths import GALLERY_RUN
from tests.helpers.reports import Page, latex_rows

PAIR = ("mnist-selu-2", "mnist-selu-6")
NASTY = 'a_b & 50% #1 $x$ <b>"σ² 😀 {\\x} é ^~ [1] --'


@pytest.fixture
def gallery(store: Store) -> Store:
    for name in ("mnist-mlp8", *PAIR):
        shutil.copytree(GALLERY_RUN.with_name(name), store.root / "gallery" / name)
    return store


def runs(store: Store, *names: str) -> list[Run]:
    return [Run(store.root / "gallery" / name) for name in names]


def own_copy(store: Store, name: str, new: str) -> Run:
    """A copy that one may change."""
    target = store.root / "runs" / new
    shutil.copytree(store.root / "gallery" / name, target)
    return Run(target)


def changed(run: Run, file: str, change) -> None:
    table = json.loads(run.file(file).read_text())
    change(table)
    run.write_json(file, table)


def tables_in(found: list[Run]) -> tuple[Page, dict[str, list[list[str]]]]:
    """The tables of the HTML, and those of the LaTeX by name."""
    document = collect(found)
    files = latex_files(document)
    written = {
        path.removeprefix("tables/").removesuffix(".tex"): latex_rows(content.decode())
        for path, content in files.items()
        if path.startswith("tables/")
    }
    return Page(html_page(document)), written


def test_every_number_is_that_of_evaluation_json(gallery):
    found = runs(gallery, *PAIR)
    page, written = tables_in(found)
    names = {run.title(): letter for letter, run in zip("AB", found, strict=True)}
    seen = 0
    numbered = [name for name in page.tables if name.startswith("metrics-")]
    tested = list(dict.fromkeys(entry["corruption"] for run in found for entry in run.evaluation()))
    for name, corruption in zip(numbered, tested, strict=True):
        head, *rows = page.tables[name]
        assert written[name][0][1:] == head[1:]
        assert [row[1:] for row in written[name][1:]] == [row[1:] for row in rows], "LaTeX says what HTML says"
        by_name = {row[0]: row[1:] for row in rows}
        for run in found:
            entry = next((one for one in run.evaluation() if one["corruption"] == corruption), None)
            if entry is None:
                continue
            pairs = [(by_name[f"{names[run.title()]} {run.title()}"], entry["metrics"])]
            pairs += [(by_name["noisy input"], entry["noisy_input"])] if corruption != "none" else []
            for method, own in (entry.get("classical") or {}).items():
                title = {"tv": "total variation", "nlm": "non-local means", "wavelet": "wavelet"}[method]
                pairs.append((by_name[f"{title} ({own['strength']:g})"], own["metrics"]))
            for row, metrics in pairs:
                expected = [
                    f"{metrics['mse']:.5f}",
                    "∞" if metrics["psnr_db"] is None else f"{metrics['psnr_db']:.2f}",
                    f"{metrics['ssim']:.4f}",
                    "∞" if metrics["snr_db"] is None else f"{metrics['snr_db']:.2f}",
                    f"{metrics['wrong_digit_rate']:.2%}",
                    f"{entry['n']:,}",
                ]
                assert row == expected
                seen += 1
    assert seen > 6


def test_numbers_are_rounded_as_on_the_compare_page(gallery):
    run = runs(gallery, "mnist-mlp8")[0]
    on_page = tables.measured([run], [subjects([run])[0].summary], "gaussian:0.2")
    entry = run.evaluation()[1]
    for metric in METRICS:
        title = metric.title.removesuffix(" (dB)").replace("MSE", "Test MSE")
        line = next(line for line in on_page if line.title == title)
        assert line.values[0] == entry["metrics"][metric.key]
        value = line.values[0]
        assert value is not None
        assert line.form(value).removesuffix(" dB") == metric.form(entry["metrics"][metric.key])


def test_the_best_is_bold_and_a_run_that_was_not_understood_never_is(gallery):
    page, _ = tables_in(runs(gallery, "mnist-mlp8"))
    assert f"{min(_values(page, 'MSE'))}" in page.strong
    bad = own_copy(gallery, "mnist-selu-6", "taken-20261125-200000")
    imported = {"file": "x.pth", "verdict": "not understood", "remarks": ["nothing reconstructs"]}
    changed(bad, STATUS, lambda table: table.update(imported=imported))
    changed(bad, EVALUATION, lambda table: [e["metrics"].update(mse=1e-6) for e in table["evaluations"]])
    page, written = tables_in([*runs(gallery, "mnist-selu-2"), bad])
    assert "0.00000" in {cell for rows in page.tables.values() for row in rows for cell in row}
    assert "0.00000" not in page.strong
    assert not any("\\textbf{0.\\allowbreak{}00000}" in str(rows) for rows in written.values())
    tested = len({entry["corruption"] for entry in bad.evaluation()})
    said = [text for text in page.warnings if "nothing reconstructs" in text]
    assert len(said) >= 1 + tested, "beside every table of numbers"
    assert any("never called the best" in text for text in page.warnings)


def _values(page: Page, column: str) -> list[str]:
    head, *rows = page.tables["metrics-2"]
    return [row[head.index(column)] for row in rows]


def test_runs_that_were_measured_on_other_noise_are_not_compared(gallery):
    other = own_copy(gallery, "mnist-selu-6", "elsewhere-20261125-200000")
    changed(other, EVALUATION, lambda table: [e["noisy_input"].update(mse=0.9) for e in table["evaluations"]])
    page, _ = tables_in([*runs(gallery, "mnist-selu-6"), other])
    assert any("not all runs were measured on the same noisy test images" in text for text in page.warnings)
    for name, rows in page.tables.items():
        if name.startswith("metrics-"):
            assert sum(row[0].startswith(("A ", "B ")) for row in rows) <= 1, "each in a table of its own"


def test_images_have_the_scores_of_the_same_noise_for_all(gallery):
    found = subjects(runs(gallery, *PAIR))
    corruption = report_images.common_corruption(found)
    examples = report_images.one_per_class(found[0].run)
    assert sorted(examples.labels.tolist()) == list(range(10))
    page = latex_files(collect([subject.run for subject in found]))
    from aecore.metrics.evaluation import NOISE_SEED

    model = inference.load_model(found[1].run)
    _, _, noisy, output, _ = inference.denoise(model, examples.clean, corruption, NOISE_SEED)
    told = pdf.text(page["figures/images-1.pdf"]) if pdf.POPPLER else ""
    for scores in (noisy, output):
        caption = f"{scores['psnr_db'][0]:.1f} dB · {scores['ssim'][0]:.2f}"
        assert caption in told or not pdf.POPPLER
    pdf.objects(page["figures/images-1.pdf"])


def test_the_scrubber_has_the_decoded_frames_and_the_page_needs_nothing_else(gallery):
    run = runs(gallery, "mnist-mlp8")[0]
    document = collect([run])
    scrubber = next(b for section in document.sections for b in section.blocks if isinstance(b, Scrubber))
    assert len(scrubber.lanes[0].frames) == report_images.SCRUB_FRAMES[0]
    import torch

    model = inference.load_model(run)
    with torch.inference_mode():
        ends = model.to_unit(model(model.from_bytes(torch.from_numpy(scrubber.ends)))).clamp(0, 1).numpy()
    for frame, end in zip(scrubber.lanes[0].frames[[0, -1]], ends, strict=True):
        assert np.abs(frame / 255 - end).max() < 0.51 / 255, "it begins and ends with the reconstructions"
    strip = next(b for s in document.sections for b in s.blocks if isinstance(b, Figure) and "interpol" in b.name)
    shown = [item.pixels for item in strip.drawing.items if isinstance(item, Picture)]
    with torch.inference_mode():
        codes = model.encode(model.from_bytes(torch.from_numpy(scrubber.ends)))
        for number in (3, 7):
            share = number / 10
            image = model.to_unit(model.decode(torch.lerp(codes[:1], codes[1:], share))).clamp(0, 1).numpy()[0, 0]
            assert np.abs(shown[1 + number] / 255 - image).max() < 0.52 / 255, "each frame is at the share above it"
    text = html_page(document)
    assert len(text) < 5_000_000
    addresses = Page(text).addresses
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert not re.search(r"url\((?!data:)", text)
    assert "http" not in re.sub(r"http://www\.w3\.org/2000/svg", "", re.sub(r"base64,[A-Za-z0-9+/=]+", "", text))


def test_settings_layers_and_projection_are_there(gallery):
    page, written = tables_in(runs(gallery, *PAIR))
    flat = [run.experiment().flat() for run in runs(gallery, *PAIR)]
    rows = {row[0]: row[1:] for row in page.tables["settings"]}
    assert set(flat[0]) <= set(rows)
    assert rows["training.lr"] == [str(values["training.lr"]) for values in flat]
    differing = {row[0] for row in page.tables["differences"][1:]}
    assert "Code size" in differing
    assert "Optimizer" not in differing
    total = page.tables["layers-1"][-1][-1]
    assert total == f"{runs(gallery, 'mnist-selu-2')[0].status()['parameters']:,}"
    assert "projections" in written
    assert "Results on the test set" in page.headings


def test_without_a_saved_projection_a_pca_is_computed_and_said(gallery):
    run = own_copy(gallery, "mnist-mlp8", "bare-20261125-200000")
    shutil.rmtree(run.path / "projections")
    assert "Computed for this report" in Page(html_page(collect([run]))).text


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_any_text_is_safe_in_latex(text):
    for written in (latex(text), breakable(text)):
        assert written.isascii()
        superscripts = re.sub(r"\\ensuremath\{\^(\d|\\circ)\}", "", written)
        bare = re.sub(r"\\[a-zA-Z]+|\\[^a-zA-Z]", "", superscripts)
        assert not set(bare) & set('&%#$_^\\<>|"')
        depth = 0
        for sign in bare:
            depth += {"{": 1, "}": -1}.get(sign, 0)
            assert depth >= 0
        assert depth == 0


@given(st.text(max_size=60))
def test_any_text_comes_back_from_html(text):
    table = Table("t", text, ["", text], [[Cell(text), Cell(text, True)]])
    page = Page(html_page(Document(text, text, [Section(text, [Paragraph(text, warning=True), table])])))
    expected = "".join(sign for sign in text if sign >= " " or sign == "\n")
    if expected.isprintable():
        assert page.tables["t"][1] == [expected, expected]
        assert page.warnings == [expected]
        assert page.headings[0] == expected


def test_a_report_is_written_once_unless_asked(gallery, tmp_path, capsys):
    out = tmp_path / "out" / "deep"
    assert app.run(["report", "mnist-mlp8", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert Path(told["html"]).read_text().startswith("<!doctype html>")
    tex = Path(told["latex"]).read_text()
    for path in re.findall(r"\{((?:tables|figures)/[^}]+)\}", tex):
        assert (out / "latex" / path).is_file()
    stale = out / "latex" / "tables" / "stale.tex"
    stale.write_text("old")
    assert app.run(["report", "mnist-mlp8", "--out", str(out)]) == 2
    assert "--overwrite replaces it" in capsys.readouterr().err
    assert app.run(["report", "mnist-mlp8", "--out", str(out), "--overwrite"]) == 0
    assert not stale.exists()
    assert sorted(path.name for path in out.iterdir()) == ["latex", "report.html"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing", "--out", "x"], "there is no run 'nothing'"),
        (["mnist-mlp8"], "out"),
        (["mnist-mlp8", "--out", "taken.txt"], "is a file"),
    ],
)
def test_mistakes_are_one_line(gallery, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.txt").write_text("")
    assert app.run(["report", *arguments]) == 2
    told = capsys.readouterr().err.strip()
    assert words in told
    assert len(told.splitlines()) == 1


def test_a_run_without_results_has_no_report(gallery, tmp_path):
    run = own_copy(gallery, "mnist-mlp8", "new-20261125-200000")
    for name in ("metrics.jsonl", EVALUATION):
        run.file(name).unlink()
    with pytest.raises(UserError, match="has no results yet"):
        write_report([run], tmp_path / "out")


def test_a_report_comes_packed(gallery):
    with zipfile.ZipFile(BytesIO(packed_report(runs(gallery, "mnist-mlp8")))) as packed:
        assert {"report/report.html", "report/latex/report.tex"} <= set(packed.namelist())


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_latex_compiles_whatever_the_run_is_called(gallery, tmp_path):
    run = own_copy(gallery, "mnist-selu-2", "nasty-20261125-200000")
    rename(run, NASTY)
    changed(run, STATUS, lambda table: table.update(remarks=[{"kind": "black", "text": f"remark {NASTY}"}]))
    write_report([run, *runs(gallery, "mnist-selu-6")], tmp_path / "out")
    folder = tmp_path / "out" / "latex"
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    for _ in range(2):
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    if pdf.POPPLER:
        told = pdf.text((folder / "report.pdf").read_bytes())
        assert "50% #1 $x$" in told
        assert "U+1F600" in told


def test_measures_stand_with_their_intervals_and_baselines(gallery):
    found = runs(gallery, "mnist-mlp8")[0]
    measures = read_measures(found)
    assert measures is not None
    page, written = tables_in([found])
    rows = {row[0]: row[1] for row in page.tables["measures"][1:]}
    probe = measures.measures["linear_probe"]
    percent = [f"{100 * probe[key]:.1f}" for key in ("value", "low", "high", "pca", "pixels")]
    value, low, high, pca, pixels = percent
    assert rows["Linear probe"] == f"{value} % ({low}–{high}); PCA of equal size {pca} %, pixels {pixels} %"
    assert rows["Active units"] == "8 of 8"
    assert len(written["measures"]) == len(page.tables["measures"])
