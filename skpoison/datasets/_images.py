"""`load_images`: real images as rows for scikit-learn."""

from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

from skpoison._typing import FilePath
from skpoison.datasets._catalogue import IMAGE_SETS
from skpoison.datasets._fetch import find_images
from skpoison.datasets._readers import read_images


@validate_params(
    {
        "name": "no_validation",
        "classes": ["array-like", None],
        "subset": [StrOptions({"train", "test", "all"})],
        "data_home": [str, PathLike, None],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_images(
    name: str,
    *,
    classes: Sequence | None = None,
    subset: str = "all",
    data_home: FilePath | None = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
) -> Bunch:
    """Load real images as rows of floats in [0, 1].

    ``"digits"`` ships with scikit-learn. The others are read from ``data_home``, the folder
    that the environment variable ``SKPOISON_DATA`` names or the user's cache, whichever has a
    copy first, and are fetched from their authors otherwise, checked against the published
    checksum. A folder may hold a NumPy archive (``mnist.npz``, ``fashion_mnist.npz``,
    ``cifar10.npz``, with ``x_train, y_train, x_test, y_test``), the original IDX files,
    compressed or not, in a folder ``mnist`` or ``fashion_mnist``, or CIFAR-10's binary version,
    ``cifar-10-binary.tar.gz`` or its folder ``cifar-10-batches-bin``. A
    ``cifar10_airplane_automobile.npz`` with classes 0 and 1 alone serves where only these are
    needed.

    Parameters
    ----------
    name : {"mnist", "fashion_mnist", "cifar10", "digits"}
        The image set.

    classes : array-like of int or None, default=None
        The classes to keep, at least two of 0 to 9. None keeps all that the file has.

    subset : {"train", "test", "all"}, default="all"
        The published training or test images, or both, training images first. ``"digits"``
        has no published split: use ``"all"`` and :func:`split_rows`.

    data_home : str, path-like or None, default=None
        The folder to look into first, and to fetch missing files into.

    download_if_missing : bool, default=True
        If False, raise an OSError where no copy is found, and fetch nothing.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` alone.

    Returns
    -------
    images : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the attributes

        data : ndarray of shape (n_samples, height * width * channels), float32
            One image a row, pixels in [0, 1].
        target : ndarray of shape (n_samples,), int64
            Labels, numbered as published.
        target_names : ndarray of shape (10,)
            Names of the classes: ``target_names[target]`` are those of the rows.
        subset : ndarray of shape (n_samples,)
            For each row "train" or "test", or "all" where there is no published split.
        image_shape : tuple of int
            ``(height, width, channels)``.
        DESCR : str
            What the images are and where they were read.

    (data, target) : tuple
        If ``return_X_y`` is True.

    Raises
    ------
    ValueError
        If a name or a class is unknown, or a class is not in the file that was found.
    OSError
        If there is no copy and none can be fetched, or a file is broken. The message names the
        file or says where to put one.

    Examples
    --------
    >>> from skpoison.datasets import load_images
    >>> digits = load_images("digits", classes=(4, 9))
    >>> digits.data.shape, digits.data.dtype, digits.image_shape
    ((361, 64), dtype('float32'), (8, 8, 1))
    """
    _check_name(name)
    classes = _check_classes(classes)
    if name == "digits":
        pixels, target, part, about = _load_digits(subset)
    else:
        path = find_images(name, IMAGE_SETS[name], data_home, download_if_missing)
        pixels, target, part, about = _load_image_set(IMAGE_SETS[name], path, classes)

    keep = np.ones(len(target), bool) if subset == "all" else part == subset
    if classes is not None:
        keep &= np.isin(target, classes)
    data = pixels[keep].reshape(keep.sum(), -1).astype(np.float32)
    data /= 16 if name == "digits" else 255
    target = target[keep].astype(np.int64)
    if return_X_y:
        return data, target
    return Bunch(data=data, target=target, subset=part[keep], **about)


def _check_name(name):
    known = sorted([*IMAGE_SETS, "digits"])
    if isinstance(name, str) and name in known:
        return
    hint = ""
    if isinstance(name, (str, PathLike)) and Path(name).is_dir():
        hint = " skpoison.audit.read_source reads a folder of pictures of your own."
    raise ValueError(
        f"The 'name' parameter of load_images must be one of {known}, got {name!r}.{hint}"
    )


def _load_digits(subset):
    if subset != "all":
        raise ValueError(
            f"subset={subset!r}, but digits has no published split; 'all' is accepted. "
            "Divide the rows with split_rows."
        )
    digits = load_digits()
    about = {
        "target_names": digits.target_names.astype(str),
        "image_shape": (8, 8, 1),
        "DESCR": "Handwritten digits (UCI), 8x8 grey pixels; shipped with scikit-learn.",
    }
    return digits.images, digits.target, np.full(len(digits.target), "all"), about


def _load_image_set(image_set, path, classes):
    x_train, y_train, x_test, y_test = read_images(path, image_set)
    target = np.concatenate([y_train, y_test])
    there = np.unique(target).tolist()
    if classes is not None and not set(classes) <= set(there):
        raise ValueError(
            f"classes={tuple(classes)}, but {path} holds only the classes {there}. Ask for these, "
            "or put a file with all classes into the same folder."
        )
    about = {
        "target_names": np.array(image_set.target_names),
        "image_shape": image_set.image_shape,
        "DESCR": f"{image_set.description} Read from {path}.",
    }
    part = np.repeat(["train", "test"], [len(y_train), len(y_test)])
    return np.concatenate([x_train, x_test]), target, part, about


def _check_classes(classes):
    """Classes as a sorted list of int, or None; every image set has the classes 0 to 9."""
    if classes is None:
        return None
    kept = list(classes)
    if not all(isinstance(label, Integral) and 0 <= label <= 9 for label in kept):
        raise ValueError(f"classes={classes!r}; integers from 0 to 9 are accepted.")
    if len(set(kept)) < 2:
        raise ValueError(f"classes={classes!r}; at least two different classes are needed.")
    return sorted({int(label) for label in kept})
