"""Where the project and its shipped run are."""

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
GALLERY_RUN = ROOT / "checkpoints" / "gallery" / "mnist-mlp8"
