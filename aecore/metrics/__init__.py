"""Metrics: of images, of a whole test set, of classical denoisers, of a projection."""
