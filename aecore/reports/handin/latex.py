"""A report as LaTeX: report.tex, a file for each table (booktabs) and a PDF for each figure."""

from __future__ import annotations

from collections.abc import Sequence

from aecore.drawing import write
from aecore.reports.handin.document import Block, Cell, Document, Figure, Paragraph, Scrubber, Table
from aecore.reports.handin.escape import breakable, latex

TEXT_WIDTH = 468.0
"""In points: figures that are narrower keep their size."""
COLUMNS = 4
"""The number of text columns after the first that fit side by side: of more runs, the table continues below."""
_HEAD = r"""\documentclass[11pt,a4paper]{article}
\usepackage[margin=25mm]{geometry}
\usepackage{array,booktabs,longtable,graphicx}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\setlength{\LTpre}{4pt}
\setlength{\LTpost}{8pt}
\makeatletter
\newenvironment{here}[1]% a figure or table that stays where it is
  {\par\medskip\noindent\begin{minipage}{\linewidth}\centering\small\def\@captype{#1}}
  {\end{minipage}\par\medskip}
\makeatother
\newcommand{\remark}[1]{\par\medskip\noindent\fbox{\parbox{\dimexpr\linewidth-2\fboxsep-2\fboxrule}{#1}}\par\medskip}
"""


def latex_files(document: Document) -> dict[str, bytes]:
    """The files by their path: compile report.tex with pdflatex."""
    files: dict[str, bytes] = {}
    body = [f"\\title{{{latex(document.title)}}}", "\\author{}", "\\date{}", "\\begin{document}", "\\maketitle"]
    body.append(f"{{\\small {latex(document.about)}}}\n")
    for section in document.sections:
        body.append(f"\\section{{{latex(section.title)}}}")
        for block in section.blocks:
            body += _block(block, files)
    files["report.tex"] = (_HEAD + "\n".join([*body, "\\end{document}", ""])).encode("ascii")
    return files


def _block(block: Block, files: dict[str, bytes]) -> list[str]:
    match block:
        case Paragraph():
            return [f"\\remark{{{latex(block.text)}}}" if block.warning else f"{latex(block.text)}\n"]
        case Table():
            return _table(block, files)
        case Figure():
            name = f"figures/{block.name}.pdf"
            files[name] = write(block.drawing, "pdf")
            share = min(1.0, block.drawing.width / TEXT_WIDTH)
            size = f"width={share:.3f}\\linewidth,height=0.8\\textheight,keepaspectratio"
            return [
                "\\begin{here}{figure}",
                f"\\includegraphics[{size}]{{{name}}}",
                f"\\caption{{{latex(block.caption)}}}\\label{{fig:{block.name}}}",
                "\\end{here}",
            ]
        case Scrubber():
            return []


def _table(table: Table, files: dict[str, bytes]) -> list[str]:
    lines: list[str] = []
    for number, (head, rows) in enumerate(_parts(table), 1):
        name = f"tables/{table.name}{'' if number == 1 else f'-{number}'}.tex"
        caption = table.caption if number == 1 else f"{table.caption.rstrip('.')}, continued."
        words = min(table.words, len(head))
        files[name] = _tabular(table, head, rows, words, caption).encode("ascii")
        if table.long:
            lines.append(f"{{\\small\\input{{{name}}}}}")
        else:
            lines += [
                "\\begin{here}{table}",
                f"\\caption{{{latex(caption)}}}\\label{{tab:{table.name}{'' if number == 1 else f'-{number}'}}}",
                f"\\input{{{name}}}",
                *([f"\\par\\smallskip{{\\footnotesize {latex(table.note)}}}"] if table.note else []),
                "\\end{here}",
            ]
    return lines


def _parts(table: Table) -> list[tuple[Sequence[str], Sequence[Sequence[Cell]]]]:
    """The table, or where it has a column of text for each of many runs, parts with some of them each."""
    if table.words < len(table.head) or len(table.head) - 1 <= COLUMNS:
        return [(table.head, table.rows)]
    return [
        ([table.head[0], *table.head[i : i + COLUMNS]], [[row[0], *row[i : i + COLUMNS]] for row in table.rows])
        for i in range(1, len(table.head), COLUMNS)
    ]


def _tabular(table: Table, head: Sequence[str], rows: Sequence[Sequence[Cell]], words: int, caption: str) -> str:
    numbers = len(head) - words
    # Text wraps in its column; numbers are as wide as they are.
    room = (0.99 - 0.027 * (len(head) - 1) - 0.115 * numbers) / max(words, 1)
    text = f">{{\\raggedright\\arraybackslash}}p{{{max(room, 0.12):.3f}\\linewidth}}"
    columns = text * words + "r" * numbers
    top = f"{_row([Cell(name) for name in head])}\n\\midrule"
    body = "\n".join(map(_row, rows))
    if table.long:
        return (
            f"\\begin{{longtable}}{{@{{}}{columns}@{{}}}}\n\\caption{{{latex(caption)}}}\\\\\n\\toprule\n{top}\n"
            f"\\endfirsthead\n\\toprule\n{top}\n\\endhead\n\\bottomrule\n\\endfoot\n{body}\n\\end{{longtable}}\n"
        )
    return f"\\begin{{tabular}}{{@{{}}{columns}@{{}}}}\n\\toprule\n{top}\n{body}\n\\bottomrule\n\\end{{tabular}}\n"


def _row(cells: Sequence[Cell]) -> str:
    texts = [f"\\textbf{{{breakable(cell.text)}}}" if cell.strong else breakable(cell.text) for cell in cells]
    return f"{' & '.join(texts)} \\\\"
