"""Charts: the one way to show plotly figures."""
