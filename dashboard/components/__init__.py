"""What runs in the browser: one folder a component, with its html, css and JavaScript."""
