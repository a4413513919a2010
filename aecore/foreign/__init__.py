"""Checkpoints that other programs wrote or will read: `.pth`, `.pt` and `.safetensors` of plain PyTorch."""

from aecore.foreign.exporting import export_pth, pth_bytes
from aecore.foreign.importing import Imported, Understood, import_checkpoint, understand
from aecore.foreign.reading import read_checkpoint

__all__ = ["Imported", "Understood", "export_pth", "import_checkpoint", "pth_bytes", "read_checkpoint", "understand"]
