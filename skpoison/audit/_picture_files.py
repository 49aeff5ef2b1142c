"""Pictures of any size and colour into one array."""

import io
import os
import warnings
from pathlib import Path

import numpy as np

from skpoison.audit._naming import counted, listed, rows_named

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
KEPT_SIDE = 224  # pictures of one size, up to this, are taken as they are
LONGEST_SIDE = 64  # of others
MAX_VALUES = 2**27  # of the array


def read_pictures(items, index, folder=None):
    """Read pictures into one array; broken ones are left out and named.

    Parameters
    ----------
    items : list of pathlib.Path, str or bytes
        Files, paths below `folder`, or files' contents.

    index : Index of shape (n_samples,)
        What each is called.

    folder : pathlib.Path, default=None
        Where paths given as str begin. What lies outside it is not read.

    Returns
    -------
    images : ndarray of shape (n_good, height, width) or (n_good, height, width, 3), dtype=uint8
        Grey where all are grey.

    good : ndarray of shape (n_good,)
        Positions of those that were read.

    notes : list of str

    Raises
    ------
    OSError
        If not one of them can be read.
    """
    opened = [_source(item, folder) for item in items]
    problems, sizes, is_colour = {}, {}, False
    for row, source in enumerate(opened):
        try:
            with _open(source) as picture:
                sizes[row] = picture.size
                is_colour = is_colour or _has_colour(picture)
        except MemoryError:
            raise
        except Exception as error:  # Pillow's formats raise a dozen classes
            problems[row] = error
    size, note = _common_size(list(sizes.values()), 3 if is_colour else 1)
    shape = (len(sizes), size[1], size[0], 3) if is_colour else (len(sizes), size[1], size[0])
    images, good = np.zeros(shape, np.uint8), []
    for row in sizes:
        try:
            with _open(opened[row]) as picture:
                images[len(good)] = _pixels(picture, size, "RGB" if is_colour else "L")
        except MemoryError:
            raise
        except Exception as error:
            problems[row] = error
        else:
            good.append(row)
    if not good:
        row = min(problems, default=None)
        first = f": {listed([index[row]])} ({_reason(problems[row])})" if problems else ""
        raise OSError(f"None of {counted(len(items), 'picture')} can be read{first}.")
    notes = [note]
    if problems:
        rows = sorted(problems)
        reasons = sorted({_reason(error) for error in problems.values()})
        notes.append(
            f"{counted(len(rows), 'picture')} left out because unreadable: "
            f"{rows_named(index, rows)} ({'; '.join(reasons[:3])})."
        )
    return images[: len(good)], np.array(good), notes


def pictures_at(items, size, n_colours, folder=None):
    """Read pictures that are known to be whole in a size of one's choice.

    Parameters
    ----------
    items : list of pathlib.Path, str, bytes or ndarray of dtype uint8
        As for :func:`read_pictures`, or pixels.

    size : (int, int)
        Width and height.

    n_colours : {1, 3}
        Grey, or red, green and blue.

    folder : pathlib.Path, default=None
        Where paths given as str begin.

    Returns
    -------
    images : ndarray of shape (n_items, height, width, n_colours), dtype=uint8
    """
    images = np.zeros((len(items), size[1], size[0], n_colours), np.uint8)
    for row, item in enumerate(items):
        with _open(_source(item, folder)) as picture:
            pixels = _pixels(picture, size, "RGB" if n_colours == 3 else "L")
        images[row] = pixels.reshape(images.shape[1:])
    return images


def _source(item, folder):
    """A path or bytes to open, or the error that says why not."""
    if isinstance(item, (bytes, Path, np.ndarray)):
        return item
    if not isinstance(item, str) or not item:
        return ValueError("no path")
    path = os.path.realpath(folder / item)
    root = os.path.realpath(folder)
    if os.path.commonpath([root, path]) != root:
        return ValueError("outside the table's folder")
    return Path(path)


def _open(source):
    from PIL import Image

    if isinstance(source, Exception):
        raise source
    if isinstance(source, np.ndarray):
        return Image.fromarray(source)
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    elif not source.is_file():
        raise FileNotFoundError("no such file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return Image.open(source, formats=FORMATS)


def _has_colour(picture):
    if picture.mode == "P":
        return bool(np.ptp(np.reshape(picture.getpalette(), (-1, 3)), axis=1).any())
    return picture.mode not in ("1", "L", "LA", "I", "F", "I;16", "I;16B")


def _common_size(sizes, n_channels):
    """Width and height of all: their one size, or their median with no side longer than 64.

    In all there are not more than 128 Mi values.
    """
    if not sizes:
        return (1, 1), ""
    same = len(set(sizes)) == 1
    width, height = (float(np.median(side)) for side in zip(*sizes, strict=True))
    longest = LONGEST_SIDE
    if same and len(sizes) * n_channels * _n_pixels(width, height, KEPT_SIDE) <= MAX_VALUES:
        longest = KEPT_SIDE if max(width, height) <= KEPT_SIDE else LONGEST_SIDE
    while len(sizes) * n_channels * _n_pixels(width, height, longest) > MAX_VALUES:
        longest -= 1
    scale = min(1.0, longest / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if same and scale == 1.0:
        return size, f"All pictures have {size[0]} x {size[1]} pixels."
    low, high = min(sizes), max(sizes)
    came = f"{low[0]} x {low[1]}" + ("" if same else f" to {high[0]} x {high[1]}")
    lost = ", where a trigger of a few pixels is lost" if scale < 1.0 else ""
    return size, f"Pictures of {came} pixels are scaled to {size[0]} x {size[1]}{lost}."


def _n_pixels(width, height, longest):
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)) * max(1, round(height * scale))


def _pixels(picture, size, mode):
    """Pixels of one picture, upright, in the common size."""
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture.draft(mode, (2 * size[0], 2 * size[1]))  # JPEG files are read at a fraction
        picture = ImageOps.exif_transpose(picture)
        if picture.mode.startswith("I;16"):
            picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
        picture = picture.convert(mode)
    if picture.size != size:
        is_larger = size[0] > picture.size[0] or size[1] > picture.size[1]
        how = Image.Resampling.BILINEAR if is_larger else Image.Resampling.BOX
        picture = picture.resize(size, how)
    return np.asarray(picture)


def _reason(error):
    from PIL import Image

    text = str(error)
    if "exceeds limit of" in text:
        return f"more than {Image.MAX_IMAGE_PIXELS:,} pixels"
    return "no picture" if "cannot identify" in text else text or type(error).__name__
