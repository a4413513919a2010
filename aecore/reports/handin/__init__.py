"""The report to hand in: runs as one HTML file that opens anywhere, and as LaTeX with tables and figures.

    from aecore.reports.handin import collect, html_page, latex_files
    html_page(collect([run]))

`contents` decides what stands in it, `document` is its form before it is HTML or LaTeX.
"""

from aecore.reports.handin.contents import collect
from aecore.reports.handin.html import html_page
from aecore.reports.handin.latex import latex_files
from aecore.reports.handin.write import packed_report, write_report

__all__ = ["collect", "html_page", "latex_files", "packed_report", "write_report"]
