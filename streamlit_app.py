"""The app: `streamlit run streamlit_app.py`. Navigation and page settings only."""

from pathlib import Path

import streamlit as st

from aecore import demo
from dashboard import address, style

FOLDER = Path(__file__).parent / "dashboard"

st.set_page_config(page_title="Autoencoder Lab", page_icon=str(FOLDER / "icon.svg"), layout="wide")
style.apply()
st.logo(FOLDER / "logo.svg", size="large")
page = st.navigation(
    [
        st.Page("views/overview.py", title="Overview", icon=":material/table_rows:", default=True),
        # On a read-only demo links to the course of a run still lead there, but nobody is invited to train.
        st.Page(
            "views/train.py",
            title="Train",
            icon=":material/model_training:",
            visibility="hidden" if demo.mode() == "read-only" else "visible",
        ),
        st.Page("views/sweep.py", title="Sweep", icon=":material/grid_on:"),
        st.Page("views/reports.py", title="Reports", icon=":material/fact_check:"),
        st.Page("views/denoise.py", title="Denoise", icon=":material/blur_on:"),
        st.Page("views/replay.py", title="Replay", icon=":material/slow_motion_video:"),
        st.Page("views/interpolate.py", title="Interpolate", icon=":material/linear_scale:"),
        st.Page("views/latent.py", title="Latent space", icon=":material/scatter_plot:"),
        st.Page("views/generate.py", title="Generate", icon=":material/tune:"),
        st.Page("views/compare.py", title="Compare", icon=":material/compare:"),
    ],
    position="top",
)
address.turn_to(page.url_path)
page.run()
