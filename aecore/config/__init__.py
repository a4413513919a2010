"""Experiments and their sections, validated and frozen, with one-line errors."""
