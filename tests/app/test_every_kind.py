"""Every page with a run of every kind of network: it works, or says in a line why not."""

import shutil

import pytest

from aecore import jobs, plots
from aecore.errors import UserError
from aecore.reports.handin import write_report
from aecore.runs.run import Run
from aecore.runs.store import Store
from tests.helpers.families import CODELESS, family
from tests.helpers.pages import page, texts

KINDS = (
    "bernoulli",
    "conditional",
    "conditional-vae",
    "tied-conv",
    "k-sparse",
    "fsq",
    "fsq-dense",
    "vq",
    "unet",
    "dncnn-levels",
)
OF_A_CODE = ("interpolate", "latent", "generate", "measure")
OTHERS = ("train", "restore", "replay")


@pytest.fixture(scope="module")
def _finished(tmp_path_factory):
    """A finished run of each kind."""
    store, made = Store(tmp_path_factory.mktemp("kinds")), {}
    for kind in KINDS:
        small = {"data__train_images": 200, "training__epochs": 1, "evaluation__corruptions": ["none", "gaussian:0.2"]}
        run = jobs.submit(family(kind, **small), "cpu", store)
        assert jobs.work(run) == "finished", kind
        made[kind] = run
    return made


@pytest.fixture
def finished(_finished, store):
    """The same in the test's own store."""
    shutil.copytree(next(iter(_finished.values())).path.parent, store.root / "runs", dirs_exist_ok=True)
    return {kind: Run(store.root / "runs" / run.id) for kind, run in _finished.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_pages_about_one_run(finished, kind):
    run = finished[kind]
    assert "run" in texts(page(run=run.id)).lower()
    for name in OTHERS:
        page(name, run=run.id)
    for name in OF_A_CODE:
        said = texts(page(name, run=run.id))
        assert ("has no code" in said) == (kind in CODELESS), (name, said)


def test_they_are_compared(finished):
    for view in ("numbers", "images", "wipe", "way", "space"):
        page("compare", runs=",".join(run.id for run in list(finished.values())[:4]), view=view)
        page("compare", runs=",".join([finished["unet"].id, finished["bernoulli"].id]), view=view)


@pytest.mark.parametrize("kind", ["unet", "conditional-vae", "vq"])
def test_they_have_a_hand_in_report(finished, tmp_path, kind):
    html, _ = write_report([finished[kind]], tmp_path / "report")
    text = html.read_text()
    assert "There are no images" not in text
    assert ("Drag the slider." in text) == (kind not in CODELESS)


def test_figures_of_a_code_say_that_there_is_none(finished):
    run = finished["unet"]
    for figure in (plots.projection, plots.code_histograms, plots.errors):
        with pytest.raises(UserError, match="no code"):
            figure(run)
