"""Small networks as people write and save them, each trained here for a moment: the inputs of `benchmarks.imports`.

None uses this project's model: what a network computes is what its own `forward` says.
"""

from benchmarks.foreign.case import Case, Trained, train
from benchmarks.foreign.convolutions import CONVOLUTIONS
from benchmarks.foreign.dense import DENSE
from benchmarks.foreign.strides import STRIDES
from benchmarks.foreign.variational import VARIATIONAL

__all__ = ["CASES", "Case", "Trained", "train"]

CASES = (*DENSE, *VARIATIONAL, *CONVOLUTIONS, *STRIDES)
