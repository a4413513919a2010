"""The static site and `aecore.show`: what is in the pages, what they load, and where a site is written."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
import safetensors.numpy

import aecore
from aecore.errors import UserError
from aecore.runs.run import CODES, NOTES, SNAPSHOTS, Run
from aecore.runs.store import Store
from aecore.site import write_site
from aecore.viewer import networks
from aecore.viewer.views import Kind, view_of
from tests.helpers.cli import as_json, run
from tests.helpers.paths import GALLERY_RUN
from tests.helpers.runs import forget_sums, made_run

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


class Tags(HTMLParser):
    """All start tags, and the text of the cells by what their column is called."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[tuple[str, str]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.cells.append((dict(attrs).get("data-name") or "", ""))

    def handle_data(self, data):
        self.words += data
        if self.cells:
            self.cells[-1] = (self.cells[-1][0], self.cells[-1][1] + data)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of two runs: a copy of a shipped one with markup in title, note and remarks, and one without weights."""
    store = Store(tmp_path_factory.mktemp("site") / "store")
    whole = Run(store.root / "runs" / "whole")
    shutil.copytree(GALLERY_RUN, whole.path)
    whole.write_json(NOTES, {"title": HOSTILE, "note": HOSTILE})
    whole.write_status(remarks=[{"kind": "overfitting", "text": HOSTILE}])
    bare = made_run(store, "bare-20260101-000000", [1, 2])
    folder = store.root.parent / "pages"
    return SimpleNamespace(folder=folder, whole=whole, bare=bare, store=store, made=write_site([whole, bare], folder))


def page(site, name: str) -> Tags:
    return Tags((site.folder / name).read_text())


def payload(file: Path) -> dict:
    return json.loads(file.read_text().partition(" = ")[2].rstrip(";\n"))


def test_the_numbers_are_those_of_the_run(site):
    clean = next(entry for entry in site.whole.evaluation() if entry["corruption"] == "none")["metrics"]
    table = page(site, "index.html").cells
    row = [text.strip() for name, text in table if name in ("MSE", "PSNR, dB", "SSIM", "Code", "Parameters")]
    wanted = ["8", "622,504", f"{clean['mse']:.5f}", f"{clean['psnr_db']:.2f}", f"{clean['ssim']:.3f}"]
    assert any(row[at : at + 5] == wanted for at in range(len(row))), row
    shown = [text for _, text in page(site, "runs/whole.html").cells]
    for entry in site.whole.evaluation():
        for metrics in (entry["metrics"], *([] if entry["corruption"] == "none" else [entry["noisy_input"]])):
            start = shown.index(f"{metrics['mse']:.5f}")
            assert shown[start + 1] == f"{metrics['psnr_db']:.2f}"
            assert shown[start + 2] == f"{metrics['ssim']:.4f}"


def test_pages_load_what_lies_beside_them_and_nothing_else(site):
    files = {path for path in site.folder.rglob("*") if path.is_file()}
    assert {path.relative_to(site.folder).as_posix() for path in files} == set(site.made.files)
    assert sum(path.stat().st_size for path in files) == site.made.bytes
    for path in files:
        if path.suffix == ".html":
            found = Tags(path.read_text()).tags
            for _, attributes in found:
                for link in (attributes.get("src"), attributes.get("href")):
                    if link and not link.startswith(("data:", "#")):
                        assert (path.parent / link).resolve() in files, link
        elif path.suffix == ".js":
            addresses = set(re.findall(r"https?://[^\s\"'`]+", path.read_text()))
            assert addresses <= {"http://www.w3.org/2000/svg"}, path  # a name of the language, loaded by nobody
    for name in ("index.html", "runs/whole.html"):
        assert "@import" not in (site.folder / name).read_text()
    content = re.search(r'id="content">(.*?)</script>', (site.folder / "runs" / "whole.html").read_text())
    assert content
    for view in json.loads(content[1])["views"]:
        for name in (view["data"], *view["assets"]):
            assert (site.folder / "data" / f"{name}.js").is_file()


def test_texts_of_users_are_no_markup(site):
    for name, scripts in (("index.html", 1), ("runs/whole.html", 2)):
        found = page(site, name)
        assert HOSTILE in found.words
        assert not [tag for tag, attributes in found.tags if "onerror" in attributes]
        assert len([tag for tag, _ in found.tags if tag == "script"]) == scripts
    for file in (site.folder / "data").glob("replay-*.js"):
        assert "</script" not in file.read_text()
    shown = aecore.show(site.whole, "replay")
    (frame,) = Tags(shown._repr_html_()).tags
    assert frame[1]["title"] == f"{HOSTILE}: Replay"
    assert HOSTILE in Tags(shown.page).words


def test_the_codes_are_those_of_the_run_to_the_last_bit(site):
    kept = safetensors.numpy.load_file(site.whole.file(CODES))
    (file,) = (site.folder / "data").glob("codes-*.js")
    sent = payload(file)
    kind = "<f2" if sent["half"] else "<f4"
    codes = np.frombuffer(base64.b64decode(sent["codes"]["base64"]), kind).reshape(-1, sent["size"])
    np.testing.assert_array_equal(codes.astype(np.float32), kept["codes"].astype(np.float32))
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(sent["indices"]["base64"]), "<i4"), kept["indices"])


def test_a_network_without_a_code_restores_by_hand_too():
    network = Run(GALLERY_RUN.with_name("colored-unet"))
    view = view_of(network, "denoise")
    assert view.data["codes"] is None
    assert (view.data["first"], view.data["trained"]) == ("gaussian", {"kind": "gaussian", "level": 0.3})
    assert set(view.assets) == {view.data[part] for part in ("encoder", "decoder", "reader") if view.data[part]}
    assert view.data["strengths"]["images"] == 10_000
    with pytest.raises(UserError, match="without a code between"):
        view_of(network, "interpolate")


def test_a_page_says_what_it_lacks(site, monkeypatch, tmp_path):
    assert set(site.made.left_out) == {site.bare.id}
    assert set(site.made.left_out[site.bare.id]) == {"denoise", "interpolate", "generate", "latent"}
    assert "Its weights are not here." in page(site, f"runs/{site.bare.id}.html").words
    assert all(view_of(site.whole, kind).kind == kind for kind in get_args(Kind))
    monkeypatch.setattr(networks, "MOST_PRODUCTS", 1)
    with pytest.raises(UserError, match="too large for a browser"):
        view_of(site.whole, "generate")
    unwatched = made_run(Store(tmp_path), "unwatched-20260101-000000", [1])
    unwatched.file(SNAPSHOTS).unlink()
    forget_sums(unwatched)
    with pytest.raises(UserError, match="No images were kept"):
        view_of(unwatched, "replay")
    assert view_of(unwatched, "loss").data["test"] == {"epochs": [1], "values": [pytest.approx(0.3)]}


def test_a_site_replaces_itself_and_nothing_else(site, tmp_path, monkeypatch):
    target, beside = tmp_path / "pages", tmp_path / "foreign"
    beside.mkdir()
    (beside / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match=r"thesis\.tex"):
        write_site([site.bare], beside)
    target.mkdir()
    write_site([site.bare], target)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("aecore.site.write.table_page", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_site([site.whole], target)
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foreign", "pages"]
    write_site([site.whole], target)
    assert [path.name for path in (target / "runs").iterdir()] == ["whole.html"]
    (target / "CNAME").write_text("example.org")
    with pytest.raises(UserError, match="CNAME"):
        write_site([site.whole], target)
    monkeypatch.chdir(target)
    with pytest.raises(UserError, match="outside"):
        write_site([site.whole], Path())


def test_the_command_takes_a_run_or_all(site, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_STORE", str(site.store.root))
    told = as_json(capsys, "export", "--all", "--to", "site", str(tmp_path / "all"))
    assert (told["runs"], told["bytes"]) == (2, site.made.bytes)
    assert run(capsys, "export", "bare", "--to", "site", str(tmp_path / "one"))[0] == 0
    assert [path.name for path in (tmp_path / "one" / "runs").iterdir()] == [f"{site.bare.id}.html"]
    for wrong, words in (
        (["--to", "site"], "takes a run, or --all"),
        (["bare", "--all", "--to", "zip"], "--all is for --to site"),
        (["bare", "whole", "--to", "zip"], "takes one run"),
        (["bare", str(tmp_path / "x"), "--output", str(tmp_path / "y"), "--to", "site"], "takes a run"),
        (["bare", "--to", "site", str(tmp_path / "none" / "x")], "there is no folder"),
    ):
        status, _, said = run(capsys, "export", *wrong)
        assert status == 2
        assert words in " ".join(said.split())


def test_a_notebook_gets_a_frame_with_all_in_it(site):
    shown = aecore.show(site.whole, "interpolate", height=500)
    ((tag, frame),) = Tags(shown._repr_html_()).tags
    assert (tag, frame["sandbox"]) == ("iframe", "allow-scripts allow-downloads")
    assert "height: 500px" in str(frame["style"])
    assert frame["srcdoc"] == shown.page == html.unescape(html.escape(shown.page))
    assert not [attributes for _, attributes in Tags(shown.page).tags if attributes.get("src")]
    assert len(repr(shown)) < 200 + len(HOSTILE)
    with pytest.raises(UserError, match="did you mean 'replay'"):
        aecore.show(site.whole, "replays")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="height"):
        aecore.show(site.whole, "replay", height=0)
