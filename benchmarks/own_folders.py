"""Folders of pictures as people have them, each with what is true of it."""

from __future__ import annotations

import io
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.own_cases import Case, Refused, Truth, every_sixth, first, pictures, save, save_all

GREY, COLOUR = pictures(12), pictures(12, channels=3, seed=1)
OTHER = pictures(6, channels=3, seed=2)

Written = tuple[Path, Truth | Refused]


def _split(train: str, test: str, extra: str, root: Path) -> Written:
    """Class folders a and b below two split folders, and more pictures in a third folder."""
    for folder, images in ((train, COLOUR), (test, OTHER)):
        for i, image in enumerate(images):
            save(root / folder / "ab"[i % 2] / f"{i:03}.png", image)
    said = [f"{train.rpartition('/')[2]} to train on, {test.rpartition('/')[2]} to test"]
    if extra:
        save(root / extra / "a" / "0.png", pictures(1, channels=3, seed=9)[0])
        said.append("left out")
    order = [i for letter in (0, 1) for i in range(letter, 12, 2)]
    classes = ["a"] * 6 + ["b"] * 6
    truth = Truth(first(COLOUR[order]), first(OTHER[[0, 2, 4, 1, 3, 5]]), classes, ["a"] * 3 + ["b"] * 3, tuple(said))
    return root, truth


def _unlabelled_test(root: Path) -> Written:
    for i, image in enumerate(COLOUR):
        save(root / "train" / ("cat" if i < 6 else "dog") / f"{i:03}.jpg.png", image)
    save_all(root / "test", OTHER)
    said = ("the test images lie in no class's folder: their class is 'unlabelled'",)
    return root, Truth(first(COLOUR), first(OTHER), ["cat"] * 6 + ["dog"] * 6, ["unlabelled"] * 6, said)


def _validation_only(root: Path) -> Written:
    save_all(root / "train", COLOUR)
    save_all(root / "valid", OTHER)
    said = ("the validation images (valid) are the test images",)
    return root, Truth(first(COLOUR), first(OTHER), ["unlabelled"] * 12, ["unlabelled"] * 6, said)


def _many_people(root: Path) -> Written:
    images = pictures(300, 8, 8, seed=3)
    for i, image in enumerate(images):
        save(root / f"person {i:03}" / "1.png", image)
    return root, every_sixth(images, said=("300 folders are too many for classes",))


def _loose(root: Path) -> Written:
    save_all(root / "cat", COLOUR)
    save_all(root / "zzz", OTHER)
    for image in (root / "zzz").iterdir():
        image.rename(root / f"zz{image.name}")
    (root / "zzz").rmdir()
    both = np.concatenate([COLOUR, OTHER])
    return root, every_sixth(both, ["cat"] * 12 + ["unlabelled"] * 6, said=("6 images lie in no class's folder",))


def _litter(root: Path) -> Written:
    save_all(root / "pics" / "a", COLOUR)
    save_all(root / "__MACOSX" / "pics" / "a", OTHER)
    save_all(root / ".ipynb_checkpoints", OTHER)
    (root / "pics" / "a" / "._000.png").write_bytes(b"\0\5\x16\7" + bytes(90))
    (root / "pics" / "Thumbs.db").write_bytes(b"x")
    (root / "labels.csv").write_text("a,b")
    said = ("Thumbs.db: 2 that are no picture", "are hidden, or made by the system")
    return root, every_sixth(COLOUR, ["a"] * 12, said=said)


def _nested(root: Path) -> Written:
    for i, image in enumerate(COLOUR):
        save(root / "data" / ("fish" if i < 6 else "frog") / "set 1" / "deep" / f"{i:03}.png", image)
    return root, every_sixth(COLOUR, ["fish"] * 6 + ["frog"] * 6, said=("folders below those of the classes",))


def _masks(root: Path) -> Written:
    save_all(root / "images", COLOUR)
    save_all(root / "masks", GREY)
    return root, every_sixth(COLOUR, said=("12 that are a mask",))


def _truncated(root: Path) -> Written:
    images = pictures(12, 32, 32, seed=4)
    save_all(root, images, ".png")
    for i in (1, 5, 7):
        path = root / f"{i:03}.png"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return root, every_sixth(np.delete(images, [1, 5, 7], 0), said=("001.png, 005.png, 007.png: 3 that are damaged",))


def _copies(root: Path) -> Written:
    save_all(root / "train", GREY)
    save_all(root / "test", np.concatenate([GREY[3:5], pictures(2, seed=5)]))
    truth = Truth(first(GREY), first(np.concatenate([GREY[3:5], pictures(2, seed=5)])), said=(
        "2 test images are also among the training images",
    ))  # fmt: skip
    return root, truth


def _deep(bits: int, root: Path) -> Written:
    """Pictures of so many bits in 16-bit PNGs; one pixel of one picture has the highest value."""
    white = 2**bits - 1
    rng = np.random.default_rng(bits)
    values = rng.integers(0, white // 2, (12, 9, 11, 1))
    values[7, 2, 3] = white
    for i, image in enumerate(values):
        save(root / f"{i:03}.png", image[..., 0].astype(np.uint16))
    return root, every_sixth(
        np.rint(values * (255 / white)).astype(np.uint8), said=(f"{white} is white",) if bits > 8 else ()
    )


def _deep_colour(root: Path) -> Written:
    """12 bits in 48-bit RGB PNGs, which Pillow cannot write: header, filter 0, big-endian values."""
    import struct
    import zlib

    values = np.random.default_rng(3).integers(0, 2000, (12, 9, 11, 3)).astype(">u2")
    values[2, 2, 2, 1] = 4095
    root.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(values):
        rows = b"".join(b"\0" + row.tobytes() for row in image)
        chunks = [
            (b"IHDR", struct.pack(">IIBBBBB", 11, 9, 16, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(rows)),
            (b"IEND", b""),
        ]
        parts = [
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
            for name, body in chunks
        ]
        (root / f"{i:03}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return root, every_sixth(np.rint(values * (255 / 4095)).astype(np.uint8), said=("4095 is white (12 bits",))


def _deep_tiff(root: Path) -> Written:
    """16-bit RGB in TIFF, uncompressed."""
    from tifffile import imwrite

    values = np.random.default_rng(4).integers(0, 65536, (12, 9, 11, 3)).astype(np.uint16)
    values[0, 0, 0] = 65535
    root.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(values):
        imwrite(root / f"{i:03}.tif", image, photometric="rgb")
    return root, every_sixth(np.rint(values * (255 / 65535)).astype(np.uint8), said=("65535 is white",))


def _float_tiff(factor: float, low: float, said: str, root: Path) -> Written:
    for i, image in enumerate(GREY):
        save(root / f"{i:03}.tif", (image[..., 0] * factor + low).astype(np.float32))
    return root, every_sixth(GREY, said=(said,))


def _float_unclear(root: Path) -> Written:
    for i in range(12):
        save(root / f"{i:03}.tif", np.random.default_rng(i).normal(size=(9, 9)).astype(np.float32))
    return root, Refused("undo a standardisation")


def _zero_one(root: Path) -> Written:
    save_all(root, (GREY > 127).astype(np.uint8))
    return root, every_sixth((GREY > 127) * np.uint8(255), said=("every value is 0 or 1: 1 became white",))


def _dark(root: Path) -> Written:
    save_all(root, GREY // 16)
    return root, every_sixth(GREY // 16, said=("the images are nearly black",))


def _sized(height: int, width: int, root: Path) -> Written:
    images = pictures(7, height, width, 3, seed=height)
    save_all(root, images)
    return root, every_sixth(images, said=(f"size: {width}×{height}, as they are",))


def _resized(height: int, width: int, side: int, fit: str, said: tuple[str, ...], root: Path) -> Written:
    """One colour a picture, so that every pixel is known after resizing: black beside it where it is padded."""
    images = np.random.default_rng(5).integers(1, 256, (7, 1, 1, 3)).astype(np.uint8)
    save_all(root, np.broadcast_to(images, (7, height, width, 3)))
    expected = np.broadcast_to(images, (7, side, side, 3)).copy()
    if fit == "pad" and height != width:
        inner = round(side * min(height, width) / max(height, width))
        before = (side - inner) // 2
        outside = np.ones(side, bool)
        outside[before : before + inner] = False
        if height < width:
            expected[:, outside] = 0
        else:
            expected[:, :, outside] = 0
    return root, every_sixth(expected, said=said)


def _not_alike(root: Path) -> Written:
    colours = np.random.default_rng(6).integers(0, 256, (12, 1, 1, 3)).astype(np.uint8)
    for i, colour in enumerate(colours):
        save(root / f"{i:03}.png", np.broadcast_to(colour, (20 + i, 40, 3)).copy())
    said = ("40×20 to 40×31, 12 different sizes → 64×64", "cropped to the central square", "not alike", "enlarged")
    return root, every_sixth(np.broadcast_to(colours, (12, 64, 64, 3)), said=said)


def _zip(root: Path) -> Written:
    root.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(root / "pets.zip", "w") as archive:
        for i, image in enumerate(COLOUR):
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, "PNG")
            archive.writestr(f"pets/{'cat' if i < 6 else 'dog'}/{i:03}.png", buffer.getvalue())
        archive.writestr("__MACOSX/pets/cat/._000.png", b"x")
    return root / "pets.zip", every_sixth(COLOUR, ["cat"] * 6 + ["dog"] * 6, said=("is hidden",))


def _modes(suffix: str, mode: str, root: Path) -> Written:
    images = COLOUR if mode in ("RGB", "RGBA", "P") else GREY
    for i, image in enumerate(images):
        path = root / f"{i:03}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image if mode in ("RGB", "RGBA", "P") else image[..., 0]).convert(mode).save(path)
    return root, every_sixth(images, said=("shown on white",) if mode in ("RGBA", "LA") else ())


def _turned(root: Path) -> Written:
    images = pictures(12, 10, 16, 3, seed=7)
    exif = Image.Exif()
    exif[0x0112] = 6
    for i, image in enumerate(images):
        save(root / f"{i:03}.png", np.ascontiguousarray(np.rot90(image)), exif=exif)
    return root, every_sixth(images, said=("turned upright",))


def _refused(files: dict[str, bytes], said: str, root: Path) -> Written:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    root.mkdir(parents=True, exist_ok=True)
    return root, Refused(said)


def cases() -> list[Case]:
    """Every case, in the order of the table."""
    names = [
        *(("train", "test", ""), ("training", "testing", ""), ("Train", "TEST", "Validation"), ("train", "test1", "")),
        *(("training_set", "test_set", ""), ("seg_train", "seg_test", "seg_pred"), ("x/train", "x/test", "x/val")),
    ]
    kinds = [(".png", "RGB"), (".bmp", "RGB"), (".tif", "RGB"), (".webp.png", "L"), (".png", "RGBA"), (".png", "LA")]
    squares = [
        Case("20×40 pictures, size 16", partial(_resized, 20, 40, 16, "crop", ("as data.size asks",)), "?size=16"),
        Case("20×40, size 16, pad", partial(_resized, 20, 40, 16, "pad", ("padded with black",)), "?size=16&fit=pad"),
        Case("40×20, size 32, pad", partial(_resized, 40, 20, 32, "pad", ("padded with black",)), "?size=32&fit=pad"),
        Case("300×300 pictures", partial(_resized, 300, 300, 64, "crop", ("a side is over 256",))),
        Case("300×300, size 256", partial(_resized, 300, 300, 256, "crop", ("→ 256×256",)), "?size=256"),
        Case("100×300, pad", partial(_resized, 100, 300, 64, "pad", ("padded", "a side is over 256")), "?fit=pad"),
    ]
    return [
        *(Case(" + ".join(filter(None, folders)), partial(_split, *folders)) for folders in names),
        Case("test pictures without labels", _unlabelled_test),
        Case("validation, no test", _validation_only),
        Case("300 people, a picture each", _many_people),
        Case("loose pictures beside a folder", _loose),
        Case("hidden files, __MACOSX, notebooks", _litter),
        Case("deeper folders", _nested),
        Case("images and masks", _masks),
        Case("three truncated pictures", _truncated),
        Case("test copies of training pictures", _copies),
        *(Case(f"{bits} bits in 16-bit PNGs", partial(_deep, bits)) for bits in (8, 10, 12, 14, 16)),
        Case("12 bits in 48-bit RGB PNGs", _deep_colour),
        Case("16-bit RGB TIFFs", _deep_tiff),
        Case("float TIFFs, 0 to 1", partial(_float_tiff, 1 / 255, 0, "0 is black, 1 is white")),
        Case("float TIFFs, 0 to 255", partial(_float_tiff, 1, 0, "255 is white")),
        Case("float TIFFs, -1 to 1", partial(_float_tiff, 2 / 255, -1, "-1 is black")),
        Case("float TIFFs, standardised", _float_unclear),
        Case("pictures of 0 and 1", _zero_one),
        Case("pictures up to 15 of 255", _dark),
        *(Case(f"{w}×{h} pictures", partial(_sized, h, w)) for h, w in ((64, 64), (256, 256), (218, 178), (60, 20))),
        *squares,
        Case("pictures that are not alike", _not_alike),
        Case("a zip of pictures", _zip),
        *(Case(f"{mode} in {suffix}", partial(_modes, suffix, mode)) for suffix, mode in kinds),
        Case("turned by the camera", _turned),
        Case("an empty folder", partial(_refused, {}, "holds no images")),
        Case(
            "pictures in HEIC",
            partial(_refused, {"1.heic": b"x", "2.heic": b"x"}, "2 .heic files: convert them to PNG"),
        ),
        Case("no pictures, named so", partial(_refused, {"1.png": b"x", "2.png": b""}, "is not an image")),
        Case("CIFAR's Python batches", partial(_refused, {"data_batch_1": b"\x80\x02}q"}, "is a pickle")),
    ]
