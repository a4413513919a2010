"""Denoise: clean, noisy and reconstructed images of a trained model, with their scores."""

import numpy as np
import streamlit as st

from aecore import data
from aecore.data.catalogue import data_set
from aecore.errors import AecoreError
from aecore.experiment import Corruption, NoiseKind
from aecore.store import Run
from dashboard import inference, runs, sheets
from dashboard.style import count

KINDS: dict[NoiseKind, str] = {
    "gaussian": "Gaussian",
    "masking": "Masking",
    "salt-pepper": "Salt and pepper",
    "none": "No noise",
}
LEVELS = {
    "gaussian": (1.5, "Standard deviation σ"),
    "masking": (0.95, "Share of pixels"),
    "salt-pepper": (0.95, "Share of pixels"),
}


def choose_run() -> Run | None:
    usable = {run.id: run for run in runs.with_weights()}
    if not usable:
        st.info("No run has saved weights yet. Train one first.", icon=":material/inbox:")
        st.page_link("views/train.py", label="Train a first model", icon=":material/play_arrow:")
        return None
    asked = runs.chosen()
    start = list(usable).index(asked.id) if asked and asked.id in usable else 0
    titles = {run_id: runs.summary(run).title for run_id, run in usable.items()}
    picked = st.selectbox(
        "Run",
        list(usable),
        start,
        format_func=lambda run_id: run_id if titles[run_id] in run_id else f"{titles[run_id]}  ({run_id})",
        key="denoise-run",
    )
    st.query_params["run"] = picked
    return usable[picked]


def choose_noise() -> Corruption:
    kind: NoiseKind = st.selectbox("Noise", list(KINDS), format_func=KINDS.__getitem__, key="kind")
    if kind == "none":
        return Corruption()
    highest, label = LEVELS[kind]
    level = st.slider(label, 0.0, highest, 0.2, 0.05, key=f"level-{kind}")
    clamp = kind == "gaussian" and st.toggle("Clamp to the image range", key="clamp")
    return Corruption(kind=kind, level=level, clamp=clamp) if level else Corruption()


def choose_images(images: inference.Images) -> slice:
    """Which images: a window into the test set, or the whole panel."""
    total = len(images.clean)
    many = st.segmented_control("Images", [7, 14, 28, 63], default=14, key="many", required=True)
    if not images.whole_test_set:
        return slice(0, min(many, total))
    first = st.number_input("From test image", 0, total - 1, 0, step=many, key="first")
    return slice(first, min(first + many, total))


def averages(result: inference.Denoised, corruption: Corruption, shown: int) -> None:
    """Mean scores of the reconstructions, each beside the noisy input's own."""
    st.caption(f"Mean of the {count(shown, 'image')} shown; below each figure, what the noisy input itself scores.")
    noisy_better = []
    with st.container(horizontal=True):
        for name, label, form, higher in (
            ("psnr_db", "PSNR", "{:.2f} dB", True),
            ("ssim", "SSIM", "{:.3f}", True),
            ("mse", "MSE", "{:.4f}", False),
        ):
            ours, theirs = result.output_scores[name].mean(), result.noisy_scores[name].mean()
            if corruption.kind == "none":
                st.metric(label, form.format(ours), border=True)
                continue
            st.metric(
                label,
                form.format(ours),
                form.format(ours - theirs) if abs(ours - theirs) > 1e-12 else None,
                delta_color="normal" if higher else "inverse",
                delta_description=f"from {form.format(theirs)}",
                border=True,
            )
            if (ours < theirs) == higher:
                noisy_better.append(label)
    if noisy_better:
        st.warning(
            f"By {' and '.join(noisy_better)} the noisy input is closer to the clean image than the reconstruction: "
            "here this model does worse than doing nothing.",
            icon=":material/trending_down:",
        )


def whole_test_set(run: Run, corruption: Corruption) -> None:
    for entry in run.evaluation():
        if entry["corruption"] == str(corruption):
            ours, theirs = entry["metrics"], entry["noisy_input"]
            beside = (
                ""
                if theirs["psnr_db"] is None
                else f", noisy input {theirs['psnr_db']:.2f} dB and {theirs['ssim']:.3f}"
            )
            st.caption(
                f"Whole test set, {count(entry['n'], 'image')}: "
                f"PSNR {ours['psnr_db']:.2f} dB and SSIM {ours['ssim']:.3f}{beside}."
            )


def offer_data(run: Run) -> None:
    """Without the image set the run's own panel is shown; one button fetches the rest."""
    about = data_set(run.experiment().data.name)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{about.title} is not on this machine; these are the images that travel with the run.")
        if st.button(
            f"Get {about.title} ({about.download_bytes / 1e6:.0f} MB)", icon=":material/download:", key="get-data"
        ):
            bar = st.progress(0.0, f"Fetching {about.title}…")

            def show(what: str, done: int, total: int) -> None:
                bar.progress(done / total if total else 0.0, f"Fetching {what}")

            try:
                data.prepare(about.name, show)
            except AecoreError as error:
                st.error(str(error))
                return
            st.rerun()


def view() -> None:
    controls, sheet = st.columns([1, 3], gap="large")
    with controls:
        run = choose_run()
        if run is None:
            return
        corruption = choose_noise()
        images = inference.test_images(run)
        window = choose_images(images)
        if corruption.kind != "none" and st.button("Draw new noise", icon=":material/casino:", key="reroll"):
            st.session_state["noise_seed"] = st.session_state.get("noise_seed", 0) + 1
    with sheet:
        if not images.whole_test_set:
            offer_data(run)
        clean = np.asarray(images.clean[window])
        result = inference.denoise(run, clean, corruption, st.session_state.get("noise_seed", 0))
        averages(result, corruption, len(clean))
        whole_test_set(run, corruption)
        numbers, labels = images.numbers[window], images.labels[window]
        classes = data_set(run.experiment().data.name).classes
        titles = [f"#{n} · {classes[label]}" for n, label in zip(numbers, labels, strict=True)]
        sheets.denoising(
            clean,
            None if corruption.kind == "none" else sheets.as_uint8(result.noisy),
            sheets.as_uint8(result.output),
            titles,
            result.noisy_scores,
            result.output_scores,
        )
        st.caption(data_set(run.experiment().data.name).citation)


st.title("Denoise", anchor=False)
try:
    view()
except AecoreError as error:
    st.error(str(error), icon=":material/broken_image:")
