"""Runs, models, images and networks, read once and cached for all sessions."""
