"""Lessons in the app: the list of them, and the bar above every page while one runs."""
