"""Browser components: one folder each, with HTML, CSS and JavaScript."""
