"""Checkpoints as the reports' own scripts wrote them: what comes in is what was saved, to the last bit."""

import argparse
import zipfile
from itertools import pairwise

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aecore import interop, jobs
from aecore.errors import AecoreError, UserError
from aecore.inference import load_model
from aecore.interop import import_checkpoint, interpret, read_checkpoint
from aecore.models.autoencoder import Autoencoder
from aecore.presets import preset
from aecore.runs.store import Run
from aecore.runs.summary import import_notes, summarise

IMAGES = {1: torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(1))}
IMAGES[3] = torch.rand(6, 3, 28, 28, generator=torch.Generator().manual_seed(2))


def flat(*widths: int, activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """A plain MLP with a function after every layer, the last one a sigmoid."""
    parts: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        parts += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(nn.Flatten(), *parts[:-1], nn.Sigmoid())


class Report000(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(784, 392), nn.Linear(392, 8)
        self.fc3, self.fc4 = nn.Linear(8, 392), nn.Linear(392, 784)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.fc2(torch.relu(self.fc1(x.flatten(1)))))
        return torch.sigmoid(self.fc4(torch.relu(self.fc3(h)))).view_as(x)


class Report001(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU())
        self.decoder = nn.Sequential(nn.ConvTranspose2d(8, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 3, 3), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class Report002(nn.Module):
    def __init__(self, n: int):
        super().__init__()
        widths = [648, 145, 98, 52, n]
        self.cnn = nn.ModuleList([nn.Conv2d(1, 6, 3, 2, 1), nn.Conv2d(6, 39, 3, 2, 1), nn.Conv2d(39, 72, 3, 2)])
        self.lin = nn.ModuleList([nn.Linear(a, b) for a, b in pairwise(widths)])
        back = widths[::-1]
        self.lin_back = nn.ModuleList([nn.Linear(a, b) for a, b in pairwise(back)])
        self.t_cnn = nn.ModuleList(
            [
                nn.ConvTranspose2d(72, 39, 3, 2),
                nn.ConvTranspose2d(39, 6, 3, 2, 1, 1),
                nn.ConvTranspose2d(6, 1, 3, 2, 1, 1),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.cnn:
            x = F.selu(layer(x))
        x = x.flatten(1)
        for layer in self.lin[:-1]:  # type: ignore[union-attr]
            x = F.selu(layer(x))
        x = self.lin[-1](x)
        for layer in self.lin_back:
            x = F.selu(layer(x))
        x = x.view(-1, 72, 3, 3)
        return torch.sigmoid(self.t_cnn[2](F.selu(self.t_cnn[1](F.selu(self.t_cnn[0](x))))))


class Report004(nn.Module):
    def __init__(self, dropout: bool = False, code: int = 0):
        super().__init__()
        widths = [3, 128, 64, 32, 16]

        def block(kind, inputs, outputs, last=False, **more):
            layers = [kind(inputs, outputs, 3, 2, 1, **more)]
            if dropout and not last:
                return [*layers, nn.BatchNorm2d(outputs), nn.ReLU(), nn.Dropout(0.2)]
            return [*layers, nn.Sigmoid() if last else nn.ReLU()]

        down = [block(nn.Conv2d, a, b) for a, b in pairwise(widths)]
        back = widths[::-1]
        up = [block(nn.ConvTranspose2d, a, b, last=b == 3, output_padding=1) for a, b in pairwise(back)]
        self.enc = nn.Sequential(*[layer for part in down for layer in part])
        if code:
            self.fc_mu, self.fc_logvar = nn.Linear(64, code), nn.Linear(64, code)
            self.fc_dec = nn.Linear(code, 64)
        self.dec = nn.Sequential(*[layer for part in up for layer in part])
        self.code = code

    def forward(self, x: Tensor) -> Tensor:
        h = self.enc(x)
        if self.code:
            h = F.relu(self.fc_dec(self.fc_mu(h.flatten(1)))).view(-1, 16, 2, 2)
        return F.interpolate(self.dec(h), (28, 28), mode="bilinear", align_corners=False)


def moved(model: nn.Module) -> nn.Module:
    """With batch statistics and weights of its own, as after a training."""
    generator = torch.Generator().manual_seed(7)
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor + 0.01 * torch.rand(tensor.shape, generator=generator))
        else:
            tensor.fill_(41)
    return model.eval()


def understood(tmp_path, value, suffix: str = ".pth", **chosen):
    path = tmp_path / f"model{suffix}"
    if suffix == ".safetensors":
        safetensors.torch.save_file(value, path)
    else:
        torch.save(value, path)
    return interpret(read_checkpoint(path), **chosen)


def rebuilt(found, shape) -> Autoencoder:
    model = Autoencoder(found.experiment.model, shape)
    model.load_state_dict(found.weights)
    return model.eval()


@torch.no_grad()
def same_output(found, model: nn.Module, images: Tensor) -> None:
    ours = rebuilt(found, tuple(images.shape[1:])).decode(_codes(found, images))
    # Our linear layers multiply in another order than PyTorch's, see models/fast_paths.py.
    torch.testing.assert_close(ours, model(images).view_as(ours), rtol=0, atol=2e-6)


def _codes(found, images: Tensor) -> Tensor:
    model = rebuilt(found, tuple(images.shape[1:]))
    return model.distribution(images)[0] if model.gaussian else model.encode(images)


REPORTS = {
    "mnist-mlp8": (Report000, 1),
    "cifar-conv": (Report001, 3),
    "mnist-selu-2": (lambda: Report002(2), 1),
    "mnist-selu-6": (lambda: Report002(6), 1),
    "colored-conv": (Report004, 3),
    "colored-dropout": (lambda: Report004(dropout=True), 3),
    "colored-vae": (lambda: Report004(code=20), 3),
}


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_each_reports_network_is_recognised_under_its_own_names(tmp_path, name, suffix):
    make, channels = REPORTS[name]
    model = moved(make())
    found = understood(tmp_path, model.state_dict(), suffix)
    assert found.preset == name
    assert found.assumed == {}
    images = IMAGES[channels] if name != "cifar-conv" else torch.rand(4, 3, 32, 32)
    same_output(found, model, images)
    numbers = [tensor for key, tensor in found.weights.items() if key.endswith("num_batches_tracked")]
    assert all(int(tensor) == 41 for tensor in numbers)
    assert found.weights.keys() == rebuilt(found, tuple(images.shape[1:])).state_dict().keys()


def test_presets_of_one_shape_are_told(tmp_path):
    assert understood(tmp_path, Report000().state_dict()).also_fit == ("mnist-mlp8-plateau",)
    assert "cifar-conv-denoise" in understood(tmp_path, Report001().state_dict()).also_fit
    chosen = understood(tmp_path, Report000().state_dict(), preset_name="mnist-mlp8-plateau")
    assert (chosen.preset, chosen.chosen, chosen.also_fit) == ("mnist-mlp8-plateau", True, ())


WRAPPINGS = {
    "plain": lambda state: state,
    "state_dict": lambda state: {"state_dict": state, "epoch": 3},
    "model_state_dict": lambda state: {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {"state": {}}},
    "model": lambda state: {"model": state, "loss": 0.1},
    "another name": lambda state: {"my_ae": state, "step": 5},
    "in each other": lambda state: {"checkpoint": {"state_dict": state}} | {"args": {"lr": torch.ones(1)}},
    "module.": lambda state: {f"module.{name}": value for name, value in state.items()},
    "_orig_mod.": lambda state: {f"_orig_mod.module.{name}": value for name, value in state.items()},
    "lightning": lambda state: {"state_dict": {f"model.{name}": value for name, value in state.items()}},
    "sides": lambda state: {
        "encoder": {n: v for n, v in state.items() if n[:3] in ("fc1", "fc2")},
        "decoder": {n: v for n, v in state.items() if n[:3] in ("fc3", "fc4")},
    },
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_wrappers_and_prefixes_are_taken_off(tmp_path, wrapping):
    model = Report000()
    found = understood(tmp_path, WRAPPINGS[wrapping](dict(model.state_dict())))
    assert found.preset == "mnist-mlp8"
    same_output(found, model, IMAGES[1])


def test_what_scripts_save_beside_the_weights_is_no_hindrance(tmp_path):
    state = Report000().state_dict()
    beside = {
        "loss": np.float64(0.1),
        "best": np.float32(0.2),
        "epoch": np.int64(3),
        "args": argparse.Namespace(lr=1e-3),
    }
    assert understood(tmp_path, {"model": state, **beside}).preset == "mnist-mlp8"
    path = tmp_path / "old.pth"
    torch.save({"model": state}, path, _use_new_zipfile_serialization=False)
    assert interpret(read_checkpoint(path)).preset == "mnist-mlp8"


def test_half_precision_and_layers_without_bias(tmp_path):
    model = Report000().half()
    found = understood(tmp_path, model.state_dict())
    assert {tensor.dtype for tensor in found.weights.values()} == {torch.float32}
    same_output(found, model.float(), IMAGES[1])
    plain = nn.Sequential(nn.Flatten(), nn.Linear(784, 392, bias=False), nn.ReLU(), nn.Linear(392, 8, bias=False),
                          nn.ReLU(), nn.Linear(8, 392), nn.ReLU(), nn.Linear(392, 784), nn.Sigmoid())  # fmt: skip
    same_output(understood(tmp_path, plain.state_dict()), plain, IMAGES[1])


def test_the_heads_of_a_vae_are_told_apart_by_name(tmp_path):
    class Swapped(Report004):
        def __init__(self):
            super().__init__(code=20)
            mean, log_variance = self.fc_mu, self.fc_logvar
            del self.fc_mu, self.fc_logvar, self.fc_dec
            self.log_sigma, self.fc_mu, self.fc_dec = log_variance, mean, nn.Linear(20, 64)

    model = moved(Swapped())
    state = model.state_dict()
    order = sorted(state, key=lambda name: (not name.startswith("enc"), name.startswith("dec")))
    found = understood(tmp_path, {name: state[name] for name in order})
    assert found.preset == "colored-vae"
    same_output(found, model, IMAGES[3])


def test_any_widths_make_a_model(tmp_path):
    model = flat(784, 500, 100, 3, 200, 784)
    found = understood(tmp_path, model.state_dict())
    assert found.preset == ""
    assert (found.experiment.model.dense, found.experiment.model.decoder_dense) == ((500, 100), (200,))
    assert found.experiment.model.bottleneck.size == 3
    assert found.assumed["model.activation"] == "relu"
    assert found.assumed["data.name"] == "mnist"
    with_code = understood(
        tmp_path, model.state_dict(), changes={"model.bottleneck.activation": "relu"}, data_name="digits-28"
    )
    assert with_code.experiment.data.name == "digits-28"
    assert not {"model.bottleneck.activation", "data.name"} & set(with_code.assumed)
    same_output(with_code, model, IMAGES[1])
    selu = flat(784, 64, 5, 64, 784, activation=nn.SELU)
    changes = {"model.activation": "selu", "model.bottleneck.activation": "selu"}
    same_output(understood(tmp_path, selu.state_dict(), changes=changes), selu, IMAGES[1])


@pytest.mark.parametrize(("features", "name"), [(64, "digits"), (3072, "cifar10"), (2352, "colored-mnist")])
def test_the_image_set_follows_from_the_shape(tmp_path, features, name):
    found = understood(tmp_path, flat(features, 30, 4, 30, features).state_dict())
    assert found.experiment.data.name == name


def test_strides_and_paddings_are_found_where_sizes_chain(tmp_path):
    class Other(nn.Module):
        def __init__(self):
            super().__init__()
            self.c1, self.c2 = nn.Conv2d(3, 12, 4, 2, 1), nn.Conv2d(12, 24, 4, 2, 1)
            self.fc_mu, self.fc_logvar = nn.Linear(24 * 64, 9), nn.Linear(24 * 64, 9)
            self.back = nn.Linear(9, 24 * 64)
            self.t1, self.t2 = nn.ConvTranspose2d(24, 12, 4, 2, 1), nn.ConvTranspose2d(12, 3, 4, 2, 1)

        def forward(self, x):
            h = F.relu(self.c2(F.relu(self.c1(x)))).flatten(1)
            h = F.relu(self.back(self.fc_mu(h))).view(-1, 24, 8, 8)
            return torch.sigmoid(self.t2(F.relu(self.t1(h))))

    model = Other()
    found = understood(tmp_path, model.state_dict())
    assert found.experiment.data.name == "cifar10"
    assert list(map(str, found.experiment.model.conv)) == ["12k4s2p1", "24k4s2p1"]
    assert found.assumed["model.conv"] == ["12k4s2p1", "24k4s2p1"]
    same_output(found, model, torch.rand(4, 3, 32, 32))


def test_convolutions_alone_take_usual_strides_and_can_be_told(tmp_path):
    down = [nn.Conv2d(1, 16, 3, 2, 1), nn.Conv2d(16, 32, 3, 2, 1), nn.Conv2d(32, 64, 7)]
    up = [nn.ConvTranspose2d(64, 32, 7), *(nn.ConvTranspose2d(a, b, 3, 2, 1, 1) for a, b in ((32, 16), (16, 1)))]
    layers = [part for layer in (*down, *up) for part in (layer, nn.ReLU())]
    model = nn.Sequential(*layers[:-1], nn.Sigmoid())
    assert "model.conv" in understood(tmp_path, model.state_dict()).assumed
    convs = ["16k3s2p1", "32k3s2p1", "64k7s1p0"]
    found = understood(tmp_path, model.state_dict(), changes={"model.conv": convs})
    assert "model.conv" not in found.assumed
    same_output(found, model, IMAGES[1])


def test_a_decoder_that_does_not_mirror_the_encoder(tmp_path):
    model = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 8, 3, 2, 1), nn.ReLU(),
                          nn.ConvTranspose2d(8, 20, 3, 2, 1, 1), nn.ReLU(), nn.ConvTranspose2d(20, 1, 3, 2, 1, 1),
                          nn.Sigmoid())  # fmt: skip
    found = understood(tmp_path, model.state_dict())
    assert list(map(str, found.experiment.model.decoder_conv or ())) == ["20k3s2p1", "1k3s2p1"]
    same_output(found, model, IMAGES[1])


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)


FILES = {
    "text": (b"these are not the weights\n", "neither a PyTorch checkpoint nor safetensors"),
    "empty": (b"", "is empty"),
    "zip": (b"PK\x03\x04" + bytes(80), "truncated or damaged"),
    "pickle": (b"\x80\x04cos\nsystem\n(S'touch /tmp/x'\ntR.", "could run code"),
    "safetensors": ((8).to_bytes(8, "little") + b'{"a":1}}' + bytes(20), "damaged or truncated"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_wrong_file_is_one_line(tmp_path, store, kind):
    path = tmp_path / "wrong.pth"
    path.write_bytes(FILES[kind][0])
    refused(path, FILES[kind][1], store)


def refused(path, words, store, **chosen) -> None:
    with pytest.raises(UserError) as caught:
        import_checkpoint(path, store, measure=False, **chosen)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert store.runs() == []
    assert not (store.root / "runs").exists() or list((store.root / "runs").iterdir()) == []


def test_so_is_a_file_of_something_else(tmp_path, store):
    path = tmp_path / "model.pth"

    def saved(value):
        torch.save(value, path)
        return path

    state = Report000().state_dict()
    refused(tmp_path / "nothing.pth", "there is no file", store)
    refused(tmp_path, "is a folder", store)
    refused(saved(Whole()), "save only the weights, with torch.save(model.state_dict()", store)
    refused(saved([torch.ones(2)]), "a list without names", store)
    refused(saved({"loss": 1.0}), "holds no weights", store)
    refused(saved({"a": state, "b": state}), "several models (a, b)", store)
    refused(saved(state | {"fc2.weight": torch.full((8, 392), torch.nan)}), "fc2.weight holds values", store)
    refused(saved(nn.LSTM(4, 4).state_dict()), "is not a linear layer", store)
    refused(saved(nn.LayerNorm(4).state_dict()), "is not a linear layer", store)
    refused(saved(nn.Conv2d(1, 4, (3, 5)).state_dict()), "kernels are square", store)
    for name, words in (
        ("m/constants.pkl", "TorchScript"),
        ("m/readme.txt", "neither a PyTorch checkpoint nor a packed"),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, b"x")
        refused(path, words, store)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/data.pkl", bytes(10_000))
    refused(path, "compressed again", store)
    torch.save(state, path)
    path.write_bytes(path.read_bytes()[:-2000])
    refused(path, "truncated or damaged", store)
    safetensors.torch.save_file(state, path)
    path.write_bytes(path.read_bytes()[:-2000])
    refused(path, "damaged or truncated", store)


@pytest.mark.parametrize(
    ("widths", "words"),
    [
        ((784, 30, 4, 30, 700), "gives 700 numbers, where 1 takes 784"),
        ((100, 30, 4, 30, 100), "takes 100 numbers, and no images known here have as many"),
        ((784, 784), "is the only linear layer"),
    ],
)
def test_layers_that_fit_nothing_are_named(tmp_path, store, widths, words):
    path = tmp_path / "model.pth"
    torch.save(flat(*widths).state_dict(), path)
    refused(path, words, store)


def test_the_first_layer_that_does_not_fit_is_named(tmp_path, store):
    path = tmp_path / "model.pth"
    torch.save(Report002(5).state_dict(), path)
    refused(path, "lin.3.weight is 5×52, where encoder.linear4 is 2×52", store, preset_name="mnist-selu-2")
    torch.save(nn.Sequential(nn.Linear(784, 30), nn.Linear(31, 784)).state_dict(), path)
    refused(path, "1 takes 31 numbers, where 0 gives 30", store)
    torch.save(flat(784, 392, 8, 392).state_dict(), path)
    refused(path, "the file ends after 3 layers, before decoder.linear2", store, preset_name="mnist-mlp8")
    torch.save(flat(784, 392, 8, 392, 784, 10).state_dict(), path)
    refused(path, "comes after the last layer", store, preset_name="mnist-mlp8")
    torch.save(Report004(dropout=True).state_dict(), path)
    refused(path, "7 batch normalisations", store, preset_name="colored-conv")
    pooled = nn.Sequential(nn.Conv2d(1, 4, 5), nn.Linear(4 * 17, 5), nn.Linear(5, 4 * 17), nn.ConvTranspose2d(4, 1, 5))
    torch.save(pooled.state_dict(), path)
    refused(path, "pooling layers are not supported", store)
    upsampled = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 9, 3), nn.Conv2d(9, 4, 3), nn.Conv2d(4, 1, 3))
    torch.save(upsampled.state_dict(), path)
    refused(path, "does not lead back to an image", store)


def test_an_import_is_an_ordinary_run(tmp_path, store):
    model = flat(64, 32, 6, 32, 64)
    with torch.no_grad():
        model.get_parameter("7.bias").fill_(30.0)  # white, which no digit is, with whatever function
    path = tmp_path / "My digits\n(final).pth"
    torch.save({"state_dict": model.state_dict()}, path)
    stages = []
    changes = {"model.bottleneck.activation": "relu", "model.output": "sigmoid"}
    imported = import_checkpoint(path, changes=changes, report=lambda stage, *_: stages.append(stage))
    run = imported.run
    assert {"reading", "evaluating"} <= set(stages)
    row = summarise(run)
    assert (row.state, row.title, row.data, row.code_size) == ("finished", "My digits (final)", "digits", 6)
    assert (row.epoch, row.epochs, row.imported) == (0, 0, path.name)
    told = run.status()["imported"]
    assert len(told["sha256"]) == 64
    assert told["assumed"] == {"data.name": "digits"}
    assert "model.activation" in told["tried"]
    assert [line.partition(":")[0] for line in import_notes(run.status())][:2] == [
        "chosen because they reconstruct test images best",
        "assumed, as they do not follow from the shapes",
    ]
    images = torch.from_numpy(run.snapshots()["clean"]).float() / 255
    with torch.no_grad():
        expected = model(images).view_as(images)
        ours = load_model(run)(images)
    torch.testing.assert_close(ours, expected, rtol=0, atol=2e-6)
    panel = run.snapshots()
    assert panel["epochs"].tolist() == [0]
    assert np.abs(panel["reconstructions"][0] / 255 - expected.numpy()).max() < 0.003
    assert [entry["corruption"] for entry in run.evaluation()] == ["none", "gaussian:0.2"]
    assert run.evaluation()[0]["run"] == run.id
    assert run.file("codes.safetensors").exists()
    assert run.metrics() == []
    assert any("plain black" in line for line in imported.remarks), "it was never trained"


@pytest.mark.parametrize(
    ("activation", "scale", "output"), [("selu", "symmetric", "tanh"), ("relu", "unit", "sigmoid")]
)
def test_images_tell_what_shapes_do_not(tmp_path, store, activation, scale, output):
    """A network trained here for a moment, saved without a word about its functions."""
    trained = preset("digits-quick").experiment.changed(
        {
            "data.name": "digits",
            "model.dense": [50],
            "model.activation": activation,
            "model.bottleneck.activation": "none",
            "model.range": scale,
            "model.output": output,
            "training.epochs": 25,
            "evaluation.corruptions": [],
        }
    )
    source = jobs.submit(trained, "cpu")
    jobs.work(source)
    path = tmp_path / "own.pth"
    interop.export_pth(source, path)
    found = import_checkpoint(path)
    model = found.run.experiment().model
    assert (model.activation, model.range, model.output) == (activation, scale, output)
    assert model.bottleneck.activation == "none"
    assert found.remarks == ()


def test_without_images_it_is_imported_all_the_same(tmp_path, store, monkeypatch):
    def refuse(*_):
        raise AecoreError("no network")

    path = tmp_path / "model.pth"
    torch.save(Report000().state_dict(), path)
    monkeypatch.setattr("aecore.data.load", refuse)
    imported = import_checkpoint(path, name="unseen")
    assert imported.run.evaluation() == []
    assert imported.remarks == ("not measured, as the images cannot be loaded: no network",)
    assert summarise(imported.run).state == "finished"


def test_weights_of_our_own_come_back_and_nothing_is_measured_unasked(trained, store):
    imported = import_checkpoint(trained.file("weights.safetensors"), measure=False)
    assert imported.interpretation.preset == "digits-quick"
    assert Run(imported.run.path).evaluation() == []
    for name, tensor in load_model(imported.run).state_dict().items():
        assert torch.equal(tensor, load_model(trained).state_dict()[name])


def test_a_demo_takes_no_checkpoints(tmp_path, store, monkeypatch):
    path = tmp_path / "model.pth"
    torch.save(Report000().state_dict(), path)
    monkeypatch.setenv("AECORE_DEMO", "train")
    refused(path, "switched off", store)


def test_plain_pytorch_loads_what_is_exported(trained, tmp_path):
    """No name of this project is needed: the keys are those of `nn.Module`s with these attributes."""
    path = tmp_path / "out.pth"
    interop.export_pth(trained, path)
    state = torch.load(path, weights_only=True)
    layers = {name.removesuffix(".weight"): tensor.shape for name, tensor in state.items() if name.endswith("weight")}

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = nn.Module(), nn.Module()
            for name, shape in layers.items():
                side, _, layer = name.partition(".")
                getattr(self, side).add_module(layer, nn.Linear(shape[1], shape[0]))

        def forward(self, x):
            down, code, up, out = map(self.get_submodule, layers)
            return torch.sigmoid(out(F.relu(up(code(F.relu(down(x.flatten(1))))))))

    plain = Plain()
    plain.load_state_dict(state, strict=True)
    images = torch.from_numpy(trained.snapshots()["clean"]).float() / 255
    with torch.no_grad():
        torch.testing.assert_close(plain(images).view_as(images), load_model(trained)(images), rtol=0, atol=2e-6)
    assert interop.interpret(read_checkpoint(path)).preset == "digits-quick"


def test_an_export_without_weights_or_folder_is_one_line(trained, tmp_path):
    with pytest.raises(AecoreError, match=r"could not be exported|could not finish"):
        interop.export_pth(trained, tmp_path / "no such folder" / "x.pth")
    trained.file("weights.safetensors").unlink()
    with pytest.raises(AecoreError, match="no saved weights"):
        interop.export_pth(trained, tmp_path / "x.pth")
