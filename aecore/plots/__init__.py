"""Plotly figures of runs and sweeps, for notebooks, pages and exports alike; they need neither Streamlit nor torch.

    aecore.plots.loss_curves("mnist-mlp8").show()

Runs are named by id or path, or given as they are.
"""

from aecore.plots.code_units import unit_correlation, units
from aecore.plots.cost import cost
from aecore.plots.curves import layer_curves, loss_curves, metric_curves, step_curves
from aecore.plots.latent import code_histograms, errors, projection
from aecore.plots.measures import class_errors, label_efficiency, rate_distortion, roc
from aecore.plots.save import figure_bytes
from aecore.plots.sweep import sweep

__all__ = [
    "class_errors",
    "code_histograms",
    "cost",
    "errors",
    "figure_bytes",
    "label_efficiency",
    "layer_curves",
    "loss_curves",
    "metric_curves",
    "projection",
    "rate_distortion",
    "roc",
    "step_curves",
    "sweep",
    "unit_correlation",
    "units",
]
