"""Guided lessons: a few steps through the app, each with a question whose answer is read from the runs."""
