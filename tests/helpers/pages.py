"""Opening a page without a browser, and reading what it says."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from tests.helpers.paths import ROOT


def page(name: str = "", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    if name:  # before the first run, as a link does: the Overview is not drawn
        app.switch_page(f"pages/{name}.py")
    app.run()
    assert not app.exception, app.exception
    opened = [title.value for title in app.title]
    assert name in ("", "overview") or "Autoencoder Lab" not in opened, "another page was opened"
    return app


def texts(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.error, *app.warning, *app.info, *app.subheader]
    return "\n".join(element.value for element in parts)


def listing(app: AppTest) -> Any:
    """The table of runs on Overview, as a frame."""
    return next(frame.value for frame in app.dataframe if "Run" in frame.value.columns)


def components(app: AppTest, name: str) -> list[Any]:
    """The messages of the components of that name on the page."""
    protos = [node.proto for node in app.get("bidi_component")]  # type: ignore[attr-defined]
    return [proto for proto in protos if proto.component_name.endswith(name)]
