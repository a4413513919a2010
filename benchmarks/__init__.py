"""Side-by-side measurements, each one command that prints a table."""
