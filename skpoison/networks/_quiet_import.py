"""Keras and its back end, imported without a word."""

import os
import sys
from contextlib import contextmanager


def import_keras():
    """Import Keras with its back end.

    Raises
    ------
    ImportError
        If Keras or the back end that it is set to is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read by TensorFlow when it starts
    try:
        with silent_stderr():
            import keras  # noqa: F401
    except ModuleNotFoundError as error:
        raise ImportError(
            f"The networks need Keras and its back end, but {error.name!r} is not installed: "
            "pip install 'skpoison[networks]' for TensorFlow, or 'skpoison[jax]' or "
            "'skpoison[torch]' and the environment variable KERAS_BACKEND=jax or torch."
        ) from error


@contextmanager
def silent_stderr():
    """Drop what compiled code writes to the standard error meanwhile.

    TensorFlow's libraries greet before they read their log level.
    """
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, AttributeError):  # no standard error at all: nothing to keep quiet
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
