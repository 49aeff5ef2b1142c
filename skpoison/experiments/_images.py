"""The poison of every run as a picture."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.image import imsave

from skpoison._typing import FilePath
from skpoison.experiments._plan import plan
from skpoison.experiments._store import Store
from skpoison.experiments.stages._sets import arrays_of
from skpoison.utils._files import write_whole

COLUMNS = 10


def write_images(protocol: Any, out: FilePath) -> None:
    """Write one PNG sheet a run and attack: its poison rows in their order, ten in a line.

    Parameters
    ----------
    protocol : Protocol
        An experiment whose attack stage is done.

    out : str or path-like
        Its folder; the sheets are written to ``images/ATTACK-RUN.png`` in it.
    """
    out = Path(out)
    store = Store(out)
    (out / "images").mkdir(exist_ok=True)
    for unit in plan(protocol)[0]["attack"]:
        (shape,) = arrays_of(store.folder(unit.needs[0]) / "rows.npz", "image_shape")
        (poison,) = arrays_of(store.folder(unit) / "poison.npz", "X")
        picture = io.BytesIO()
        imsave(picture, contact_sheet(poison, shape), format="png")
        write_whole(out / "images" / f"{unit.name}.png", picture.getvalue())


def contact_sheet(X, image_shape):
    """Lay images side by side, with a white line between them.

    Parameters
    ----------
    X : ndarray of shape (n_images, height * width * channels)
        Pixels in [0, 1].

    image_shape : tuple of int
        ``(height, width, channels)``.

    Returns
    -------
    sheet : ndarray of shape (sheet_height, sheet_width, 3)
        Pixels in [0, 1].
    """
    height, width, channels = image_shape
    n_lines = -(-len(X) // COLUMNS)
    sheet = np.ones((n_lines * (height + 1) - 1, COLUMNS * (width + 1) - 1, 3))
    for place, image in enumerate(np.reshape(X, (len(X), height, width, channels))):
        line, column = divmod(place, COLUMNS)
        top, left = line * (height + 1), column * (width + 1)
        sheet[top : top + height, left : left + width] = np.clip(image, 0, 1)
    return sheet
