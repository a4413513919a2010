"""What the Restore page says beside its images."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from aecore import access, data
from aecore.config.corruption import Corruption
from aecore.data.catalogue import CATALOGUE
from aecore.errors import AecoreError
from aecore.format import count
from aecore.metrics.baselines import TITLES, input_name, methods_for
from aecore.runs.run import Run
from dashboard.cache.images import ImageInfo
from dashboard.format import plain
from dashboard.restore import classical
from dashboard.restore import rows as comparison
from dashboard.restore.batch import Shown
from dashboard.restore.rows import Row
from dashboard.widgets import upload
from dashboard.widgets.lasting_button import lasting_button


def offer_data(about: ImageInfo) -> None:
    """Without the image set, the run's own panel is shown; a button downloads the rest."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{plain(about.title)} is not on this machine; these images are stored with the run.")
        if about.name not in CATALOGUE or not access.may("train"):
            return
        size = CATALOGUE[about.name].download_bytes
        lasting_button(
            f"Download {plain(about.title)} ({size / 1e6:.0f} MB)",
            partial(_download, about),
            icon=":material/download:",
            key="get-data",
        )


def _download(about: ImageInfo) -> bool:
    access.permit("downloading images", on=about.name)
    bar = st.progress(0.0, f"Downloading {plain(about.title)}…")

    def show(what: str, done: int, total: int) -> None:
        bar.progress(done / total if total else 0.0, f"Downloading {what}")

    try:
        data.prepare(about.name, show)
    except AecoreError as error:
        st.error(plain(str(error)))
        return False
    return True


def explain_own(about: ImageInfo, own: upload.Own) -> None:
    channels, height, width = about.image_shape
    done = ["cropped to its centre", f"resized to {width}×{height}"]
    done += ["converted to greyscale"] * (channels == 1) + ["inverted"] * own.inverted
    st.caption(
        f"Your image: {', '.join(done)}. The model was trained on {plain(about.title)} and reconstructs any image with "
        "what it learnt there."
    )
    if own.fitted.flat:
        st.warning(
            "With its transparent parts filled with black, this image is a single colour.", icon=":material/contrast:"
        )


def warn_of_harm(rows: list[Row], shown: Shown) -> None:
    closer = comparison.noisy_is_closer(rows)
    if closer:
        by = " and ".join([", ".join(closer[:-1]), closer[-1]] if len(closer) > 1 else closer)
        st.warning(
            f"By {by}, the {rows[0].title.lower()} is closer to the clean image than the reconstruction: on "
            f"{'these images' if len(shown.clean) > 1 else 'this image'} this model does worse than doing nothing.",
            icon=":material/trending_down:",
        )


def whole_test_set(run: Run, corruption: Corruption) -> None:
    """The run's scores on the whole test set, if it was evaluated under the same corruption."""
    text = whole_test_set_text(run, corruption)
    if text:
        st.caption(text)


def baseline(corruption: Corruption, channels: int) -> None:
    """What the model stands beside under that corruption."""
    text = baseline_text(corruption, channels)
    if text:
        st.caption(text)


def whole_test_set_text(run: Run, corruption: Corruption) -> str:
    """The same as text; empty if it was not evaluated so."""
    entry = classical.measured(run, corruption)
    if entry is None:
        return ""
    sides: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    hole = entry.get("inside_hole") or {}
    sides.append(("this model", entry["metrics"], hole.get("metrics") or {}))
    sides.append((input_name(corruption), entry["noisy_input"], hole.get("noisy_input") or {}))
    for name, own in (entry.get("classical") or {}).items():
        title = str(TITLES.get(name, name)).lower()
        of = f" ({count(own['images'], 'image')})" if own.get("images") else ""
        sides.append((title + of, own["metrics"], own.get("inside_hole") or {}))
    parts = [
        f"{name} {_decibels(scores['psnr_db'])}, {scores['ssim']:.3f}"
        for name, scores, _ in sides
        if scores["ssim"] is not None
    ]
    text = f"Whole test set, {count(entry['n'], 'image')}, PSNR and SSIM: {'; '.join(parts)}."
    inside = [f"{name} {scores['mse']:.4f}" for name, _, scores in sides if scores.get("mse") is not None]
    return f"{text} MSE in the hole: {'; '.join(inside)}." if inside else text


def _decibels(psnr: float | None) -> str:
    """Files hold null where a mean is infinite, as of images of which some are unchanged."""
    return "∞ dB" if psnr is None else f"{psnr:.2f} dB"


def baseline_text(corruption: Corruption, channels: int) -> str:
    """What a model stands beside under that corruption; empty for clean images."""
    if not corruption.active:
        return ""
    names = [TITLES[name].lower() for name in methods_for(corruption, channels)]
    said = []
    if corruption.grey and channels == 1:
        said.append("These images have no colour to lose.")
    if corruption.downscale:
        said.append("What the model sees is enlarged with bicubic interpolation, the baseline of super-resolution.")
    if names:
        listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        said.append(f"Without a network: {listed}, under “Compare with”.")
    elif not corruption.downscale:
        said.append(f"No method without a network is for this: the baseline is the {input_name(corruption)}.")
    return " ".join(said)
