"""Make the image sheets that ship with the project: `python -m tools.make_pictures`. Needs MNIST and CIFAR-10."""

from __future__ import annotations

import numpy as np

from aecore import data
from aecore.data import thumbnails
from aecore.data.subset import evenly_spaced


def main() -> None:
    thumbnails.FOLDER.mkdir(exist_ok=True)
    for name in ("mnist", "cifar10"):
        sheet = thumbnails.SHIPPED[name]
        images, rows = data.load(name), evenly_spaced(sheet.total, sheet.count)
        tiles = np.array(images.x_test[rows])
        thumbnails.labels_file(sheet).write_bytes(np.array(images.y_test[rows]).tobytes())
        picture = thumbnails.sheet_of(tiles, thumbnails.per_line(sheet))
        path = thumbnails.FOLDER / sheet.file
        if sheet.lossless:
            picture.save(path, "WEBP", lossless=True, quality=100, method=6)
        else:
            picture.save(path, "WEBP", quality=75, method=6)
        print(f"{path.name}: {len(tiles):,} images, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
