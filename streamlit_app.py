"""The app: `streamlit run streamlit_app.py`. Navigation and page settings only."""

from pathlib import Path

import streamlit as st

from dashboard import style

FOLDER = Path(__file__).parent / "dashboard"

st.set_page_config(page_title="Autoencoder Lab", page_icon=str(FOLDER / "icon.svg"), layout="wide")
style.apply()
st.logo(FOLDER / "logo.svg", size="large")
st.navigation(
    [
        st.Page("views/overview.py", title="Overview", icon=":material/table_rows:", default=True),
        st.Page("views/train.py", title="Train", icon=":material/model_training:"),
        st.Page("views/reports.py", title="Reports", icon=":material/fact_check:"),
        st.Page("views/denoise.py", title="Denoise", icon=":material/blur_on:"),
        st.Page("views/replay.py", title="Replay", icon=":material/slow_motion_video:"),
    ],
    position="top",
).run()
