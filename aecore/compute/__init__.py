"""What pages ask of trained models, and the process that answers, so that a server needs no PyTorch itself."""
