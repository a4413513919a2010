"""Parts of the Restore page: controls, the batch it shows, the rows it compares, the image sheet."""
