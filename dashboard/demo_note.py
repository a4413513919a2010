"""What a public demo says about itself, once on a page."""

from __future__ import annotations

import streamlit as st

from aecore import demo


def note() -> None:
    """A line on a demo, nothing elsewhere."""
    mode = demo.mode()
    if mode == "train":
        most = demo.CAPS
        st.caption(
            f":material/public: Public demo: trainings of up to {most.epochs} epochs and {most.train_images:,} images "
            "are open to everyone; adding, renaming and deleting runs are switched off."
        )
    elif mode:
        st.caption(
            ":material/public: Public demo: everything can be looked at; training, adding, renaming and deleting runs "
            "are switched off."
        )
