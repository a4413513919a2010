"""The linker of the browser's scripts: an entry file and all that it imports, as the text of one module.

Streamlit takes a component's script as one text, and a page that opens without a server holds its script in itself.
The sources are plain ES modules, which `node --test` and `tsc` read as they are; here they are joined. Each module but
the entry becomes a function that is called once and returns its exports, so private names never meet:

    const $camera = (() => { …the module…; return { homeCamera, turnCamera }; })();

Imports and exports begin at the start of a line and are of the few forms below; anything else is refused. A module
may not import one that imports it, as its names would not be there yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from aecore.errors import AecoreError

_ROOT = Path(__file__).parents[2]
_NAME = r"[A-Za-z_][\w$]*"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"\n]+)";$', re.MULTILINE)
_EXPORT = re.compile(rf"^export (?=(?:async function|function\*?|const|class) ({_NAME})\b)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default (?=\S)", re.MULTILINE)
_DECLARED = re.compile(rf"^(?:export )?(?:async )?(?:function\*?|const|let|var|class) ({_NAME})\b", re.MULTILINE)
_STATEMENT = re.compile(r"^(?:import|export)\b", re.MULTILINE)
_RUNTIME = re.compile(r"\bimport\s*[(.]")
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", re.DOTALL)
_SUPPORTED = (
    'only `import { a, b as c } from "./file.js";` and `export` before a function, class or const are supported, '
    "and `export default` in an entry"
)


class LinkError(AecoreError):
    """A script that cannot be linked: the file, the line and why."""


@dataclass
class _Module:
    path: Path
    text: str
    exports: set[str] = field(default_factory=set)
    has_default: bool = False
    imports: list[tuple[int, Path, dict[str, str]]] = field(default_factory=list)
    """Position of the statement, the file, and exported names by local ones."""

    def error(self, at: int, why: str) -> LinkError:
        return LinkError(f"{_shown(self.path)}, line {self.text.count(chr(10), 0, at) + 1}: {why}")


@cache
def link(entry: Path) -> str:
    """The module at `entry` with everything that it imports, as one module with the entry's own exports.

    Raises `LinkError` where a file or a name is missing, modules import each other, or a form is not supported.
    """
    modules = _ordered(entry.resolve())
    names = _variables(modules)
    return "\n".join(_written(module, names, is_entry=module is modules[-1]) for module in modules)


def _ordered(entry: Path) -> list[_Module]:
    """All modules, each after those that it imports."""
    done: dict[Path, _Module] = {}
    under_way: list[Path] = []

    def visit(path: Path) -> _Module:
        if path in done:
            return done[path]
        module = _parsed(path)
        under_way.append(path)
        for at, target, wanted in module.imports:
            if target in under_way:
                way = " → ".join(_shown(one) for one in [*under_way[under_way.index(target) :], target])
                raise module.error(at, f"modules import each other: {way}")
            if not target.is_file():
                raise module.error(at, f"there is no file {_shown(target)}")
            imported = visit(target)
            if imported.has_default:
                raise module.error(at, f"{_shown(target)} has a default export, which only an entry may have")
            for name in wanted.values():
                if name not in imported.exports:
                    raise module.error(at, f"{_shown(target)} has no export {name}")
        under_way.pop()
        done[path] = module
        return module

    if not entry.is_file():
        raise LinkError(f"there is no script {_shown(entry)}")
    visit(entry)
    return list(done.values())


def _parsed(path: Path) -> _Module:
    module = _Module(path, path.read_text(encoding="utf-8"))
    text = module.text
    known: set[int] = set()
    declared: dict[str, int] = {}

    def declare(name: str, at: int) -> None:
        if name in declared:
            raise module.error(at, f"{name} is declared twice")
        declared[name] = at

    for found in _IMPORT.finditer(text):
        known.add(found.start())
        names = {}
        for one in filter(None, (part.strip() for part in found[1].split(","))):
            words = re.fullmatch(rf"({_NAME})(?: as ({_NAME}))?", one)
            if words is None or not found[2].startswith("."):
                raise module.error(found.start(), _SUPPORTED)
            local = words[2] or words[1]
            declare(local, found.start())
            names[local] = words[1]
        module.imports.append((found.start(), (path.parent / found[2]).resolve(), names))
    for found in _DECLARED.finditer(text):
        declare(found[1], found.start())
    for found in _EXPORT.finditer(text):
        known.add(found.start())
        module.exports.add(found[1])
    for found in _DEFAULT.finditer(text):
        known.add(found.start())
        if module.has_default:
            raise module.error(found.start(), "a second default export")
        module.has_default = True
    for found in _STATEMENT.finditer(text):
        if found.start() not in known:
            raise module.error(found.start(), _SUPPORTED)
    bare = _COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), text)
    if found := _RUNTIME.search(bare):
        raise module.error(found.start(), "import() and import.meta have no meaning in a linked script")
    return module


def _variables(modules: list[_Module]) -> dict[Path, str]:
    """A name for the exports of each module; `$` keeps it apart from what the sources declare."""
    names: dict[Path, str] = {}
    for module in modules:
        base = "$" + re.sub(r"\W", "_", module.path.stem)
        count = 1 + sum(name == base or name.startswith(f"{base}$") for name in names.values())
        names[module.path] = base if count == 1 else f"{base}${count}"
    return names


def _written(module: _Module, names: dict[Path, str], is_entry: bool) -> str:
    taken = {at: (names[target], wanted) for at, target, wanted in module.imports}

    def destructured(found: re.Match[str]) -> str:
        variable, wanted = taken[found.start()]
        fields = ", ".join(name if name == local else f"{name}: {local}" for local, name in wanted.items())
        return f"const {{ {fields} }} = {variable};"

    text = _IMPORT.sub(destructured, module.text).strip("\n")
    head = f"// ==== {_shown(module.path)}\n"
    if is_entry:
        return f"{head}{text}\n"
    exports = ", ".join(sorted(module.exports))
    return f"{head}const {names[module.path]} = (() => {{\n{_EXPORT.sub('', text)}\nreturn {{ {exports} }};\n}})();\n"


def _shown(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else path.as_posix()
