"""Code shared by the pages: cached reads, widgets, charts, browser components, style."""
