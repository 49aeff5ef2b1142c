"""Loaders of real images, and the draw of one run's rows."""

from skpoison.datasets._images import load_images
from skpoison.datasets._splits import split_rows

__all__ = ["load_images", "split_rows"]
