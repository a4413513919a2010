"""Plotly figures of runs and sweeps, for notebooks, pages and exports alike; they need neither Streamlit nor torch.

    aecore.plots.loss_curves("mnist-mlp8").show()

Runs are named by id or path, or given as they are.
"""

from aecore.plots.curves import layer_curves, loss_curves, metric_curves, step_curves
from aecore.plots.latent import code_histograms, errors, projection
from aecore.plots.save import figure_bytes
from aecore.plots.sweep import sweep

__all__ = [
    "code_histograms",
    "errors",
    "figure_bytes",
    "layer_curves",
    "loss_curves",
    "metric_curves",
    "projection",
    "step_curves",
    "sweep",
]
