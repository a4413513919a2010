"""Views that run in the browser: their scripts and payloads, and pages that open without a server."""
