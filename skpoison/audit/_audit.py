"""`audit`: what is wrong with one's own data."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import _safe_indexing, check_random_state
from tqdm import tqdm

from skpoison._typing import RandomState, Rows
from skpoison.audit._checks import check_data, chosen_kinds
from skpoison.audit._context import Context
from skpoison.audit._models import with_model_features
from skpoison.audit._read import as_audit_data
from skpoison.audit._result import Audit
from skpoison.detectors._blockwise import draw_sample


def audit(
    X: Rows,
    y: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    split: ArrayLike | None = None,
    pred_proba: ArrayLike | None = None,
    features: ArrayLike | None = None,
    model: Any = None,
    task: str | None = None,
    only: Sequence[str] | None = None,
    max_rows: int | None = None,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: int = 0,
) -> Audit:
    """Look for what is wrong with labelled data.

    Parameters
    ----------
    X : DataFrame, array-like, sparse matrix or sequence of str of shape (n_samples, ...)
        The rows: a table with numbers, categories, dates, texts and gaps; texts; images as an
        array of shape (n_samples, height, width) or (n_samples, height, width, channels), in
        [0, 1] or uint8; or features.

    y : array-like of shape (n_samples,) or (n_samples, n_tags), or str, default=None
        Labels; numbers of many different values, the targets of a regression; a matrix of 0 and
        1, the tags of a multi-label set, named by its columns where it is a DataFrame; the name of
        a column of `X`. None: what needs labels is not looked for.

    groups : array-like of shape (n_samples,), default=None
        Annotator, source or date of each row, to be compared with each other.

    split : array-like of shape (n_samples,), default=None
        Part of the data, such as "train" and "test", which duplicates should not cross.

    pred_proba : array-like of shape (n_samples, n_classes), default=None
        Out-of-sample class probabilities of a model of one's own, by which labels are judged.
        Columns of a DataFrame are matched to the classes by name; others are in sorted order.

    features : array-like of shape (n_samples, n_features), default=None
        Features of one's own, such as embeddings, used in place of `X` in all that is computed.

    model : str or path-like, default=None
        A model in a file that gives images or texts their features: ``.keras`` (of Keras's own
        layers), ``.onnx``, or a folder of Model2Vec.

    task : {"classification", "regression"}, default=None
        What `y` holds. None: told from its values.

    only : str or sequence of str, default=None
        Names of the kinds of issue to look for. None: all that make sense for the data.

    max_rows : int, default=None
        Look at no more rows than these: a random sample, in which ten of each class come first.

    n_jobs : int, default=None
        Number of threads, as in joblib.

    random_state : int, RandomState instance or None, default=None
        Seed of everything that is drawn.

    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    audit : Audit
        What was found.

    Raises
    ------
    ValueError
        If shapes do not fit, labels are missing, all the same or mostly distinct, there is no such
        kind, or values are infinite.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.audit import audit
    >>> X, y = load_digits(return_X_y=True)
    >>> y[:90] = (y[:90] + 1) % 10
    >>> found = audit(X, y, only=["label", "duplicate"], random_state=0)
    >>> round(found.findings["label"].share, 2)
    0.05
    >>> bool((found.rows.index[found.rows["label_flagged"]] < 90).mean() > 0.95)
    True
    """
    data = as_audit_data(
        X,
        y,
        groups=groups,
        split=split,
        pred_proba=pred_proba,
        features=features,
        task=task,
    )
    if model is not None:
        data = with_model_features(data, model)
    return audit_data(
        data,
        only=only,
        max_rows=max_rows,
        n_jobs=n_jobs,
        random_state=random_state,
        verbose=verbose,
    )


def audit_data(
    data: Any,
    *,
    only: Sequence[str] | None = None,
    max_rows: int | None = None,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: int = 0,
    progress: Callable | None = None,
) -> Audit:
    """Look for what is wrong with data that were read from a source.

    Parameters
    ----------
    data : AuditData
        The data.

    only, max_rows, n_jobs, random_state, verbose
        As in :func:`audit`.

    progress : callable, default=None
        Called as ``progress(title, n_done, n_kinds)`` before each kind is looked for, and once
        more with "" at the end.

    Returns
    -------
    audit : Audit
        What was found.
    """
    started = time.perf_counter()
    data = check_data(data)
    if max_rows is not None and not (isinstance(max_rows, Integral) and max_rows >= 1):
        raise ValueError(f"max_rows={max_rows!r} must be None or a whole number from 1 up.")
    kinds = chosen_kinds(data, only)
    random_state = check_random_state(random_state)
    seed = int(random_state.randint(2**31 - 1))
    if max_rows is not None and max_rows < len(data.y):
        codes = np.unique(data.y, return_inverse=True)[1] if data.is_classification else None
        drawn = draw_sample(len(data.y), codes, max_rows, random_state)
        notes = [*data.notes, f"{max_rows:,} of {len(data.y):,} rows were drawn and looked at."]
        data = replace(rows_of(data, drawn), notes=notes)
    context = Context(data, seed=seed, n_jobs=n_jobs)
    findings = {}
    for kind in (bar := tqdm(kinds, desc="audit", disable=not verbose)):
        bar.set_postfix_str(kind.title)
        if progress is not None:
            progress(kind.title, len(findings), len(kinds))
        with warnings.catch_warnings():
            # the kind "small-class" says so
            warnings.filterwarnings("ignore", ".*classes have a single row", UserWarning)
            if kind.lacks(data):
                findings[kind.name] = kind.not_asked(context, f"there are no {kind.needs}")
            else:
                findings[kind.name] = kind.look(context)
    if progress is not None:
        progress("", len(kinds), len(kinds))
    parameters = {"only": [kind.name for kind in kinds], "max_rows": max_rows, "seed": seed}
    return Audit(data, findings, seconds=time.perf_counter() - started, parameters=parameters)


def rows_of(data, positions):
    """Some rows of the data, with all that is known about them."""
    taken = {
        name: None
        if getattr(data, name) is None
        else _safe_indexing(getattr(data, name), positions)
        for name in ("X", "y", "groups", "split", "pred_proba", "features", "paths", "table")
    }
    return replace(data, index=data.index[positions], **taken)
