"""What may come of any input: a right result, or an error that says what is wrong with it."""

import linecache
import signal
import warnings
from contextlib import contextmanager
from traceback import walk_tb

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.linalg import LinAlgWarning

from skpoison.utils._containers import container_of

BUDGET = 20  # CPU seconds of one case
# Where scikit-learn, imbalanced-learn and skrub look at what they are given.
CHECKS = (
    "sklearn.base",
    "sklearn.utils",
    "imblearn.utils",
    "imblearn.base",
    "skrub._check_input",
)
CHECKS_OF_ARRAYS = ("sklearn.utils.validation",)


class OutOfTime(BaseException):
    """A case took more than its budget."""


@contextmanager
def judged(*inputs, handed_on=False):
    """Run one case, and fail if it ends in any way but a good one.

    A result or a clean refusal passes; the block is left at a refusal. All other errors, warnings
    of NumPy, more than the budget of CPU time and changes of the inputs fail.

    Parameters
    ----------
    *inputs : object
        What the case is given.

    handed_on : bool, default=False
        Whether rows go to another estimator as they are, which converts them in its own words.
    """
    before = [contents(value) for value in inputs]
    try:
        with _budget(), warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", RuntimeWarning)
            warnings.simplefilter("ignore", LinAlgWarning)  # of an estimator's own system
            yield
    except (ValueError, TypeError) as error:
        if not is_clean(error) and not (handed_on and _in_conversion(error)):
            raise
    assert [contents(value) for value in inputs] == before, "an input was changed"


def is_clean(error):
    """Whether an error was raised on purpose, by us or by the checks of what we build on."""
    traceback = error.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    frame = traceback.tb_frame
    module = frame.f_globals.get("__name__", "")
    line = linecache.getline(frame.f_code.co_filename, traceback.tb_lineno)
    return module.startswith(("skpoison.", *CHECKS)) and line.lstrip().startswith("raise ")


def _in_conversion(error):
    """Whether scikit-learn's `check_array` met it in making an array of the rows."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    return any(
        frame.f_code.co_name == "check_array" and frame.f_globals["__name__"] in CHECKS_OF_ARRAYS
        for frame in frames
    )


def contents(value):
    """What an input holds, to be compared."""
    if sparse.issparse(value):
        rows = value.tocoo()
        return value.format, value.dtype.str, value.shape, rows.toarray().tobytes()
    if isinstance(value, (pd.DataFrame, pd.Series)):
        frame = value.to_frame() if value.ndim == 1 else value
        index, columns = list(frame.index), list(frame.columns)
        return repr((frame.to_numpy().tolist(), list(frame.dtypes), index, columns))
    if container_of(value) == "polars":
        return repr(
            (value.to_arrow().to_pylist(), value.schema if len(value.shape) > 1 else value.dtype)
        )
    if isinstance(value, np.ndarray):
        held = value.tolist() if value.dtype == object else value.tobytes()
        return repr((held, value.dtype, value.shape))
    return repr(value)


@contextmanager
def _budget():
    def stop(signum, frame):
        raise OutOfTime(f"more than {BUDGET} s of CPU time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, BUDGET)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
