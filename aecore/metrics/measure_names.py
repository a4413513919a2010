"""The measures of a run by name: what they are called, how they are written, and what they are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aecore.format import format_value

Kind = Literal["count", "share", "error", "distance", "nats", "number"]


@dataclass(frozen=True)
class Named:
    """How one measure is shown."""

    name: str
    title: str
    kind: Kind
    """count of units; share, 0 to 1, shown in per cent; error, a mean squared one on the [0, 1] scale; …"""
    higher: bool | None
    """Whether more is better; None where neither is."""
    beside: tuple[tuple[str, str], ...]
    """What it is held against: the key in its table and the words for it."""
    meaning: str
    """What it means, in one or two sentences."""
    misleads: str
    """When it misleads."""

    def format(self, value: float | None) -> str:
        """A number of this measure as text, "–" for none."""
        return format_kind(self.kind, value)

    def with_interval(self, measured: Mapping[str, Any]) -> str:
        """The number with its 95 % interval: `98.4 % (98.1–98.6)`."""
        text, ends = self.format(measured.get("value")), self.ends(measured)
        return f"{text} ({ends})" if ends else text

    def ends(self, measured: Mapping[str, Any]) -> str:
        """The ends of a number's 95 % interval, `98.1–98.6`; empty where it has none."""
        low, high = measured.get("low"), measured.get("high")
        if low is None or high is None:
            return ""
        ends = [self.format(end).removesuffix(" %").removesuffix(" nats") for end in (low, high)]
        return " – ".join(ends) if any(end.startswith("-") for end in ends) else "–".join(ends)


def format_kind(kind: Kind, value: float | None) -> str:
    if value is None:
        return "–"
    if kind == "share":
        return f"{100 * value:.1f} %"
    if kind == "count":
        return f"{value:,.0f}"
    if kind == "nats":
        return f"{value:,.1f} nats"
    if kind == "error":
        return f"{value:.4f}"
    return f"{value:,.1f}" if kind == "distance" else format_value(value)


_LINEAR = (
    ("pca", "PCA of equal size"),
    ("pixels", "pixels"),
    ("colour", "mean colour"),
    ("chance", "always the commonest class"),
)
_SAMPLES = (("real", "training images"), ("pca", "PCA samples"), ("noise", "noise"))
_FRECHET = (
    "How far the samples are from the test images, as a Fréchet distance in the features of a classifier of such "
    "images: 0 would be the same distribution, and the distance between training and test images is what can be hoped "
    "for."
)
_BLIND = (
    "It sees only what the classifier looks at (no colour, for digits), grows for fewer samples, and is no FID: it "
    "compares with nothing outside this table."
)
_ANOMALY = "The share of pairs of an anomaly and a normal image in which the anomaly scores higher; 50 % is guessing."

MEASURES = (
    Named(
        "active_units",
        "Active units",
        "count",
        None,
        (("of", "units in all"),),
        "Units whose value varies by more than 0.01 over the test images (Burda et al., 2016). The others say the same "
        "about every image.",
        "The threshold is made for a VAE, whose prior fixes the scale. A plain autoencoder's code may have any scale, "
        "and its decoder can undo it.",
    ),
    Named(
        "codebook",
        "Perplexity of the codebook",
        "number",
        None,
        (("used", "vectors used"), ("of", "vectors in all")),
        "Of a quantised code: as how many equally frequent vectors those of the test images count, exp of the entropy "
        "of their shares (van den Oord et al., 2017).",
        "A high one means that the codebook is used, not that the vectors say different things.",
    ),
    Named(
        "reconstruction",
        "Reconstruction error",
        "error",
        False,
        (("pca", "PCA of equal size"),),
        "The mean squared error of all test images without noise, on the [0, 1] scale; of a VAE from the mean of each "
        "code, so that one that samples in tests too has a higher test MSE elsewhere.",
        "A low error means that pixels are kept, not that the code has a meaning; blurred images score well. A "
        "denoiser was trained on noisy images and is asked about clean ones here.",
    ),
    Named(
        "linear_probe",
        "Linear probe",
        "share",
        True,
        _LINEAR,
        "The share of test images whose class a logistic regression reads from the code, fitted to the codes of the "
        "training images.",
        "A code is worth something only above PCA and pixels. Of a conditional model it tells what the code still "
        "knows of the class that was told: the less the better. Where the colour gives the class away, as in coloured "
        "digits, three numbers do nearly as well: hold it against the mean colour.",
    ),
    Named(
        "neighbours_1",
        "1 nearest neighbour",
        "share",
        True,
        _LINEAR[:2],
        "The share of test images whose class is that of the nearest training image in the code.",
        "It rewards codes in which close images stay close, which pixels do rather well for digits.",
    ),
    Named(
        "neighbours_10",
        "10 nearest neighbours",
        "share",
        True,
        _LINEAR[:2],
        "The same by the vote of the ten nearest training images.",
        "As for one neighbour.",
    ),
    Named(
        "rate_distortion",
        "Error at 8 bits a number",
        "error",
        False,
        (("pca", "PCA with the same bytes"),),
        "The mean squared error when every number of the code is rounded to 8 bits: what a compressed image would cost "
        "in quality.",
        "The decoder itself is not counted, and a JPEG of so small an image is mostly its header.",
    ),
    Named("samples_prior", "Samples from the prior", "distance", False, _SAMPLES, _FRECHET, _BLIND),
    Named("samples_gaussian", "Samples from a Gaussian", "distance", False, _SAMPLES, _FRECHET, _BLIND),
    Named("samples_mixture", "Samples from a mixture", "distance", False, _SAMPLES, _FRECHET, _BLIND),
    Named(
        "likelihood",
        "Log-likelihood, bound",
        "nats",
        True,
        (("elbo", "ELBO"), ("published", "published")),
        "A lower bound on ln p(x) of a test image under the model, by importance sampling (Burda et al., 2016).",
        "It is a density of [0, 1] numbers under the observation model named beside it, and compares only with the "
        "same observation model on the same images. Squared error implies a normal distribution with one width for "
        "all pixels.",
    ),
    Named(
        "intrinsic_dimension",
        "Intrinsic dimension",
        "number",
        None,
        (("of", "units in all"), ("pixels", "of the images")),
        "Of how many dimensions the codes locally are, from the distances of the two nearest neighbours (Facco et al., "
        "2017).",
        "Too low for more than about ten dimensions, and for few images.",
    ),
    Named(
        "unit_correlation",
        "Correlation of units",
        "number",
        None,
        (("largest", "largest of any two"),),
        "The mean absolute correlation of two units over the test images; 0 where they are independent.",
        "Uncorrelated units may still depend on each other.",
    ),
    Named("anomaly_error", "Anomalies by error", "share", True, (("pca", "PCA-32"), ("chance", "guessing")), _ANOMALY,
          "A class that is easier to draw than the others, such as the digit 1, has a lower error than the normal "
          "images: the model then does worse than guessing."),
    Named("anomaly_distance", "Anomalies by distance", "share", True, (("pca", "PCA-32"), ("chance", "guessing")),
          _ANOMALY + " The score is the distance to the nearest training code.",
          "As for the error; and a code that drops what is unusual cannot find it."),
)  # fmt: skip
NAMED = {named.name: named for named in MEASURES}
