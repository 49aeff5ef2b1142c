"""Saving to and loading from one file, which runs no code that it brings along."""

import copy
import hashlib
import inspect
import io
import zipfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from skpoison import __version__
from skpoison._typing import FilePath
from skpoison.utils._archives import MAX_BYTES, check_archive
from skpoison.utils._files import write_whole
from skpoison.utils._readable import readable

FORMAT = 2
HEAD = 200  # bytes: the first line is shorter
# Classes that are defined in these are trusted, and what the encoder of tables is made of.
PACKAGES = (
    *("attacks", "detectors", "filtering", "networks", "pipeline", "robust", "thresholds"),
    "victims",
)
DATA_TYPES = "polars.datatypes.classes"  # and those of columns
OTHER_TYPES = (
    "imblearn.pipeline.Pipeline",
    "numpy.dtype",
    "skpoison.audit._data.AuditData",
    "skpoison.audit._result.Audit",
    "skpoison.audit.kinds._base.Finding",
    *(f"scipy.sparse._{name}.{name}_array" for name in ("coo", "csc", "csr")),
    "skpoison.utils._row_index.RowIndex",
    *(
        f"skrub.{name}"
        for name in (
            *("_apply_to_each_col.ApplyToEachCol", "_check_input.CheckInputDataFrame"),
            *("_clean_categories.CleanCategories", "_clean_null_strings.CleanNullStrings"),
            *("_dataframe._common.is_any_date", "_dataframe._common.is_categorical"),
            *("_dataframe._common.is_numeric", "_datetime_encoder.DatetimeEncoder"),
            *("_drop_uninformative.DropUninformative", "_duration_to_float.DurationToFloat"),
            *("_string_encoder.StringEncoder", "_table_vectorizer.PassThrough"),
            *("_table_vectorizer.ShortReprDict", "_table_vectorizer.TableVectorizer"),
            *("_table_vectorizer._created_by_predicate", "_to_datetime.ToDatetime"),
            *("_to_float.ToFloat", "_to_str.ToStr", "selectors._base.All", "selectors._base.And"),
            *("selectors._base.Cols", "selectors._base.Filter", "selectors._base.Sub"),
            "selectors._selectors._cardinality_below",
        )
    ),
)


def save(value: Any, path: FilePath, *, remember_rows: bool = True) -> None:
    """Save a detector, attack, filter, pipeline, attack result or audit to one file.

    The file holds numbers and names, no code: a line with the version of the library and a
    checksum, then skops's archive [1]_. Networks are saved as their plan and weights.

    Parameters
    ----------
    value : estimator, array or dict
        What to save, fitted or not: an estimator of this library, a pipeline of such and
        scikit-learn's, a dict of arrays such as ``{"X": X, "y": y, "poison_mask": mask}``, or an
        :class:`~skpoison.audit.Audit`, with the data that it looked at.

    path : str or path-like
        The file. What stood there before is replaced when the new one is whole.

    remember_rows : bool, default=True
        Whether the loaded detector knows its training rows again. With False their fingerprints
        and scores are left out, and they are judged as new rows are. Detectors of which the rows
        are the model, such as neighbours and kernels, hold some of them nevertheless.

    Raises
    ------
    TypeError
        If the value holds something that cannot be saved, such as a lambda or an open file.

    OSError
        If the file cannot be written.

    See Also
    --------
    load : Reads it again.

    References
    ----------
    .. [1] https://skops.readthedocs.io/en/stable/persistence.html

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from skpoison.detectors import CentroidDetector
    >>> from skpoison.persistence import load, save
    >>> X, y = load_iris(return_X_y=True)
    >>> detector = CentroidDetector().fit(X, y)
    >>> with TemporaryDirectory() as folder:
    ...     save(detector, f"{folder}/centroid.skpoison")
    ...     loaded = load(f"{folder}/centroid.skpoison")
    >>> bool((loaded.predict(X, y) == detector.predict(X, y)).all())
    True
    """
    import skops.io

    if not remember_rows:
        value = copy.deepcopy(value)
        _forget_rows(value)
    try:
        body = skops.io.dumps(value, compression=zipfile.ZIP_DEFLATED)
        names = skops.io.get_untrusted_types(data=body)
    except Exception as error:  # skops lets through whatever an object's own methods raise
        raise TypeError(f"{type(value).__name__} cannot be saved: {error}") from error
    for name in names:
        if "<" in name or name.startswith("__main__."):
            raise TypeError(
                f"{type(value).__name__} cannot be saved: it holds {name}, which no other program "
                "can import."
            )
    write_whole(path, _head(FORMAT, __version__, body) + body)


def load(path: FilePath, *, trusted: Sequence[str] = (), max_bytes: int = MAX_BYTES) -> Any:
    """Load what :func:`save` has written.

    All of the file is checked before anything of it is built: its checksum, its sizes, and that it
    names no type but those of this library, scikit-learn's estimators and `trusted`. A file from
    somebody else can thus run no code. It may still hold a bad detector, or numbers on which
    compiled code of scikit-learn crashes.

    Parameters
    ----------
    path : str or path-like
        The file.

    trusted : sequence of str, default=()
        Full names of further types that it may hold, such as those of an estimator of your own.

    max_bytes : int, default=2**31
        What the file may unpack to.

    Returns
    -------
    value : object
        What was saved. Detectors give equal scores and verdicts.

    Raises
    ------
    ValueError
        If the file is none that :func:`save` has written, is damaged, was written by a later
        version in another format, unpacks to more than `max_bytes`, or holds a type that is not
        trusted.

    See Also
    --------
    save : Writes the file.
    """
    import skops.io

    content = Path(path).read_bytes()
    body = _body(path, content)
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            check_archive(archive, max_bytes)
        names = skops.io.get_untrusted_types(data=body)
        unknown = [name for name in names if name not in trusted and not _is_trusted(name)]
        value = None if unknown else skops.io.loads(body, trusted=names)
    except MemoryError:
        raise
    except Exception as error:  # made by hand: save writes no such file
        raise ValueError(
            f"{path} cannot be loaded: {readable(error) or type(error).__name__}."
        ) from error
    if unknown:
        raise ValueError(
            f"{path} holds types that are not trusted: {readable(', '.join(unknown))}. Do you know "
            f"what they do, and who wrote the file? Then load(path, trusted={unknown!r})."
        )
    return value


def _head(format_, version, body):
    """The first line of a file."""
    digest = hashlib.sha256(version.encode() + body).hexdigest()
    return f"skpoison {format_} {version} {digest}\n".encode()


def _body(path, content):
    """What follows the first line, checked against it."""
    head = content[:HEAD].partition(b"\n")[0]
    words = head.decode("ascii", errors="replace").split(" ")
    is_ours = len(words) == 4 and words[0] == "skpoison" and words[1].isdecimal()
    if not is_ours or int(words[1]) < 1:
        raise ValueError(f"{path} is no file that skpoison.persistence.save has written.")
    _, format_, version, _ = words
    if int(format_) > FORMAT:
        raise ValueError(
            f"{path} was written by skpoison {readable(version)} in format {format_}. This is "
            f"{__version__}, which reads formats up to {FORMAT}: install the later version."
        )
    body = content[len(head) + 1 :]
    if head + b"\n" != _head(format_, version, body):
        raise ValueError(f"{path} is damaged: it is cut off or was changed after it was written.")
    return body


def _is_trusted(name):
    """Whether a full name is that of a class of ours, or in the list above."""
    if name in OTHER_TYPES:
        return True
    module, _, class_name = name.rpartition(".")
    is_ours = any(f"{module}.".startswith(f"skpoison.{package}.") for package in PACKAGES)
    if not is_ours and module != DATA_TYPES:
        return False
    try:
        value = getattr(import_module(module), class_name)
    except (ImportError, AttributeError):
        return False
    return inspect.isclass(value) and value.__module__ == module


def _forget_rows(value):
    """Take what detectors know of single training rows out of a value and all its parts."""
    from skpoison.detectors import BasePoisonDetector

    waiting, seen = [value], set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, BasePoisonDetector) and hasattr(part, "training_scores_"):
            part._forget_training_rows()
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, (list, tuple)):
            waiting.extend(part)
        elif hasattr(part, "get_params"):
            waiting.extend(vars(part).values())
