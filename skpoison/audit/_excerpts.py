"""Rows shown as what they are: thumbnails, excerpts with the telling words, unusual cells."""

import base64
import io
import warnings

import numpy as np
from PIL import Image, ImageOps

from skpoison.audit._cells import cell_excerpts
from skpoison.audit._words import text_excerpts

THUMBNAIL_SIDE = 96  # pixels
SMALL_SIDE = 64  # images up to here are kept without loss
FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]


def excerpts(data, labels, likelier, positions):
    """What to show of some rows.

    Parameters
    ----------
    data : AuditData
        The rows.

    labels, likelier : ndarray of shape (n_samples,)
        Label of each row, and the one that suits it best.

    positions : ndarray of int of shape (n_shown,)
        The rows to show.

    Returns
    -------
    columns : list of str or None
        Names of the columns, where the rows are tables or features.

    shown : dict of int to object
        Under the position of each row: of an image, its data URI; of a text, pairs of a piece and
        whether it tells; of a table, a pair of a cell and what is unusual about it ("" for nothing)
        for each column.
    """
    if data.kind == "images":
        return None, {row: thumbnail(data, row) for row in positions.tolist()}
    if not data.is_classification:
        labels = likelier = np.zeros(len(labels), dtype=int)
    if data.kind == "text":
        return None, text_excerpts(data.X, labels, likelier, positions)
    return cell_excerpts(data.X, labels, positions)


def thumbnail(data, row):
    """A small copy of an image as a data URI; from its file where it has one that can be read."""
    image = _image_file(data.paths[row]) if data.paths is not None else None
    if image is None:
        image = _image_array(np.asarray(data.X[row]))
    file = io.BytesIO()
    if max(image.size) <= SMALL_SIDE:
        image.save(file, "PNG", optimize=True)
        mime = "png"
    else:
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        image.convert("RGB").save(file, "JPEG", quality=75)
        mime = "jpeg"
    return f"data:image/{mime};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def _image_file(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FORMATS) as image:
                image.draft("RGB", (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
                image = ImageOps.exif_transpose(image)
                return image.convert("RGBA" if "A" in image.getbands() else "RGB")
        except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
            return None


def _image_array(pixels):
    if pixels.ndim == 3 and pixels.shape[2] not in (3, 4):
        pixels = pixels.mean(axis=2)
    if pixels.dtype != np.uint8:
        pixels = np.nan_to_num(pixels.astype(float))
        low, high = min(pixels.min(), 0.0), max(pixels.max(), 1.0)
        pixels = np.round(255 * (pixels - low) / (high - low)).astype(np.uint8)
    return Image.fromarray(pixels)
