"""Parts of the Denoise page: controls, the batch it shows, the rows it compares, the image sheet."""
