"""NumPy's archives from anywhere: sizes are looked at before anything is unpacked."""

import io
import math
import zipfile
from pathlib import PurePosixPath

import numpy as np

from skpoison.utils._files import named

MAX_BYTES = 2**31  # of all that an archive unpacks to


def check_archive(archive, max_bytes=MAX_BYTES):
    """Check that a zip archive of NumPy arrays is safe to read.

    Parameters
    ----------
    archive : zipfile.ZipFile
        The archive.

    max_bytes : int, default=2**31
        What it may unpack to.

    Raises
    ------
    ValueError
        If it unpacks to more, a member's path leaves the folder, an array is said to be larger than
        what is there, or holds Python objects.
    """
    members = archive.infolist()
    size = sum(member.file_size for member in members)
    if size > max_bytes:
        raise ValueError(f"it unpacks to {size:,} bytes, more than the {max_bytes:,} accepted")
    for member in members:
        place = PurePosixPath(member.filename.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts:
            raise ValueError(f"its member {member.filename!r} leaves the folder")
        if member.filename.endswith(".npy"):
            with archive.open(member) as file:
                check_header(file, member.filename.removesuffix(".npy"), member.file_size)


def check_header(file, name, size):
    """Refuse a header that declares objects, or more values than there are bytes.

    Parameters
    ----------
    file : file-like
        Stands at the first byte of an array in NumPy's format.

    name : str
        What the array is called in an error.

    size : int
        Bytes of the header and the values.

    Raises
    ------
    ValueError
        If it does, or is no header.
    """
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version, np.lib.format.read_array_header_2_0)
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError(f"{name!r} holds Python objects, which are never read")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"{name!r} declares shape {shape}, more than the file holds")


def load_arrays(path):
    """Read all arrays of an ``.npz`` archive.

    Parameters
    ----------
    path : path-like
        The archive.

    Returns
    -------
    arrays : dict of str to ndarray

    Raises
    ------
    OSError
        If the file is not there, broken, or unpacks to more than 2 GiB.
    """
    with named(path):
        with zipfile.ZipFile(path) as archive:
            check_archive(archive)
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)


def save_arrays(path, **arrays):
    """Write a compressed ``.npz`` archive.

    NumPy 2.0 leaves an archive open that it could not write, for which Python prints a traceback.

    Parameters
    ----------
    path : pathlib.Path
        The archive.

    **arrays : ndarray
        What it holds.
    """
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    path.write_bytes(content.getvalue())
