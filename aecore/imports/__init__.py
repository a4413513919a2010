"""Runs of other tools as runs of ours: what TensorBoard, MLflow, Trackio and tables wrote, curves and settings."""

from aecore.imports.add import Found, Outcome, import_runs

__all__ = ["Found", "Outcome", "import_runs"]
