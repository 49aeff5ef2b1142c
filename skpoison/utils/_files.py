"""Files that are there whole or not at all, and broken ones."""

import os
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

MOST_LETTERS = 1000  # of a reason


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


@contextmanager
def named(path):
    """Turn whatever a broken file makes its reader raise into an OSError with the file's path.

    Readers of zip, NumPy, Parquet and JSON raise a dozen classes, so no list of them is kept.

    Parameters
    ----------
    path : path-like
        The file that is read inside.
    """
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:
        reason = str(error)[:MOST_LETTERS] or type(error).__name__
        raise OSError(f"{path} is broken or not what its name says: {reason}.") from error
