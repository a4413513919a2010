"""The code space: encoding, saved codes, projections, t-SNE, interpolation."""
