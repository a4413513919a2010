"""The code space: encoding, kept codes, projections, t-SNE, interpolation."""
