"""A model's layer table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aecore.models.layer import Plan


def layer_table(solved: Plan) -> None:
    """Name, output shape and parameters of every layer, and the total."""
    rows = [
        {
            "Layer": layer.name,
            "Kind": layer.kind,
            "Output": "×".join(map(str, layer.output_shape)),
            "Then": _then(layer.norm, layer.activation, layer.dropout),
            "Parameters": f"{layer.parameters:,}",
        }
        for layer in solved.layers
    ]
    if solved.resized:
        rows.append({"Layer": "resize", "Kind": "bilinear", "Output": "×".join(map(str, solved.image_shape))})
    st.dataframe(
        pd.DataFrame(rows).fillna(""),
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


def _then(norm: bool, activation: str, dropout: float) -> str:
    parts = ["batch norm"] if norm else []
    parts += [activation] if activation != "none" else []
    return ", ".join(parts + ([f"dropout {dropout:g}"] if dropout else []))
