"""Drawings as files: PNG with sharp pixels, SVG that is XML, PDF that other programs open."""

import io
import subprocess
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from aecore.drawing import (
    FORMATS,
    Circle,
    Clip,
    Drawing,
    Picture,
    Polyline,
    Ramp,
    Rectangle,
    Sheet,
    SheetRow,
    Text,
    beside,
    stacked,
    write,
)
from aecore.drawing import png as png_writer
from aecore.drawing.typeface import WARNING, width_of, wrapped
from aecore.errors import UserError
from tests.helpers import pdf

SVG = "{http://www.w3.org/2000/svg}"
WORDS = "⚠ σ 0.3 · −3.2 dB ± 1 × “β²” — é (a\\b) …"


def checkered(side=7, channels=1):
    draw = np.random.default_rng(0)
    return draw.integers(0, 256, (side, side) if channels == 1 else (side, side, channels), np.uint8)


def some() -> Drawing:
    items = [
        Rectangle(10, 10, 40, 20, "#4477AA", "#000000"),
        Polyline([(10, 50), (50, 60), (90, 40)], "#DD6A22", 2, dash=(4, 2)),
        Polyline([(100, 10), (140, 10), (120, 40)], fill="rgba(17,100,0,0.5)", closed=True),
        Circle(70, 20, 6, "#A02E74"),
        Clip(150, 10, 20, 20, [Rectangle(140, 0, 100, 100, "#5135CE")]),
        Picture(10, 70, 56, 56, checkered(), "seven"),
        Picture(80, 70, 56, 56, checkered(channels=3)),
        Text(10, 150, WORDS, 9),
        Text(195, 150, "upwards", 9, turned=True, bold=True),
    ]
    return Drawing(200, 160, items, "Title <&> σ")


def image_of(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


@pytest.mark.parametrize(("format", "dpi"), [("png", 144), ("print", 300)])
def test_a_png_has_the_resolution_that_it_states(format, dpi):
    content = write(some(), format)
    found = Image.open(io.BytesIO(content))
    assert found.size == (-(-200 * dpi // 72), -(-160 * dpi // 72))
    assert found.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)


@pytest.mark.parametrize(("format", "factor"), [("png", 16), ("print", 33)])
def test_pixels_of_images_are_enlarged_by_a_whole_factor(format, factor):
    """7 pixels in 56 points: 112 pixels at two per point, 233 at 300 dpi, of which 231 are used."""
    seen = image_of(write(some(), format))
    enlarged = checkered().repeat(factor, axis=0).repeat(factor, axis=1)
    scale = seen.shape[1] / 200
    corner = round(70 * scale) + 1, round(10 * scale) + 1
    places = [(y, x) for y in range(corner[0] - 3, corner[0] + 4) for x in range(corner[1] - 3, corner[1] + 4)]
    side = 7 * factor
    assert any((seen[y : y + side, x : x + side] == enlarged[..., None]).all() for y, x in places)


def test_what_lies_outside_a_clip_is_not_drawn(tmp_path):
    seen = image_of(write(some(), "png"))
    assert seen[40, 320].tolist() == [0x51, 0x35, 0xCE]
    assert seen[100, 320].tolist() == [255, 255, 255]


def test_too_large_a_png_is_refused_in_one_line():
    with pytest.raises(UserError, match="too large: take SVG or PDF"):
        write(Drawing(20_000, 20_000, []), "print")
    with pytest.raises(UserError, match="unknown format 'gif'"):
        write(some(), "gif")


def test_without_streamlits_font_letters_are_spelt_out(monkeypatch):
    monkeypatch.setattr(png_writer, "_source_sans", lambda: None)
    for cached in (png_writer._font, png_writer._has):
        cached.cache_clear()
    try:
        assert png_writer._writable("σ 0.3", False) == "sigma 0.3"
        assert write(some(), "png").startswith(b"\x89PNG")
    finally:
        for cached in (png_writer._font, png_writer._has):
            cached.cache_clear()


def test_streamlits_font_has_every_sign_that_figures_use():
    assert png_writer._source_sans() is not None
    assert png_writer._writable(WORDS, False) == WORDS


def test_an_svg_is_xml_with_its_texts_and_images():
    tree = ET.fromstring(write(some(), "svg"))
    assert [node.text for node in tree.iter(f"{SVG}text")] == [WORDS, "upwards"]
    assert tree.findtext(f"{SVG}title") == "Title <&> σ"
    images = list(tree.iter(f"{SVG}image"))
    assert len(images) == 2
    assert images[0].get("aria-label") == "seven"
    assert all("pixelated" in image.get("style", "") for image in images)
    assert tree.get("viewBox") == "0 0 200 160"


def test_a_pdf_is_well_formed_and_keeps_images_sharp():
    found = pdf.objects(write(some(), "pdf"))
    images = [piece for piece in found if b"/Subtype /Image" in piece]
    assert len(images) == 2
    assert all(b"/Interpolate false" in piece for piece in images)
    pixels = np.frombuffer(pdf.stream(images[0]), np.uint8)
    side = int(len(pixels) ** 0.5)
    assert side % 7 == 0
    assert (pixels.reshape(side, side)[:: side // 7, :: side // 7] == checkered()).all()
    assert b"/MediaBox [0 0 200 160]" in b"".join(found)
    assert "(upwards) Tj" in pdf.page_content(write(some(), "pdf"))


@pdf.needs_poppler
def test_another_program_reads_the_pdfs_texts_and_sees_its_shapes(tmp_path):
    content = write(some(), "pdf")
    told = pdf.text(content)
    assert WORDS in " ".join(told.split())
    seen = pdf.page(content, tmp_path)
    assert seen.shape == (160, 200, 3)
    assert seen[20, 20].tolist() == [0x44, 0x77, 0xAA]
    assert seen[20, 70].tolist() == [0xA0, 0x2E, 0x74]
    assert seen[20, 160].tolist() == [0x51, 0x35, 0xCE]
    assert seen[50, 160].tolist() == [255, 255, 255]
    ours = image_of(write(some(), "png"))[::2, ::2].astype(int)
    # Far from edges and texts, PNG and PDF are the same picture.
    for y, x in ((20, 20), (20, 120), (20, 70), (5, 100), (20, 160)):
        assert np.abs(ours[y, x] - seen[y, x]).max() <= 3


@pdf.needs_poppler
def test_texts_end_where_their_widths_say():
    """The widths that layouts are measured in, against those of another program."""
    letters = "AVTfiljm MW%@0123456789.,:;()–…×±²éüßµ"
    for bold in (False, True):
        content = write(Drawing(500, 20, [Text(5, 12, f"H{letters.replace(' ', '')}H", 10, bold=bold)]), "pdf")
        boxes = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=content, capture_output=True, check=True)
        told = boxes.stdout.decode()
        ends = [float(part.split('"')[1]) for part in told.split(" xMax=")[1:]]
        assert max(ends) - 5 == pytest.approx(width_of(f"H{letters.replace(' ', '')}H", 10, bold), abs=0.05)


@settings(max_examples=40)
@example(["0\u2029", "a\u2028b"], 1, 1, 1, False)
@given(
    st.lists(st.text(max_size=20), max_size=4),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([1, 3]),
    st.booleans(),
)
def test_any_texts_and_images_give_files_that_readers_open(words, height, width, channels, bold):
    shape = (height, width) if channels == 1 else (height, width, 3)
    pixels = np.arange(height * width * channels, dtype=np.uint8).reshape(shape)
    texts = [Text(5, 12 * i + 10, text, 9, bold=bold, turned=bool(i % 2)) for i, text in enumerate(words)]
    drawing = Drawing(120, 80, [*texts, Picture(5, 50, 20, 20, pixels, "".join(words))], " ".join(words))
    content = write(drawing, "pdf")
    pdf.objects(content)
    ET.fromstring(write(drawing, "svg"))
    assert image_of(write(drawing, "png")).shape == (160, 240, 3)
    if pdf.POPPLER:
        pdf.text(content)


def test_lines_break_at_spaces_and_long_words_anywhere():
    assert wrapped("one two three", 10, width_of("one two", 10)) == ["one two", "three"]
    broken = wrapped("averyverylongword", 10, 30)
    assert "".join(broken) == "averyverylongword"
    assert all(width_of(line, 10) <= 30 for line in broken)
    assert wrapped("one two three four", 10, 30, most=2)[-1].endswith("…")
    assert width_of(WARNING, 10) == 10


def test_a_sheet_has_names_headings_captions_and_notes_and_continues_below():
    images = np.zeros((11, 1, 28, 28), np.uint8)
    captions = [[f"{i}.0 dB · 0.{i}"] for i in range(11)]
    rows = [SheetRow("clean", images), SheetRow("⚠ run one", images, captions, frozenset({2}), "σ 0.3")]
    ramp = Ramp("0", "0.5", "error")
    sheet = Sheet(rows, [f"#{i}" for i in range(11)], "Title", ["A note."], ramp, per_block=8).drawing()
    told = [item.text for item in sheet.items if isinstance(item, Text)]
    for word in ("Title", "#0", "#10", "clean", "σ 0.3", "10.0 dB · 0.10", "A note.", "0.5   error"):
        assert word in told
    assert told.count("clean") == 2, "each block names its rows"
    assert [item.text for item in sheet.items if isinstance(item, Text) and item.bold].count("2.0 dB · 0.2") == 1
    pictures = [item for item in sheet.items if isinstance(item, Picture)]
    assert len(pictures) == 2 * 11 + 1
    assert all(item.x >= 0 and item.x + item.width <= sheet.width for item in pictures)
    for item in sheet.items:
        if isinstance(item, Text):
            assert 0 < item.y <= sheet.height
            shift = {"start": 0, "middle": 0.5, "end": 1}[item.anchor] * width_of(item.text, item.size, item.bold)
            assert item.x - shift >= -0.01
            assert item.x - shift + width_of(item.text, item.size, item.bold) <= sheet.width + 0.01, item


def test_a_ramps_shades_run_from_white_to_its_colour():
    shades = Ramp("0", "1", "", "#A02E74").shade(np.array([[[0.0, 1.0, 7.0]]]))
    assert shades.shape == (1, 3, 1, 3)
    assert shades[0, :, 0, 0].tolist() == [255, 255, 255]
    assert shades[0, :, 0, 1].tolist() == shades[0, :, 0, 2].tolist() == [0xA0, 0x2E, 0x74]


def test_drawings_side_by_side_and_below_each_other():
    one, other = Drawing(50, 30, [Circle(1, 1, 1, "#000000")], "a"), Drawing(20, 40, [Text(1, 2, "b")], "b")
    row, column = beside([one, other], gap=10), stacked([one, other], gap=10)
    assert (row.width, row.height, row.title) == (80, 40, "a; b")
    assert (column.width, column.height) == (50, 80)
    first, second = row.items[1], column.items[1]
    assert isinstance(first, Text)
    assert isinstance(second, Text)
    assert (first.x, second.y) == (61, 42)


def test_every_format_has_a_writer():
    for name, (extension, make) in FORMATS.items():
        assert make(some()), name
        assert extension in ("png", "svg", "pdf")
