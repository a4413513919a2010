"""What the Denoise page is made of: its controls, what it shows, the rows it compares, and pictures of one's own."""
