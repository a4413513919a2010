"""The user's own images: `.npz` files and folders of images."""
