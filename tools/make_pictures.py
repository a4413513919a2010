"""Make the pictures that ship with the project: `python -m tools.make_pictures`. Needs MNIST and CIFAR-10."""

from __future__ import annotations

import numpy as np

from aecore import data, pictures
from aecore.codes import spread


def main() -> None:
    pictures.FOLDER.mkdir(exist_ok=True)
    for name in ("mnist", "cifar10"):
        sheet = pictures.SHIPPED[name]
        images, rows = data.load(name), spread(sheet.total, sheet.count)
        tiles = np.array(images.x_test[rows])
        pictures.labels_file(sheet).write_bytes(np.array(images.y_test[rows]).tobytes())
        picture = pictures.sheet_of(tiles, pictures.per_line(sheet))
        path = pictures.FOLDER / sheet.file
        if sheet.lossless:
            picture.save(path, "WEBP", lossless=True, quality=100, method=6)
        else:
            picture.save(path, "WEBP", quality=75, method=6)
        print(f"{path.name}: {len(tiles):,} images, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
