"""Parts of the Interpolate page."""
