"""Streamlit searches all installed packages for components whenever a server or an `AppTest` starts: a sixth of a
second, hundreds of times. None of them comes or goes meanwhile."""

from __future__ import annotations

import functools
from unittest.mock import patch

from streamlit.components.v2 import manifest_scanner


def searched_once():
    """A context in which the packages are searched once in this process and in those that are forked from it."""
    return patch.object(
        manifest_scanner, "scan_component_manifests", functools.cache(manifest_scanner.scan_component_manifests)
    )
