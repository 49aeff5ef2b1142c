"""Files that are there whole or not at all."""

import os
from pathlib import Path
from uuid import uuid4


def write_whole(path, content):
    """Write a file: all of it or nothing, and what stood there before stays until then.

    Parameters
    ----------
    path : str or path-like
        The file.

    content : bytes or str
        What it is to hold; text is written as UTF-8.

    Raises
    ------
    OSError
        If it cannot be written. Nothing is left of it then.
    """
    path = Path(path)
    partial = path.with_name(f".partial-{uuid4().hex[:8]}-{path.name}")
    try:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        sync(partial)
        partial.replace(path)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else error
        raise OSError(f"{path} could not be written: {why}.") from error
    finally:
        partial.unlink(missing_ok=True)


def sync(path):
    """Wait until a file's or folder's content is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
