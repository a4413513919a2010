"""Training: the loop, its state, and the worker that turns a run directory into a finished run."""

from aecore.training.loop import Epoch, epochs
from aecore.training.state import State, new_state, restore, state_bytes

__all__ = ["Epoch", "State", "epochs", "new_state", "restore", "state_bytes"]
