import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment, difference, fields, keys, typed_value
from aecore.errors import UserError
from aecore.presets import preset, presets


@pytest.mark.parametrize("name", list(presets()))
def test_a_preset_survives_its_json(name):
    experiment = preset(name).experiment
    assert Experiment.parse(json.loads(json.dumps(experiment.model_dump(mode="json")))) == experiment


def test_the_reports_presets_say_what_the_reports_did():
    first, second = preset("mnist-mlp8").experiment, preset("mnist-mlp8-plateau").experiment
    assert set(difference(first, second)) == {
        "preset",
        "model.init",
        "model.bias_init",
        "training.batch_size",
        "training.seed",
        "training.plateau_patience",
        "evaluation.corruptions",
    }
    assert first.corruption.kind == "none", "report 000 trains on clean images"
    assert (first.training.batch_size, second.training.batch_size) == (2048, 1024)
    for name in ("mnist-mlp8", "mnist-mlp8-plateau"):
        assert preset(name).source
        assert preset(name).claims
        assert preset(name).differences
        assert all(other in presets() for other in preset(name).see_also)


def differ(first, second):
    told = difference(preset(first).experiment, preset(second).experiment)
    return set(told) - {"preset", "corruption", "evaluation.corruptions"}


def test_the_presets_of_one_report_differ_in_what_the_report_varied():
    assert differ("cifar-conv", "cifar-conv-denoise") == differ("cifar-conv", "cifar-conv-denoise-var") == set()
    code, words = (preset(f"cifar-conv-denoise{end}").experiment.corruption for end in ("", "-var"))
    assert (str(code), str(words)) == ("gaussian:0.1:clamp", "gaussian-variance:0.1:clamp")
    assert differ("mnist-selu-2", "mnist-selu-6") == {"model.bottleneck.size"}
    assert differ("mnist-selu-2", "mnist-selu-2-clean") == differ("mnist-selu-6", "mnist-selu-6-clean") == set()
    assert str(preset("mnist-selu-2-clean").experiment.corruption) == "gaussian:0.3:clamp+square:8"
    assert differ("colored-conv", "colored-conv-twice") == {"training.epochs", "training.restart_every"}
    assert differ("colored-conv", "colored-dropout") == {"model.norm", "model.dropout"}
    assert differ("colored-conv", "colored-vae") == {
        "model.bottleneck.kind",
        "model.bottleneck.size",
        "model.bottleneck.sample",
        "training.reduction",
    }


@pytest.mark.parametrize(
    ("name", "epochs", "batch", "lr", "decay", "corruption"),
    [
        ("mnist-mlp8", 50, 2048, 1e-3, 1e-5, "none"),
        ("cifar-conv-denoise", 3, 16, 1e-4, 1e-5, "gaussian:0.1:clamp"),
        ("mnist-selu-6", 60, 512, 1e-3, 0, "none"),
        ("mnist-mlp8-plateau", 50, 1024, 1e-3, 1e-5, "none"),
        ("colored-conv", 20, 128, 1e-3, 1e-5, "gaussian:0.3:clamp+once"),
        ("colored-vae", 20, 128, 1e-3, 1e-5, "gaussian:0.3:clamp+once"),
    ],
)
def test_a_preset_trains_as_its_report_did(name, epochs, batch, lr, decay, corruption):
    training = preset(name).experiment.training
    told = (training.epochs, training.batch_size, training.lr, training.weight_decay, training.optimizer)
    assert told == (epochs, batch, lr, decay, "adam")
    assert str(preset(name).experiment.corruption) == corruption


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("training.epochs", 0, ["training.epochs", "greater than or equal to 1", "0"]),
        ("training.batch_size", -1, ["training.batch_size", "-1"]),
        ("model.bottleneck.size", 0, ["model.bottleneck.size", "greater than or equal to 1"]),
        ("training.lr", "fast", ["training.lr", "number", "'fast'"]),
        ("training.epoch", 3, ["unknown setting", "did you mean 'training.epochs'"]),
        ("epochs", 3, ["did you mean 'training.epochs'"]),
        ("training.optimizer", "adm", ["did you mean 'adam'"]),
        ("model.dense", [0], ["model.dense", "greater"]),
        ("corruption", "gausian:0.2", ["did you mean 'gaussian'"]),
        ("corruption", "masking:2", ["between 0 and 1"]),
        ("corruption", "gaussian", ["gaussian:0.2"]),
        ("model.conv", ["32k3", "3x3"], ["model.conv.1", "32k3s2p1"]),
        ("model.conv", ["32k3s2p3"], ["padding of 3"]),
        ("model.bottleneck.kind", "gausian", ["did you mean 'gaussian'"]),
        ("model.dropout", 1, ["model.dropout", "less than 1"]),
        ("training.log_every", 0, ["training.log_every", "greater than or equal to 1"]),
        ("evaluation.corruptions", ["gaussian:0.2", "gauss:1"], ["evaluation.corruptions.1", "gaussian"]),
    ],
)
def test_a_wrong_value_is_told_in_one_line(key, value, words):
    with pytest.raises(UserError) as caught:
        preset("mnist-mlp8").experiment.changed({key: value})
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_file_that_does_not_parse_is_told_with_its_place(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("[training]\nepochs = = 3\n")
    with pytest.raises(UserError, match="line 2"):
        Experiment.load(path)
    with pytest.raises(UserError, match="no file"):
        Experiment.load(tmp_path / "missing.toml")


def test_every_setting_is_described():
    assert all(field.description for _, field in fields()), [k for k, f in fields() if not f.description]
    assert keys() == tuple(key for key, _ in fields())
    assert len(keys()) == len(set(keys()))
    known = dict(fields())
    assert known["data.redraw"].description.startswith("mnist-binary: in training draw anew")
    assert "\n  " not in known["data.size"].description, "without the indentation of the source"


@given(st.text(max_size=40).filter(lambda text: text not in keys()))
def test_no_text_breaks_the_reading_of_settings(text):
    typed_value(text)
    with contextlib.suppress(UserError):
        assert Corruption.parse(text)
    with pytest.raises(UserError) as caught:
        Experiment().changed({text: 1})
    assert len(str(caught.value).splitlines()) == 1


@given(
    epochs=st.integers(1, 100_000),
    size=st.integers(1, 65_536),
    widths=st.lists(st.integers(1, 65536), max_size=16),
)
def test_changes_are_told_by_the_difference(epochs, size, widths):
    base = preset("mnist-mlp8").experiment
    changed = base.changed({"training.epochs": epochs, "model.bottleneck.size": size, "model.dense": widths})
    told = {key: new for key, (_, new) in difference(base, changed).items()}
    assert base.changed(told) == changed
