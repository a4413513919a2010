"""What the pages share: reading runs, forms, charts, image sheets, style."""
