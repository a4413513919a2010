"""A report as one HTML file: no server, no network, no script but the slider's."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
from PIL import Image

from aecore.drawing import write
from aecore.drawing.items import pixels_of
from aecore.reports.handin.document import Block, Cell, Document, Figure, Lane, Paragraph, Scrubber, Section, Table

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b2028; --muted: #5a6270; --rule: #d5d9e0; --accent: #2f5da8;
  --warn: #fdf3e3; --warn-rule: #c8791a; }
@media (prefers-color-scheme: dark) { :root { --paper: #101318; --ink: #e6e9ee; --muted: #a3abb8; --rule: #39414d;
  --accent: #7ba4ea; --warn: #2c2314; --warn-rule: #d99a45; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 900px; padding: 24px 20px 64px; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Source Sans 3", Helvetica, Arial, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; } h2 { font-size: 21px; margin: 40px 0 8px; }
header p, figcaption, .note { color: var(--muted); font-size: 14px; } header p { margin: 0; }
p { margin: 8px 0; } p.warning { background: var(--warn); border-left: 3px solid var(--warn-rule); padding: 8px 12px; }
figure { margin: 20px 0; } figcaption { margin: 6px 0; text-align: left; }
figure > img { max-width: 100%; background: #fff; border: 1px solid var(--rule); border-radius: 6px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; min-width: 320px; overflow-wrap: normal; }
thead th { border-bottom: 1.5px solid var(--ink); border-top: 1.5px solid var(--ink); vertical-align: bottom; }
tbody tr:last-child > * { border-bottom: 1.5px solid var(--ink); }
th, td { padding: 4px 12px 4px 0; text-align: left; font-weight: normal; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
nav { margin: 16px 0 0; font-size: 14px; display: flex; flex-wrap: wrap; gap: 4px 16px; } a { color: var(--accent); }
.lanes { display: flex; flex-wrap: wrap; gap: 16px; align-items: end; margin: 12px 0; }
.lanes > div { font-size: 13px; color: var(--muted); width: 128px; }
.frame { display: block; width: 128px; background-repeat: no-repeat; image-rendering: pixelated;
  border: 1px solid var(--rule); }
input[type=range] { width: 100%; max-width: 620px; accent-color: var(--accent); height: 28px; }
@media print {
  nav, .scrubber { display: none; } body { max-width: none; padding: 0; } figure, table { break-inside: avoid; }
}
"""
_SCRIPT = """
for (const figure of document.querySelectorAll(".scrubber")) {
  const slider = figure.querySelector("input"), said = figure.querySelector("output");
  const show = () => {
    const share = slider.value / slider.max;
    for (const frame of figure.querySelectorAll("[data-frames]"))
      frame.style.backgroundPosition = `0 ${100 * slider.value / (frame.dataset.frames - 1)}%`;
    said.textContent = `${Math.round(100 * share)} %`;
    slider.setAttribute("aria-valuetext", `${said.textContent} of the way`);
  };
  slider.addEventListener("input", show);
  show();
}
"""


def html_page(document: Document) -> str:
    """The report as one file with all figures in it: charts and sheets as SVG, an interpolation that one can scrub."""
    links = "".join(f'<a href="#{_anchor(i)}">{_text(s.title)}</a>' for i, s in enumerate(document.sections))
    body = "\n".join(_section(section, i) for i, section in enumerate(document.sections))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(document.title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<header><h1>{_text(document.title)}</h1><p>{_text(document.about)}</p><nav>{links}</nav></header>
<main>
{body}
</main>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _section(section: Section, number: int) -> str:
    blocks = "\n".join(map(_block, section.blocks))
    return f'<section><h2 id="{_anchor(number)}">{_text(section.title)}</h2>\n{blocks}\n</section>'


def _anchor(number: int) -> str:
    return f"section-{number + 1}"


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            look = ' class="warning"' if block.warning else ""
            return f"<p{look}>{_text(block.text)}</p>"
        case Table():
            return _table(block)
        case Figure():
            # An image of its own: the names inside of one SVG must not meet those of another.
            content = base64.b64encode(write(block.drawing, "svg")).decode()
            picture = (
                f'<img alt="{_text(block.drawing.title or block.caption)}" src="data:image/svg+xml;base64,{content}">'
            )
            return f'<figure id="{block.name}">{picture}<figcaption>{_text(block.caption)}</figcaption></figure>'
        case Scrubber():
            return _scrubber(block)


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col"{_number(i, table)}>{_text(text)}</th>' for i, text in enumerate(table.head))
    rows = "\n".join(f"<tr>{''.join(_cell(i, cell, table) for i, cell in enumerate(row))}</tr>" for row in table.rows)
    note = f'<p class="note">{_text(table.note)}</p>' if table.note else ""
    return (
        f'<figure id="{table.name}"><figcaption>{_text(table.caption)}</figcaption><div class="wide"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}</figure>"
    )


def _cell(column: int, cell: Cell, table: Table) -> str:
    text = f"<strong>{_text(cell.text)}</strong>" if cell.strong else _text(cell.text)
    return f'<th scope="row">{text}</th>' if column == 0 else f"<td{_number(column, table)}>{text}</td>"


def _number(column: int, table: Table) -> str:
    return ' class="number"' if column >= table.words else ""


def _scrubber(block: Scrubber) -> str:
    ends = [_frame(block.ends[i : i + 1], name) for i, name in enumerate(block.names)]
    lanes = "".join(_lane(lane) for lane in block.lanes)
    steps = max(len(lane.frames) for lane in block.lanes) - 1
    range_of = f'min="0" max="{steps}" value="{steps // 2}" step="1"'
    slider = f'<input type="range" {range_of} aria-label="Place between the images">'
    return (
        f'<figure class="scrubber"><figcaption>{_text(block.caption)}</figcaption>{slider} <output></output>'
        f'<div class="lanes"><div>{ends[0]}from {_text(block.names[0])}</div>{lanes}'
        f"<div>{ends[1]}to {_text(block.names[1])}</div></div></figure>"
    )


def _lane(lane: Lane) -> str:
    return f"<div>{_frame(lane.frames, f'interpolation of {lane.name}', moving=True)}{_text(lane.name)}</div>"


def _frame(frames: np.ndarray, name: str, *, moving: bool = False) -> str:
    """Frames (F, C, H, W) below each other as one picture, of which one frame is seen."""
    count, _, height, width = frames.shape
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate([pixels_of(frame) for frame in frames])).save(buffer, "PNG", optimize=True)
    uri = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    style = f"aspect-ratio:{width}/{height};background-image:url({uri});background-size:100% {100 * count}%"
    frames_of = f' data-frames="{count}"' if moving else ""
    return f'<span class="frame" role="img" aria-label="{_text(name)}"{frames_of} style="{style}"></span>'


def _text(text: str) -> str:
    """Text for elements and attributes; control characters have no place in HTML."""
    return html.escape("".join(sign for sign in text if sign >= " " or sign == "\n"))
