"""Training: one readable loop, its checkpoint, precision and several processes. Import from its modules."""
