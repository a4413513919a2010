"""What all pages of the site share: style, head, addresses."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from urllib.parse import quote

import aecore

_HERE = Path(__file__).parent
_ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" aria-hidden="true"><g fill="#5B8BD9">
<path d="M2 4 13 12v8L2 28Z"/><path d="M30 4 19 12v8l11 8Z" opacity=".65"/>
<rect x="14.5" y="12" width="3" height="8" rx="1" fill="#EE7733"/></g></svg>"""


@cache
def style() -> str:
    return (_HERE / "site.css").read_text()


def icon() -> str:
    """The site's icon as an address."""
    return "data:image/svg+xml;base64," + base64.b64encode(_ICON.encode()).decode()


def head(back: str = "") -> str:
    """The bar above a page; `back` is the address of the list of runs, empty on that page itself."""
    name = f"{_ICON}Autoencoder Lab"
    return f'<header class="bar"><a class="home" href="{back or "index.html"}">{name}</a></header>'


def foot(text: str) -> str:
    """The lines below a page, of which `text` is markup."""
    return f"<footer>{text}{' · ' if text else ''}made with aecore {aecore.__version__}</footer>"


def address_of(run_id: str) -> str:
    """The page of a run, from the folder of such pages."""
    return quote(f"{run_id}.html")
