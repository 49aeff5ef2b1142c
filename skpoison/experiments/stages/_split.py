"""The rows of a run."""

from functools import lru_cache

import numpy as np

from skpoison.datasets import load_images, split_rows
from skpoison.utils._archives import save_arrays

PARTS = 6  # the last part of the data is for the assessment runs


def split(folder, seed, needs, *, dataset, classes, purpose, number, sizes, partition_seed):
    """Draw the rows of one run and keep them: all later stages do without the data set.

    Writes ``rows.npz``: images and labels of the victim's, the attacker's and the test rows
    (X_train, y_train, X_val, ...), their positions in ``load_images(dataset, classes=classes)``
    (i_train, i_val, i_test) and image_shape.
    """
    images = _load_images(dataset, tuple(classes))
    rows = np.random.default_rng(partition_seed).permutation(len(images.target))
    border = len(rows) * (PARTS - 1) // PARTS
    part = np.sort(rows[:border] if purpose == "training" else rows[border:])
    try:
        drawn = split_rows(images.target[part], **sizes, random_state=seed)
    except ValueError as error:
        raise ValueError(
            f"{purpose} runs draw from {len(part)} of the {len(rows)} rows of {dataset!r}: {error}"
        ) from error
    arrays = {"image_shape": np.array(images.image_shape)}
    for name, indices in zip(("train", "val", "test"), drawn, strict=True):
        arrays[f"i_{name}"] = part[indices]
        arrays[f"X_{name}"] = images.data[part[indices]]
        arrays[f"y_{name}"] = images.target[part[indices]]
    save_arrays(folder / "rows.npz", **arrays)


_load_images = lru_cache(maxsize=1)(
    lambda dataset, classes: load_images(dataset, classes=list(classes))
)
