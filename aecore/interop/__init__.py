"""Checkpoints that other programs wrote or will read: `.pth`, `.pt` and `.safetensors` of plain PyTorch."""

from aecore.interop.export_checkpoint import export_pth, pth_bytes
from aecore.interop.import_checkpoint import Imported, Understood, import_checkpoint, understand
from aecore.interop.read_checkpoint import read_checkpoint

__all__ = ["Imported", "Understood", "export_pth", "import_checkpoint", "pth_bytes", "read_checkpoint", "understand"]
