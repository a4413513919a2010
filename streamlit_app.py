"""The app: `streamlit run streamlit_app.py`."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

if get_script_run_ctx(suppress_warning=True):  # a visitor's session runs this file
    from dashboard.navigation import navigate

    navigate()
else:  # the server starts
    from dashboard.server.start import layers, lifespan, routes, say

    app = st.App(__file__, routes=routes(), middleware=layers(), lifespan=lifespan, on_script_error=say)
