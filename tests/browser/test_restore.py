"""The Restore page in a real browser: a picture of one's own, orders, error maps, and classical denoisers."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from aecore import jobs
from aecore.presets import preset
from aecore.runs.run import Run
from tests.helpers.server import forked_server, free_port
from tools.browser import settle


@pytest.fixture(scope="module")
def digits(app_store):
    """A quick run on digits, whose whole test set is on this machine."""
    changes = {"training.epochs": 2, "training.batch_size": 256, "name": "Quick"}
    run = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu", app_store)
    assert jobs.work(run) == "finished"
    yield run
    shutil.rmtree(run.path)


def opened(tab: Page, address: str, run: Run | str) -> None:
    tab.goto(f"{address}/restore?run={run if isinstance(run, str) else run.id}&view=sheet")
    tab.locator(".ae-sheet figure").first.wait_for(timeout=60_000)
    settle(tab)


def first_name(tab: Page) -> str:
    return tab.locator(".ae-sheet .ae-name").first.inner_text()


def test_an_old_address_opens_restore_with_all_that_it_asks_for(tab, environment, nursery, tmp_path, digits):
    """As a server's first request and as a later one."""
    query = f"run={digits.id}&noise=salt-pepper%3A0.1%2Bsquare%3A5&draw=2&many=7&sort=worst&errors=1"
    wanted = re.compile(
        rf"/restore\?run={digits.id}&noise=salt-pepper%3A0\.1%2Bsquare%3A5&draw=2&many=7&sort=worst&view=sheet&errors=1$"
    )
    with forked_server(nursery, environment, tmp_path / "log", free_port()) as fresh:
        for _ in ("cold", "warm"):
            tab.goto(f"{fresh}/denoise?{query}")
            expect(tab.get_by_role("heading", level=1, name="Restore").first).to_be_visible()
            expect(tab.locator(".ae-sheet figure")).to_have_count(7)
            expect(tab.locator(".ae-error").first).to_be_visible()
            expect(tab.get_by_text("Pixels (hole)").first).to_be_visible()
            expect(tab).to_have_url(wanted)
            tab.goto("about:blank")


def test_sort_compare_and_see_where_it_errs(tab, address, digits):
    opened(tab, address, digits)
    table = tab.locator(".ae-means")
    assert first_name(tab).startswith("#0 · ")

    tab.get_by_role("combobox", name="Sort").click()
    tab.get_by_role("option", name="Largest error first").click()
    expect(tab.locator(".ae-sheet .ae-name").first).not_to_have_text(re.compile("^#0 "))
    figures = tab.locator(".ae-sheet figure")
    decibels = [float(f.locator("div").last.inner_text().split()[-4]) for f in figures.all()]
    assert decibels == sorted(decibels)

    tab.get_by_text("Error map", exact=True).click()
    error = tab.locator(".ae-error > div").first
    expect(error).to_be_visible()
    assert error.evaluate("node => getComputedStyle(node).maskImage").startswith('url("data:image/png')
    box = error.bounding_box()
    assert box
    assert box["width"] == pytest.approx(box["height"], abs=1)
    expect(tab.locator(".ae-legend")).to_contain_text("|output − clean|")

    tab.get_by_role("button", name="Total variation").click()
    expect(table.get_by_role("row")).to_have_count(4)
    expect(table.get_by_role("row").last).to_contain_text(re.compile(r"Total variation\s+weight 0\.\d+"))
    expect(tab.locator(".ae-sheet figure").first.locator("img")).to_have_count(4)

    # A new level: the model answers at once, the method follows once its strength is chosen anew.
    before = table.inner_text()
    tab.get_by_role("slider").press("ArrowRight")
    expect(table).not_to_have_text(before)
    expect(table.get_by_role("row").last).to_contain_text("dB")

    tab.get_by_text("Best and worst", exact=True).click()
    expect(table).to_contain_text("of 297 test images")


def test_a_picture_from_ones_own_disk(tab, address, digits, tmp_path: Path):
    paper = Image.new("RGB", (300, 200), "white")
    paper.paste((20, 20, 60), (140, 40, 165, 160))
    paper.save(tmp_path / "one.jpg")
    (tmp_path / "words.png").write_text("no picture")
    opened(tab, address, digits)
    tab.get_by_text("Your image", exact=True).click()
    expect(tab.get_by_text("Upload an image").first).to_be_visible()
    files = tab.locator("input[type=file]")
    files.set_input_files(tmp_path / "words.png")
    expect(tab.get_by_text("not a readable image").first).to_be_visible()
    assert not tab.get_by_text("Traceback").count()

    files.set_input_files(tmp_path / "one.jpg")
    large = tab.locator(".ae-large")
    expect(large.locator("img")).to_have_count(4)
    expect(tab.get_by_text("not a readable image")).to_have_count(0)
    expect(tab.get_by_text("converted to greyscale, inverted").first).to_be_visible()
    corner = """async node => {
        await node.decode();
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [node.naturalWidth, node.naturalHeight];
        const context = canvas.getContext("2d");
        context.drawImage(node, 0, 0);
        const brightness = (x, y) => context.getImageData(x, y, 1, 1).data[0];
        return [node.naturalWidth, brightness(0, 0), brightness(14, 14)];
    }"""
    width, edge, middle = large.locator("img.ae-pixels").first.evaluate(corner)
    assert width == 28
    assert edge < 10
    assert middle > 150
    tab.get_by_text("Invert", exact=True).click()
    expect(tab.get_by_text("converted to greyscale, inverted")).to_have_count(0)


def test_nothing_is_wider_than_a_phone(tab, address, tmp_path: Path):
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.emulate_media(color_scheme="dark")
    opened(tab, address, "mnist-mlp8")
    Image.new("L", (50, 90), 200).save(tmp_path / "a-rather-long-name-of-a-file-without-any-space-in-it.png")
    for own in (False, True):
        tab.get_by_text("Error map", exact=True).click()
        tab.locator(".ae-error").first.wait_for()
        if own:
            tab.get_by_text("Your image", exact=True).click()
            tab.locator("input[type=file]").set_input_files(next(tmp_path.glob("*.png")))
            tab.locator(".ae-large").wait_for()
        settle(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        assert tab.get_by_test_id("stMain").evaluate("node => node.scrollWidth") <= 390
        if not own:
            tab.get_by_text("Error map", exact=True).click()
            expect(tab.locator(".ae-error")).to_have_count(0)
