"""A click whose action is stopped by another run of the page is not lost."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def interrupted_once() -> None:
    import streamlit as st

    from dashboard.widgets.lasting_button import lasting_button

    def act() -> bool:
        state = st.session_state
        state["begun"] = state.get("begun", 0) + 1
        if state["begun"] == 1:
            st.rerun()  # as Streamlit stops a script when something else on the page happens
        state["ended"] = state.get("ended", 0) + 1
        return True

    lasting_button("Go", act, key="go")


def failing() -> None:
    from dashboard.widgets.lasting_button import lasting_button

    def act() -> bool:
        raise ValueError("no")

    lasting_button("Go", act, key="go")


def test_it_is_begun_again_until_it_has_ended():
    app = AppTest.from_function(interrupted_once).run()
    assert "begun" not in app.session_state
    app.button(key="go").click().run()
    assert (app.session_state["begun"], app.session_state["ended"]) == (2, 1)
    app.run()
    assert app.session_state["ended"] == 1
    app.button(key="go").click().run()
    assert app.session_state["ended"] == 2


def test_an_error_ends_it():
    app = AppTest.from_function(failing).run()
    app.button(key="go").click().run()
    assert app.exception
    app.run()
    assert not app.exception


def not_ready_yet() -> None:
    import streamlit as st

    from dashboard.widgets.lasting_button import lasting_button

    def act() -> bool:
        st.session_state["done"] = st.session_state.get("done", 0) + 1
        return False

    lasting_button("Go", act, key="go", ready=st.session_state.get("there", True))


def test_a_click_waits_for_a_file_that_is_on_its_way():
    app = AppTest.from_function(not_ready_yet).run()
    app.session_state["there"] = False
    app.button(key="go").click().run()
    assert "done" not in app.session_state
    app.run()
    app.session_state["there"] = True
    app.run()
    app.run()
    assert app.session_state["done"] == 1


def test_a_click_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr("dashboard.widgets.lasting_button.WAITS_S", -1.0)
    app = AppTest.from_function(not_ready_yet).run()
    app.session_state["there"] = False
    app.button(key="go").click().run()
    app.session_state["there"] = True
    app.run()
    assert "done" not in app.session_state
