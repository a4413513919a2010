"""The Reports page without a browser: every report over the shipped runs, and what it says when some are missing."""

import shutil

import pytest

from aecore.presets import presets
from aecore.reports.definition import reports
from aecore.runs.store import Store
from tests.helpers.beyond import own_run, seeds
from tests.helpers.pages import components, page, texts
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


@pytest.fixture
def better(store: Store) -> Store:
    """The shipped runs, and two of our own as if they shipped: one that reaches its aim and one that does not."""
    (store.root / "gallery").mkdir(parents=True)
    for run in GALLERY.iterdir():
        if presets()[run.name].report:
            (store.root / "gallery" / run.name).symlink_to(run)
    run = own_run(store, "colored-unet", "colored-conv-twice", {"snr_db": 14.93}, parameters=482_019)
    seeds(run, {"test SNR, σ = 0.3": [14.8, 15.1]})
    own_run(store, "mnist-wide-8", "mnist-mlp8", {"mse": 0.0121})
    return store


def own() -> list[str]:
    return [preset.title for preset in presets().values() if preset.idea]


def links(app) -> list[tuple[str, str]]:
    return [(link.proto.label, link.proto.query_string) for link in app.get("page_link")]


def test_beyond_the_reports_shows_costs_aims_and_a_card_for_every_preset_of_our_own(better):
    app = page("reports", report="beyond")
    shown = texts(app)
    assert not app.error
    assert not app.info
    assert all(title in shown.replace("\\", "") for title in own())
    table = next(frame.value for frame in app.dataframe if "Aim" in frame.value.columns).set_index("Run")
    assert table.loc["colored-unet", ["Report's run", "Aim", "Measured", "Verdict"]].tolist() == [
        "10.50 dB",
        "≥ 14.50 dB",
        "14.93 dB",
        "✓ reached",
    ]
    assert table.loc["colored-unet", "Seeds: mean ± spread"] == "14.94 dB ± 0.15 (3)"
    assert table.loc["mnist-wide-8", "Verdict"] == "✗ not reached"
    assert len(components(app, "plotly_chart")) == 1
    assert ("Compare with mnist-mlp8", "runs=mnist-mlp8%2Cmnist-wide-8&base=mnist-mlp8") in links(app)
    assert ("Run it again", "preset=colored-unet") in links(app)
    assert ("Train it", "preset=mnist-superres") in links(app)
    tested = "runs=colored-conv-twice%2Ccolored-unet&base=colored-conv-twice&tested=gaussian%3A0.3%3Aclamp"
    assert ("Compare colored-unet with colored-conv-twice", tested) in links(app)


def test_the_chart_opens_where_a_run_of_ours_stands_beside_a_reports(better):
    assert page("reports", report="beyond").selectbox[0].value == "colored-mnist/gaussian:0.3:clamp/snr_db"
    shutil.rmtree(better.root / "gallery" / "colored-unet")
    own_run(better, "mnist-superres", "mnist-mlp8", {"psnr_db": 22.9})
    assert page("reports", report="beyond").selectbox[0].value == "mnist/none/mse"


def test_the_address_names_the_task_and_what_it_is_held_against(better):
    app = page("reports", report="beyond", task="mnist/none/mse", against="seconds")
    assert app.selectbox[0].value == "mnist/none/mse"
    assert "All trained on" in texts(app)
    assert any(label == "Compare mnist-wide-8 with mnist-mlp8" for label, _ in links(app))
    app.selectbox[0].select("cifar10/gaussian:0.1:clamp/ssim").run()
    assert app.query_params["task"] == "cifar10/gaussian:0.1:clamp/ssim"
    assert any(label == "Train cifar-unet-denoise" for label, _ in links(app))
    assert (
        page("reports", report="beyond", task="nonsense").selectbox[0].value
        == "colored-mnist/gaussian:0.3:clamp/snr_db"
    )


def test_beyond_the_reports_without_any_run_offers_to_train(store):
    app = page("reports", report="beyond")
    assert not app.error
    assert len(app.info) == 2
    assert not app.dataframe
    assert sum(label == "Train it" for label, _ in links(app)) == len(own())
    assert "622,504" not in texts(app)
    assert "1,059,939 parameters, no code" in texts(app)
