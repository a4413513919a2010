"""The five reports and their presets fit together: every figure can be drawn, every claim can be measured."""

import numpy as np
import pytest

from aecore.config.corruption import Corruption
from aecore.data import CATALOGUE
from aecore.errors import AecoreError, UserError
from aecore.latent import projection
from aecore.latent.interpolation import interpolate, random_codes
from aecore.models import plan
from aecore.presets import preset, presets
from aecore.reports.claims import _SPECIAL, SCORES
from aecore.reports.definition import differences, figures_of, report, reports
from aecore.reports.figures import IMAGE_KINDS

NUMBERS = ["000", "001", "002", "003", "004"]
FIGURES = [(number, figure) for number in NUMBERS for figure in reports()[number].figures]
CLAIMS = [(entry, claim) for entry in presets().values() for claim in entry.claims]


def named(value):
    return getattr(value, "key", None) or getattr(value, "quantity", None) or getattr(value, "name", value)


def evaluated(name):
    return [str(corruption) for corruption in preset(name).experiment.evaluation.corruptions]


def test_all_five_load_and_name_their_presets():
    assert list(reports()) == NUMBERS
    for number, found in reports().items():
        assert found.number == number
        assert found.title
        assert found.author
        assert found.did
        assert set(found.presets) == {entry.name for entry in presets().values() if entry.report == number}
        keys = [figure.key for figure in found.figures]
        assert len(keys) == len(set(keys))
        assert differences(found)
    with pytest.raises(UserError, match=r"unknown report '005'"):
        report("005")
    assert figures_of(preset("digits-quick")) == []


@pytest.mark.parametrize(("number", "figure"), FIGURES, ids=named)
def test_a_figure_can_be_drawn_from_what_its_runs_keep(number, figure):
    for name in figure.presets:
        entry = preset(name)
        experiment = entry.experiment
        about = CATALOGUE[experiment.data.name]
        assert entry.report == number
        assert figure in figures_of(entry)
        assert all(image < about.test_images for image in (*figure.images, figure.start, figure.end))
        for text in (figure.corruption, *figure.corruptions):
            assert str(Corruption.parse(text)) == text
        if figure.kind in ("pairs", "triplets", "corruptions", "epochs"):
            assert figure.images
        if figure.kind == "corruptions":
            assert figure.corruptions
        if figure.kind in ("denoisers", "triplets"):
            assert figure.corruption != "none"
        if figure.kind == "denoisers":
            assert figure.corruption in evaluated(name)
        if figure.kind == "epochs":
            assert figure.epochs
            assert max(figure.epochs) <= experiment.training.epochs
        if figure.kind == "steps":
            assert experiment.training.log_every
        if figure.kind == "wrong-digits":
            assert experiment.evaluation.wrong_digits
        code_size = plan(experiment.model, about.image_shape).code_size
        if figure.kind in ("points", "plot-3d"):
            assert figure.method in projection.METHODS
            assert figure.dims in (2, 3)
            assert figure.dims <= code_size
        codes = np.random.default_rng(0).random((5, 2))
        interpolate(codes[0], codes[1], figure.frames, figure.convention)
        random_codes(codes, figure.count, figure.distribution, 0)
    assert figure.kind in IMAGE_KINDS or figure.kind in (
        "layers", "curves", "steps", "movement", "compared", "wrong-digits", "epochs", "points", "plot-3d", "denoisers",
    )  # fmt: skip


def test_every_preset_of_a_report_claims_something_and_is_sourced():
    for entry in presets().values():
        assert entry.source
        assert all(other in presets() and other != entry.name for other in entry.see_also)
        if entry.report:
            assert entry.claims
            assert entry.differences


@pytest.mark.parametrize(("entry", "claim"), CLAIMS, ids=named)
def test_a_claim_can_be_measured_and_judged(entry, claim):
    experiment = entry.experiment
    logged = {"train_loss", "test_loss", "lr"}
    steps = {"step_train_loss", "step_validation_loss"}
    assert claim.metric in {*SCORES, "black_mse", *_SPECIAL, *logged, *steps}
    if claim.metric in SCORES or claim.metric == "black_mse":
        assert (claim.corruption or "none") in evaluated(entry.name)
    if claim.metric == "mse_model_scale":
        assert experiment.model.range == "symmetric"
    if claim.metric in steps:
        assert experiment.training.log_every
        assert not claim.step or claim.step % experiment.training.log_every == 0
    if claim.metric == "step_validation_loss":
        assert experiment.data.validation_images
    if claim.metric in ("wrong_digit_epochs", "share_of_epochs_above"):
        assert experiment.evaluation.wrong_digits
    if claim.metric.startswith("share_of_epochs"):
        assert preset(claim.other).experiment.training.epochs == experiment.training.epochs
    assert max(claim.epoch or 1, claim.from_epoch or 1) <= experiment.training.epochs
    limits = [limit for limit in (claim.at_least, claim.at_most) if limit is not None]
    assert limits
    assert limits == sorted(limits)


def test_a_report_that_names_no_preset_or_has_a_slip_is_one_line(tmp_path, monkeypatch):
    from aecore.reports import definition as module

    monkeypatch.setattr(module.resources, "files", lambda name: tmp_path)
    about = 'title = "t"\nauthor = "a"\ncourse = "c"\nsummary = "s"\ndid = []\nfound = []\n'
    cases = {
        'presets = ["mnist-mpl8"]\nfigures = []': "did you mean 'mnist-mlp8'",
        'presets = []\nfigures = [{key = "a", kind = "pears", title = "t", presets = ["mnist-mlp8"]}]': "'pairs'",
        'presets = []\nfigures = [{key = "A b", kind = "pairs", title = "t", presets = ["mnist-mlp8"]}]': "pattern",
        "presets = []\nfigures = []\nfigure = 3": "unknown setting 'figure'",
        "presets = [": "not valid TOML",
    }
    for text, words in cases.items():
        (tmp_path / "009.toml").write_text(about + text)
        module.reports.cache_clear()
        try:
            with pytest.raises(AecoreError) as caught:
                module.reports()
        finally:
            module.reports.cache_clear()
        assert words in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1
