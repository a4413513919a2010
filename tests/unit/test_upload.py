"""Pictures of one's own: whatever is an image fits the model, whatever is none is refused in one line."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image

from aecore.errors import UserError
from dashboard.widgets import upload
from dashboard.widgets.upload import fit

GREY, COLOUR = (1, 28, 28), (3, 32, 32)
SAVED_AS = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB"),
    "GIF": ("L", "P", "RGB"),
}


def file_of(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture(pixels) -> Image.Image:
    return Image.fromarray(np.asarray(pixels, np.uint8))


@settings(max_examples=150, deadline=None)
@given(
    some.sampled_from([(kind, mode) for kind, modes in SAVED_AS.items() for mode in modes]),
    some.integers(1, 700),
    some.integers(1, 700),
    some.sampled_from([GREY, COLOUR, (1, 8, 8), (3, 20, 12), (1, 300, 40)]),
)
def test_every_mode_format_and_size_fits(saved_as, width, height, shape):
    kind, mode = saved_as
    image = Image.new("I;16", (width, height), 40_000) if mode == "I;16" else Image.new("RGB", (width, height), "teal")
    fitted = fit(file_of(image if mode == "I;16" else image.convert(mode), kind), shape)
    assert fitted.image.shape == shape
    assert fitted.image.dtype == fitted.cut_out.dtype == np.uint8
    assert fitted.cut_out.shape[0] == 3
    assert max(fitted.cut_out.shape) <= upload.PREVIEW
    if mode == "I;16":
        assert np.all(abs(fitted.image.astype(int) - 156) <= 1)


@given(some.binary(max_size=300), some.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM"]))
def test_no_bytes_break_it(tail, head):
    with pytest.raises(UserError) as told:
        fit(head + tail, GREY)
    assert "\n" not in str(told.value)


@settings(max_examples=60, deadline=None)
@given(some.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP"]), some.data())
def test_a_damaged_file_is_fitted_or_refused(kind, data):
    noise = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    content = bytearray(file_of(picture(noise), kind))
    for _ in range(data.draw(some.integers(1, 8))):
        content[data.draw(some.integers(0, len(content) - 1))] = data.draw(some.integers(0, 255))
    cut = data.draw(some.integers(0, len(content)))
    try:
        assert fit(bytes(content[:cut]), COLOUR).image.shape == COLOUR
    except UserError as told:
        assert "\n" not in str(told)  # noqa: PT017


def test_the_middle_is_kept_in_the_models_proportions():
    wide = np.zeros((100, 300), np.uint8)
    wide[:, 100:200] = 255
    assert fit(file_of(picture(wide)), GREY).image.min() == 255
    assert fit(file_of(picture(wide.T)), GREY).image.min() == 255
    assert fit(file_of(picture(wide)), (1, 10, 30)).image[0, 5, [5, 15, 25]].tolist() == [0, 255, 0]


def test_colour_is_kept_or_greyed_as_the_model_needs():
    red = file_of(Image.new("RGB", (50, 50), (255, 0, 0)))
    assert fit(red, COLOUR).image[:, 4, 4].tolist() == [255, 0, 0]
    assert fit(red, GREY).image[:, 4, 4].tolist() == [76]  # ITU-R 601 luma
    grey = file_of(Image.new("L", (50, 50), 90))
    assert fit(grey, COLOUR).image[:, 4, 4].tolist() == [90, 90, 90]


def test_shrinking_averages_instead_of_picking():
    stripes = np.tile(np.array([[0], [255]], np.uint8), (280, 560))
    assert np.all(abs(fit(file_of(picture(stripes)), GREY).image.astype(int) - 128) < 12)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_as_exif_says(orientation):
    upright = np.zeros((64, 64), np.uint8)
    upright[:32, :32] = 255  # the upper left quarter is white
    turn = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: np.rot90(upright.T, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = fit(file_of(picture(turn), "JPEG", exif=exif, quality=95), GREY).image[0]
    assert [image[5, 5] > 200, image[5, 22] > 200, image[22, 5] > 200] == [True, False, False]


def test_transparency_lies_on_black():
    image = Image.new("RGBA", (40, 40), (255, 255, 255, 0))
    image.paste((255, 255, 255, 255), (10, 10, 30, 30))
    for content in (file_of(image), file_of(image.convert("LA")), file_of(image, "WEBP", lossless=True)):
        fitted = fit(content, GREY)
        assert fitted.image[0, 0, 0] == 0
        assert fitted.image[0, 14, 14] == 255
        assert not fitted.bright_border
    indexed = Image.new("P", (40, 40), 0)
    indexed.putpalette([255, 255, 255, 255, 0, 0])
    assert fit(file_of(indexed, transparency=0), GREY).flat


def test_inversion_is_suggested_for_ink_on_paper():
    paper = np.full((60, 60), 240, np.uint8)
    paper[20:40, 28:32] = 10
    fitted = fit(file_of(picture(paper)), GREY)
    assert fitted.bright_border
    assert not fitted.flat
    assert not fitted.inverted().bright_border
    assert np.array_equal(fitted.inverted().image, 255 - fitted.image)
    assert np.array_equal(fitted.inverted().cut_out, fitted.cut_out)
    assert upload.on_black(np.zeros((3, 1, 28, 28), np.uint8))
    assert not upload.on_black(np.full((3, 3, 28, 28), 100, np.uint8))


def test_the_first_frame_of_an_animation_is_taken():
    frames = [Image.new("L", (30, 30), value) for value in (200, 10)]
    content = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert fit(content, GREY).image[0, 3, 3] == pytest.approx(200, abs=3)


def bare_png(width: int, height: int) -> bytes:
    """A PNG that promises a size in its header and has nearly nothing in it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a readable image"),
        (b"plain words, whatever the name says", "choose a PNG, JPEG, WebP, BMP or GIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a readable image"),
        (b"%PDF-1.4 and so on", "not a readable image"),
        (b"x" * (upload.MAX_MEGABYTES * 2**20 + 1), "limit of 10 MB"),
        (file_of(Image.new("L", (40, 40)), "TIFF"), "not a readable image"),
        (file_of(picture(np.random.default_rng(0).integers(0, 256, (90, 90))), "JPEG")[:900], "damaged"),
        (bare_png(60, 60), "damaged"),
        (bare_png(8000, 6000), "8,000×6,000 pixels: the limit is 40 megapixels"),
        (bare_png(12_000, 12_000), "megapixels"),
        (bare_png(60_000, 60_000), "megapixels"),
    ],
)
def test_refusals_say_what_is_wrong(content, words):
    with pytest.raises(UserError, match=words):
        fit(content, GREY)


def test_a_photograph_is_fitted_quickly_and_without_its_full_size(monkeypatch):
    content = file_of(Image.new("RGB", (6000, 4000), "orange"), "JPEG")
    seen = []
    honest = Image.Image.crop
    monkeypatch.setattr(Image.Image, "crop", lambda self, *a: seen.append(self.size) or honest(self, *a))
    assert fit(content, COLOUR).image.shape == COLOUR
    assert max(seen[0]) <= 1500
