"""Sweeps: one experiment with some of its settings varied, over seeds, executed on this machine or on a cluster."""
