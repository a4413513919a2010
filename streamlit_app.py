"""The app: `streamlit run streamlit_app.py`."""

from dashboard.navigation import navigate

navigate()
