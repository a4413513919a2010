"""Parts of the Replay page."""
