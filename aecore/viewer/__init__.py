"""Views that run in the browser: their scripts, what they are given, and pages that open without a server."""
