"""Measures of a trained model's code, each with its 95 % interval and with what it must be held against."""

from aecore.measures.of_run import measure, measure_likelihood
from aecore.measures.strengths import measure_strengths

__all__ = ["measure", "measure_likelihood", "measure_strengths"]
