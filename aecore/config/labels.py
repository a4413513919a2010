"""Display names of settings, for forms, tables and charts."""

from __future__ import annotations

from aecore.config.corruption import Corruption

SECTIONS = {
    "data": "Data",
    "model": "Model",
    "corruption": "Training corruption",
    "training": "Training",
    "evaluation": "Evaluation",
}
LABELS = {
    "name": "Title",
    "data.name": "Image set",
    "data.size": "Image size",
    "data.fit": "Images that are not square",
    "data.train_images": "Training images",
    "data.validation_images": "Held-out validation images",
    "data.redraw": "Draw black and white anew",
    "model.kind": "Kind of network",
    "model.conv": "Convolutions",
    "model.decoder_conv": "Decoder convolutions",
    "model.decoder_fit": "Decoder size",
    "model.norm": "Normalisation",
    "model.range": "Pixel range",
    "model.bottleneck.kind": "Kind of code",
    "model.bottleneck.sample": "Sample codes",
    "model.bottleneck.keep": "Largest numbers kept",
    "model.bottleneck.quantise": "Quantised code",
    "model.bottleneck.levels": "Levels of a number",
    "model.bottleneck.codebook": "Vectors in the codebook",
    "model.residual": "Residual layers",
    "model.tied": "Tied weights",
    "model.likelihood": "Likelihood of a pixel",
    "model.classes": "Classes that it is told",
    "model.noise_level": "Noise level as input",
    "training.reduction": "Loss reduction",
    "training.error": "Error that is minimised",
    "training.beta": "β, weight of the KL divergence",
    "training.kl_warmup": "Epochs of KL warm-up",
    "training.free_bits": "Free bits a unit, in nats",
    "training.sparsity": "Weight of the L1 penalty",
    "training.contractive": "Weight of the contractive penalty",
    "training.prototypical": "Weight of the prototypical loss",
    "training.clip": "Largest norm of a gradient",
    "training.average": "Moving average of the weights",
    "training.restart_every": "Restart the optimizer every … epochs",
    "training.log_every": "Log every … steps",
    "training.keep_codes": "Codes over the epochs",
    "evaluation.wrong_digits": "Count wrong digits",
    "evaluation.measure": "Measure the code",
    "data.leave_out": "Classes left out of training",
    "model.activation": "Hidden activation",
    "model.output": "Output activation",
    "model.init": "Initial weights",
    "model.bias_init": "Initial bias",
    "model.dense": "Dense layers",
    "model.decoder_dense": "Decoder dense layers",
    "model.bottleneck.size": "Code size",
    "model.bottleneck.activation": "Code activation",
    "training.lr": "Learning rate",
    "evaluation.corruptions": "Test corruptions",
}


def label_of(name: str) -> str:
    """A setting's display name."""
    return LABELS.get(name) or name.rpartition(".")[2].replace("_", " ").capitalize()


def value_text(name: str, value: object) -> str:
    """A setting's value for display; corruptions in words."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        apart = "; " if name == "evaluation.corruptions" else ", "
        return apart.join(value_text(name, one) for one in value) or "none"
    if name in ("corruption", "evaluation.corruptions"):
        return Corruption.parse(str(value)).label
    return str(value)
