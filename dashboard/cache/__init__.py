"""Runs, models, images and networks, read once and kept for every session."""
