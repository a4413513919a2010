"""The gallery as a folder of pages that any static host serves, and that open as files: no server, no network."""

from aecore.site.write import Site, check_place, write_site

__all__ = ["Site", "check_place", "write_site"]
