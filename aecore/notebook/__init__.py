"""What one line of a notebook or a script does: train with a bar, compare runs."""
