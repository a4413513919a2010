"""A network's layers as rows of text, for pages and reports."""

from __future__ import annotations

from aecore.models.layer import Plan


def layer_list(solved: Plan) -> list[tuple[str, str, str, str, str]]:
    """Of every layer its name, kind, output shape, what follows it (normalisation, activation, dropout) and its number
    of parameters."""
    rows = [
        (
            layer.name,
            layer.kind,
            "×".join(map(str, layer.output_shape)),
            _then(layer.norm, layer.activation, layer.dropout),
            f"{layer.parameters:,}",
        )
        for layer in solved.layers
    ]
    if solved.resized:
        rows.append(("resize", "bilinear", "×".join(map(str, solved.image_shape)), "", ""))
    return rows


def _then(norm: bool, activation: str, dropout: float) -> str:
    parts = ["batch norm"] if norm else []
    parts += [activation] if activation != "none" else []
    return ", ".join(parts + ([f"dropout {dropout:g}"] if dropout else []))
