"""Charts: the one way in which plotly figures are shown."""
