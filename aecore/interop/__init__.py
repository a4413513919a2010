"""Importing checkpoints of other programs and exporting for them: `.pth`, `.pt`, `.safetensors` of plain PyTorch."""

from aecore.interop.export_checkpoint import export_pth, pth_bytes
from aecore.interop.import_checkpoint import import_candidate, import_checkpoint
from aecore.interop.imported_run import Imported
from aecore.interop.interpret import Interpretation, interpret
from aecore.interop.read_checkpoint import read_checkpoint

__all__ = [
    "Imported",
    "Interpretation",
    "export_pth",
    "import_candidate",
    "import_checkpoint",
    "interpret",
    "pth_bytes",
    "read_checkpoint",
]
