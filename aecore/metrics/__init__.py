"""Measuring: image scores, evaluation of a test set, classical denoisers, quality of a projection."""
