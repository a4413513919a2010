"""Reading the tables of a report."""

from __future__ import annotations

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """The tables of a report's HTML by id, as rows of texts; its strong cells, warnings, images and addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.strong: list[str] = []
        self.warnings: list[str] = []
        self.headings: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self._figure, self._open = "", []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.addresses += [value for name in ("src", "href") if (value := found.get(name))]
        if tag == "figure":
            self._figure = found.get("id") or ""
        if tag == "table":
            self.tables[self._figure] = []
        if tag == "tr":
            self.tables[self._figure].append([])
        if tag in ("td", "th"):
            self.tables[self._figure][-1].append("")
        if tag == "p" and found.get("class") == "warning":
            self.warnings.append("")
            tag = "warning"
        if tag in ("h1", "h2"):
            self.headings.append("")
        if tag not in ("img", "meta", "input", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if {"style", "script"} & set(self._open):
            return
        self.text += data
        if {"td", "th"} & set(self._open):
            self.tables[self._figure][-1][-1] += data
        if "strong" in self._open:
            self.strong.append(data)
        if self._open and self._open[-1] == "warning":
            self.warnings[-1] += data
        if {"h1", "h2"} & set(self._open):
            self.headings[-1] += data


def latex_rows(text: str) -> list[list[str]]:
    """The rows of a LaTeX table as plain texts."""
    rows = []
    for line in text.splitlines():
        if not line.endswith(r"\\") or " & " not in line:
            continue
        cells = re.split(r"(?<!\\) & ", line.removesuffix(r"\\"))
        rows.append([_plain(cell) for cell in cells])
    return rows


def _plain(cell: str) -> str:
    cell = cell.replace(r"\allowbreak{}", "").replace("-{}", "-").replace(r"\%", "%").replace(r"\_", "_")
    cell = re.sub(r"\\textbf\{(.*)\}$", r"\1", cell)
    return cell.replace(r"\ensuremath{\infty}", "∞").replace("--", "–").strip()
