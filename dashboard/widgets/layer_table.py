"""A model's layer table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aecore.models.layer import Plan
from aecore.models.layer_list import layer_list

COLUMNS = ["Layer", "Kind", "Output", "Then", "Parameters"]


def layer_table(solved: Plan) -> None:
    """Name, output shape and parameters of every layer, and the total."""
    st.dataframe(
        pd.DataFrame(layer_list(solved), columns=COLUMNS),
        hide_index=True,
        height="content",
        column_config={
            "Layer": st.column_config.TextColumn(width=107),
            "Kind": st.column_config.TextColumn(width=124),
            "Output": st.column_config.TextColumn(width=80),
            "Then": st.column_config.TextColumn(width=68),
            "Parameters": st.column_config.TextColumn(width=81, alignment="right"),
        },
    )
    megabytes = solved.parameters * 4 / 2**20
    st.caption(f"{solved.parameters:,} parameters, {megabytes:.2f} MB as float32.")
