"""The report as a file: without a server and without a network."""

import shutil

from playwright.sync_api import expect

from aecore.reports.handin import write_report
from aecore.runs.run import Run
from tests.helpers.paths import GALLERY_RUN


def test_the_interpolation_is_scrubbed_offline_and_nothing_is_wider_than_a_phone(browser, tmp_path):
    shutil.copytree(GALLERY_RUN, tmp_path / "gallery" / "mnist-mlp8")
    page, _ = write_report([Run(tmp_path / "gallery" / "mnist-mlp8")], tmp_path / "out")
    context = browser.new_context(viewport={"width": 390, "height": 800}, offline=True)
    tab = context.new_page()
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("requestfailed", lambda request: problems.append(request.url))
    tab.goto(page.as_uri())
    frame = tab.locator("[data-frames]")
    expect(frame).to_have_css("background-position", "0px 50%")
    tab.get_by_role("slider").press("End")
    expect(frame).to_have_css("background-position", "0px 100%")
    expect(tab.locator("output")).to_have_text("100 %")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    assert not problems
    context.close()
