"""The linker of the browser's scripts: what it makes of modules, and what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aecore.viewer.link import LinkError, link
from tests.helpers.paths import ROOT

ENTRIES = [
    ROOT / "aecore" / "viewer" / "js" / "standalone.js",
    *sorted((ROOT / "aecore" / "viewer" / "components").glob("*/component.js")),
    *sorted((ROOT / "dashboard" / "components").glob("*/component.js")),
    ROOT / "dashboard" / "components" / "assets" / "carrier.js",
    ROOT / "dashboard" / "components" / "point_cloud" / "frames.js",
]


@pytest.fixture
def written(tmp_path):
    """Write scripts by name, and return the path of the first."""

    def write(**scripts: str) -> Path:
        for name, text in scripts.items():
            (tmp_path / f"{name}.js").write_text(text)
        return tmp_path / f"{next(iter(scripts))}.js"

    return write


def run(module: str, folder: Path) -> object:
    """What a module gives to `globalThis.result`."""
    script = folder / "linked.mjs"
    script.write_text(module + "\nconsole.log(JSON.stringify(globalThis.result));\n")
    done = subprocess.run(["node", str(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@needs_node
def test_private_names_of_modules_do_not_meet(written, tmp_path):
    entry = written(
        entry='import { one } from "./one.js";\nimport { two as second, two } from "./two.js";\n'
        "const hidden = two + 1;\nglobalThis.result = [one(), second, hidden];\n",
        one="const hidden = 1;\nexport function one() {\n  return hidden;\n}\n",
        two='import { one } from "./one.js";\n\nconst hidden = one() + 1;\nexport const two = hidden;\n',
    )
    assert run(link(entry), tmp_path) == [1, 2, 3]


@needs_node
def test_a_module_runs_once_however_many_import_it(written, tmp_path):
    entry = written(
        entry='import { a } from "./a.js";\nimport { b } from "./b.js";\nglobalThis.result = [a, b];\n',
        a='import { next } from "./counter.js";\nexport const a = next();\n',
        b='import {\n  next,\n} from "./counter.js";\nexport const b = next();\n',
        counter="let count = 0;\nexport const next = () => (count += 1);\n",
    )
    assert run(link(entry), tmp_path) == [1, 2]


@needs_node
def test_files_of_one_name_in_two_folders(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "words.js").write_text("export const word = 1;\n")
    (tmp_path / "deep" / "words.js").write_text(
        'import { word } from "../words.js";\nexport const deeper = word + 1;\n'
    )
    entry = tmp_path / "entry.js"
    entry.write_text(
        'import { word } from "./words.js";\nimport { deeper } from "./deep/words.js";\n'
        "globalThis.result = [word, deeper];\n"
    )
    assert run(link(entry), tmp_path) == [1, 2]


def test_the_entry_keeps_its_exports(written):
    entry = written(
        entry='import { a } from "./a.js";\n\nexport default function ({ data }) {\n  return a(data);\n}\n'
        "export const also = 1;\n",
        a="export const a = (x) => x;\n",
    )
    text = link(entry)
    assert text.count("export ") == 2
    assert "export default function ({ data }) {" in text
    assert "import " not in text
    assert "const { a } = $a;" in text


def test_comments_may_speak_of_imports(written):
    entry = written(
        entry='/** @import { Shape } from "./types.js" */\n// import("./x.js") is not supported\n'
        '/** @type {import("./types.js").Shape} */\nexport const shape = { url: "http://example.org" };\n'
    )
    assert "example.org" in link(entry)


@pytest.mark.parametrize(
    ("scripts", "said"),
    [
        ({"entry": 'import { a } from "./a.js";\n'}, "entry.js, line 1: there is no file"),
        (
            {"entry": '\n\nimport { b } from "./a.js";\n', "a": "export const a = 1;\n"},
            "line 3: .*a.js has no export b",
        ),
        (
            {
                "entry": 'import { a } from "./a.js";\n',
                "a": '// A.\nimport { b } from "./b.js";\nexport const a = b;\n',
                "b": 'import { a } from "./a.js";\nexport const b = a;\n',
            },
            r"b.js, line 1: modules import each other: .*a.js → .*b.js → .*a.js",
        ),
        ({"entry": 'import { e as f } from "./entry.js";\nexport const e = 1;\n'}, "modules import each other"),
        ({"entry": "const a = 1;\nfunction a() {}\n"}, "line 2: a is declared twice"),
        (
            {"entry": 'import { a } from "./a.js";\nconst a = 1;\n', "a": "export const a = 1;\n"},
            "line 2: a is declared twice",
        ),
        ({"entry": 'import a from "./a.js";\n', "a": ""}, "line 1: only `import"),
        ({"entry": 'import * as a from "./a.js";\n', "a": ""}, "line 1: only `import"),
        ({"entry": 'import "./a.js";\n', "a": ""}, "line 1: only `import"),
        ({"entry": 'import { a } from "library";\n'}, "line 1: only `import"),
        ({"entry": "const a = 1;\nexport { a };\n"}, "line 2: only `import"),
        ({"entry": "export let a = 1;\n"}, "line 1: only `import"),
        ({"entry": 'export * from "./a.js";\n', "a": ""}, "line 1: only `import"),
        ({"entry": "export const { a, b } = { a: 1, b: 2 };\n"}, "line 1: only `import"),
        ({"entry": 'const a = await import("./a.js");\n'}, "line 1: import"),
        ({"entry": "const a = 1;\nconst b = import.meta.url;\n"}, "line 2: import"),
        ({"entry": "export default 1;\nexport default 2;\n"}, "line 2: a second default export"),
        ({"entry": 'import { a } from "./a.js";\n', "a": "export const a = 1;\nexport default a;\n"}, "only an entry"),
    ],
)
def test_what_cannot_be_linked_is_one_line_with_its_place(written, scripts, said):
    with pytest.raises(LinkError, match=said) as caught:
        link(written(**scripts))
    assert "\n" not in str(caught.value)


def test_a_missing_entry_is_named(tmp_path):
    with pytest.raises(LinkError, match=r"there is no script .*nothing\.js"):
        link(tmp_path / "nothing.js")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda path: path.parent.name + "/" + path.name)
def test_our_own_scripts_link(entry, tmp_path):
    text = link(entry)
    assert text.count("export default") == (entry.name != "standalone.js")
    assert "</script" not in text  # it may stand in a page
    if shutil.which("node"):
        (tmp_path / "linked.mjs").write_text(text)
        subprocess.run(["node", "--check", str(tmp_path / "linked.mjs")], check=True)


def test_scripts_of_the_package_need_nothing_outside_it():
    for path in (ROOT / "aecore" / "viewer" / "js").glob("*.js"):
        assert "../" not in path.read_text(), path


def test_it_needs_neither_torch_nor_streamlit():
    code = """
import sys
import aecore.viewer.link
sys.exit(bool({"torch", "streamlit", "numpy"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
