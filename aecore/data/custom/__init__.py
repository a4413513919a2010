"""Image sets of the user: `.npz` files and folders of images."""
