"""Files that are there whole or not at all, and broken ones."""

import os
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from skpoison.utils._readable import readable

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
        failure = OSError(f"{path} could not be written: {why}.")
        failure.errno = error.errno
        raise failure from error
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
def named(path, advice=""):
    """Turn whatever a broken file makes its reader raise into an OSError with the file's path.

    Readers of zip, gzip, NumPy, Parquet and JSON raise a dozen classes, so no list of them is kept.
    Errors of the system that name the file themselves stay as they are.

    Parameters
    ----------
    path : path-like
        The file that is read inside.

    advice : str, default=""
        What to do, in a sentence.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, MemoryError) or getattr(error, "filename", None):
            raise
        reason = readable(error)[:MOST_LETTERS] or type(error).__name__
        sentence = f"{path}: broken, cut off or not what its name says ({reason})."
        raise OSError(f"{sentence} {advice}".strip()) from error
