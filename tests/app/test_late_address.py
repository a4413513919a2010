"""A hand that goes on quickly: its next click comes with the address of a moment ago."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers.pages import page


@pytest.fixture
def changed(gallery) -> tuple[AppTest, dict[str, str]]:
    """Interpolate after one change, with the address of before."""
    app = page("interpolate", run="mnist-mlp8", steps="open end")
    before = plain(app)
    app.segmented_control(key="interpolate-path").set_value("arc").run()
    assert plain(app)["path"] == "arc"
    return app, before


def plain(app: AppTest) -> dict[str, str]:
    """The address, which is lists where a test has written it and text where the page has."""
    return {name: text if isinstance(text, str) else text[0] for name, text in app.query_params.items()}


def address(app: AppTest, query: dict[str, str]) -> None:
    app.query_params.clear()
    for name, text in query.items():
        app.query_params[name] = text


def test_the_click_counts_and_so_does_the_one_before(changed):
    app, before = changed
    address(app, before)
    app.number_input(key="interpolate-n").set_value(5).run()
    assert app.segmented_control(key="interpolate-path").value == "arc"
    assert app.number_input(key="interpolate-n").value == 5
    assert (plain(app)["path"], plain(app)["n"]) == ("arc", "5")


def test_the_same_address_without_a_click_is_a_way_back(changed):
    app, before = changed
    address(app, before)
    app.run()
    assert app.segmented_control(key="interpolate-path").value == "line"


def test_another_address_is_taken_even_with_a_click(changed):
    app, before = changed
    address(app, before | {"n": "7", "path": "line"})
    app.number_input(key="interpolate-n").set_value(5).run()
    assert app.number_input(key="interpolate-n").value == 7


def _page_whose_choice_is_not_always_drawn():
    import streamlit as st

    from dashboard import url_state

    fields = {"shelf": url_state.Field("All", url_state.one_of("All", "Own"))}
    url_state.turn_to("part")
    url_state.arrive("part", fields)
    if st.checkbox("Draw", value=True):
        st.segmented_control("Runs", ["All", "Own"], required=True, key="part-shelf")
    url_state.keep("part", fields)


@pytest.mark.parametrize("chosen", ["All", "Own"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_choice_that_was_not_drawn_for_a_while_is_there_again(chosen, times):
    app = AppTest.from_function(_page_whose_choice_is_not_always_drawn).run()
    app.segmented_control(key="part-shelf").set_value(chosen).run()
    app.checkbox[0].uncheck().run()
    for _ in range(times - 1):
        app.run()
    assert not app.segmented_control
    app.checkbox[0].check().run()
    assert not app.exception, app.exception
    assert app.segmented_control(key="part-shelf").value == chosen
