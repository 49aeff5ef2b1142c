"""Reading image files: NumPy archives, IDX files and CIFAR-10's binary version, no pickle.

Every reader gives ``(x_train, y_train, x_test, y_test)``, uint8 images of shape
(n, height, width) or (n, height, width, channels) and integer labels of shape (n,), or raises
an OSError that names the file.
"""

import gzip
import io
import math
import struct
import tarfile
import zipfile

import numpy as np

from skpoison.datasets._catalogue import IDX_FILES
from skpoison.utils._archives import check_archive
from skpoison.utils._files import named

CIFAR_TRAIN_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
CIFAR_TEST_FILE = "test_batch.bin"
CIFAR_ROWS_A_FILE = 10_000
ADVICE = "Delete it or put a good copy in its place."
MAX_VALUES = 100_000_000  # of an IDX file; MNIST's largest has 47 million
MAX_TAR_BYTES = 2**28  # unpacked; CIFAR-10 has 185 million


def read_images(path, image_set):
    """Read one copy of an image set and check all of it.

    Parameters
    ----------
    path : pathlib.Path
        One of the set's places below a data folder.

    image_set : ImageSet
        What the files must hold.

    Returns
    -------
    x_train, y_train, x_test, y_test : ndarrays

    Raises
    ------
    OSError
        If a file cannot be read, is broken or truncated, or holds other shapes, dtypes or
        labels than the set's. The message begins with the file's path.
    """
    if path.suffix == ".npz":
        arrays = _read_npz(path)
    elif path.name.endswith(".tar.gz"):
        arrays = _read_cifar_archive(path, image_set.image_shape)
    elif path.name.endswith("-bin"):
        arrays = _read_cifar_folder(path, image_set.image_shape)
    else:
        arrays = tuple(_read_idx(idx_file(path, name)) for name in IDX_FILES)
    x_train, y_train, x_test, y_test = arrays
    _check_pair(path, "training", x_train, y_train, image_set)
    _check_pair(path, "test", x_test, y_test, image_set)
    return arrays


def is_there(path):
    """Tell whether a data folder holds a copy at ``path``; a folder counts with all its files."""
    if path.name.endswith("-bin"):
        return all((path / name).is_file() for name in (*CIFAR_TRAIN_FILES, CIFAR_TEST_FILE))
    if path.suffix:
        return path.is_file()
    return all(idx_file(path, name).is_file() for name in IDX_FILES)


def idx_file(folder, name):
    """Path of an IDX file: as it is published, compressed, or unpacked if only that is there."""
    unpacked = folder / name.removesuffix(".gz")
    return unpacked if unpacked.is_file() else folder / name


def _read_npz(path):
    with named(path, ADVICE):
        with zipfile.ZipFile(path) as archive:
            check_archive(archive)
        with np.load(path, allow_pickle=False) as arrays:
            return tuple(arrays[key] for key in ("x_train", "y_train", "x_test", "y_test"))


def _read_idx(path):
    """Read unsigned bytes in the format of MNIST: two zeros, type, dimensions, sizes, values."""
    with named(path, ADVICE), path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        with gzip.open(file) if packed else file as content:
            head = content.read(4)
            zeros, kind, n_dims = struct.unpack(">HBB", head)
            if zeros != 0 or kind != 8:
                raise ValueError(f"its first bytes are {head.hex()}, not an IDX file of uint8")
            shape = struct.unpack(f">{n_dims}I", content.read(4 * n_dims))
            size = math.prod(shape)
            if size > MAX_VALUES:
                raise ValueError(f"its header declares {size} values, more than {MAX_VALUES}")
            values = np.frombuffer(content.read(size + 1), np.uint8)  # a byte more is one too many
        return values.reshape(shape)


def _read_cifar_folder(path, image_shape):
    contents = {}
    for name in (*CIFAR_TRAIN_FILES, CIFAR_TEST_FILE):
        with named(path / name, ADVICE):
            contents[name] = (path / name).read_bytes()
    return _read_cifar(path, contents, image_shape)


def _read_cifar_archive(path, image_shape):
    """Read the archive in memory; nothing is unpacked to the disk."""
    contents = {}
    with named(path, ADVICE):
        with gzip.open(path) as packed:
            unpacked = packed.read(MAX_TAR_BYTES + 1)
        if len(unpacked) > MAX_TAR_BYTES:
            raise ValueError(f"it unpacks to more than the {MAX_TAR_BYTES:,} bytes accepted")
        with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if member.isfile() and name in (*CIFAR_TRAIN_FILES, CIFAR_TEST_FILE):
                    contents[name] = archive.extractfile(member).read()
    return _read_cifar(path, contents, image_shape)


def _read_cifar(path, contents, image_shape):
    def read(name):
        with named(path / name, ADVICE):
            return _parse_cifar(contents[name], image_shape)

    x_train, y_train = zip(*(read(name) for name in CIFAR_TRAIN_FILES), strict=True)
    return np.concatenate(x_train), np.concatenate(y_train), *read(CIFAR_TEST_FILE)


def _parse_cifar(content, image_shape):
    """Split records of one label byte and one image, stored colour after colour."""
    height, width, channels = image_shape
    records = np.frombuffer(content, np.uint8).reshape(CIFAR_ROWS_A_FILE, -1)
    images = records[:, 1:].reshape(-1, channels, height, width)
    return images.transpose(0, 2, 3, 1), records[:, 0]


def _check_pair(path, part, images, labels, image_set):
    """Raise an OSError unless images and labels are what the set holds."""
    height, width, channels = image_set.image_shape
    shape = (height, width) if channels == 1 else (height, width, channels)
    n_classes = len(image_set.target_names)
    if images.dtype != np.uint8 or images.shape[1:] != shape or len(images) == 0:
        problem = f"images of shape {images.shape} and dtype {images.dtype}"
        accepted = f"uint8 of shape (n, {', '.join(map(str, shape))})"
    elif labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        problem = f"labels of shape {labels.shape} and dtype {labels.dtype}"
        accepted = f"integers of shape ({len(images)},), one for each image"
    elif labels.min() < 0 or labels.max() >= n_classes:
        problem = f"labels from {labels.min()} to {labels.max()}"
        accepted = f"0 to {n_classes - 1}"
    else:
        return
    raise OSError(
        f"{path}: the {part} part has {problem}, where {accepted} is accepted. "
        "Delete it or put a good copy in its place."
    )
