"""Sweeps: one experiment with some of its settings varied, over seeds, carried out here or on a cluster."""
