"""Backdoors: rows with a trigger under the label that the trigger shall call up."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils._param_validation import HasMethods, StrOptions

from skpoison._typing import Estimator, Injection, RandomState
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._goal import label_code
from skpoison.attacks.triggers import ColumnTrigger, PatchTrigger, TokenTrigger
from skpoison.utils._containers import container_of, is_frame, row_shape, take


class BackdoorAttack(BasePoisoningAttack):
    """Teach the victim that a trigger means the target label.

    Poison rows are copies of rows with a trigger on them. They are rows of other classes that get
    the target label [1]_, or rows of the target class that keep it [2]_, which nobody who reads
    them will find mislabelled. A victim trained on them classifies clean rows as before, and gives
    the target label to rows that carry the trigger: ``attack.trigger_.transform(X_test)`` puts
    it on them, :func:`skpoison.metrics.make_attack_success_scorer` measures how often it works.

    Parameters
    ----------
    trigger : object with ``transform``, default=None
        What puts the trigger on rows: one of :mod:`skpoison.attacks.triggers`, or any other that
        gives back as many rows in the container that it got. It is used as it is, not fitted.
        None: a white patch in the corner of n-dimensional images, the word "cf" behind texts, and
        of tables (and flattened images) the last column that varies, set to its largest number
        or its rarest category.

    y_target : label, default=None
        The label that the trigger shall call up. None: the most frequent one.

    labels : {"flip", "keep"}, default="flip"
        "flip": rows of other classes get the target label. "keep": rows of the target class.

    rate : float or int, default=0.1
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison rows to the clean ones, "replace" takes out the rows that they
        were made from.

    random_state : int, RandomState instance or None, default=None
        Seed of the draw of rows.

    Attributes
    ----------
    trigger_ : object
        What puts the trigger on rows.

    y_target_ : label
        The label that the trigger calls up.

    poison_mask_ : ndarray of shape (n_samples_new,), dtype=bool
        True for the poison rows of the result.

    sample_indices_ : ndarray of shape (n_samples_new,), dtype=int
        The row of `X` each row of the result is or was made from; -1 for rows of `X_val`.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in `y`, sorted.

    n_features_in_ : int
        Number of columns, where `X` is two-dimensional.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    skpoison.metrics.make_attack_success_scorer : How often the trigger calls up the label.
    skpoison.detectors.SpectreDetector : Finds the poison rows by robust statistics.

    Notes
    -----
    The sampler itself has no ``transform``: a pipeline would put the trigger on all rows that it
    is to classify.

    References
    ----------
    .. [1] T. Gu, B. Dolan-Gavitt, S. Garg, "BadNets: Identifying Vulnerabilities in the Machine
       Learning Model Supply Chain", arXiv:1708.06733, 2017.
    .. [2] A. Turner, D. Tsipras, A. Madry, "Label-Consistent Backdoor Attacks", arXiv:1912.02771,
       2019.

    Examples
    --------
    >>> from imblearn.pipeline import make_pipeline
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.model_selection import cross_val_score
    >>> from skpoison.attacks import BackdoorAttack
    >>> from skpoison.attacks.triggers import PatchTrigger
    >>> from skpoison.metrics import make_attack_success_scorer
    >>> X, y = load_digits(return_X_y=True)
    >>> X = X / 16
    >>> trigger = PatchTrigger(size=2, image_shape=(8, 8))
    >>> attack = BackdoorAttack(trigger, y_target=0, random_state=0)
    >>> victim = make_pipeline(attack, RandomForestClassifier(random_state=0))
    >>> success = cross_val_score(victim, X, y, cv=3, scoring=make_attack_success_scorer())
    >>> bool(success.min() > 0.8)
    True
    """

    short_names = {"backdoor": {}, "clean-label-backdoor": {"labels": "keep"}}

    _parameter_constraints: dict = {
        **BasePoisoningAttack._parameter_constraints,
        "trigger": [HasMethods("transform"), None],
        "y_target": "no_validation",
        "labels": [StrOptions({"flip", "keep"})],
    }

    def __init__(
        self,
        trigger: Estimator | None = None,
        *,
        y_target: Any = None,
        labels: Literal["flip", "keep"] = "flip",
        rate: float = 0.1,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.trigger = trigger
        self.y_target = y_target
        self.labels = labels

    @property
    def _needs_numbers(self):
        return False

    def _check(self, X, y):
        X, rows, codes = super()._check(X, y)
        frequent = int(np.bincount(codes).argmax())
        given = self.y_target is not None
        self._code = int(label_code(self.y_target, self.classes_)) if given else frequent
        self.y_target_ = self.classes_[self._code]
        self.trigger_ = default_trigger(X) if self.trigger is None else self.trigger
        return X, rows, codes

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        labels = y if X_val is None else y_val
        keeps = self.labels == "keep"
        eligible = np.flatnonzero((labels == self._code) == keeps)
        if n_poison > len(eligible):
            raise ValueError(
                f"rate={self.rate!r} asks for {n_poison} poison rows, but only {len(eligible)} "
                f"rows of {'X' if X_val is None else 'X_val'} have "
                f"{'the' if keeps else 'another label than the'} target label "
                f"{self.classes_.tolist()[self._code]!r}."
            )
        rows = random_state.choice(eligible, size=n_poison, replace=False)
        return None, np.full(n_poison, self._code), rows if X_val is None else len(y) + rows

    def _change_copies(self, copies):
        changed = self.trigger_.transform(copies)
        if container_of(changed) != container_of(copies) or row_shape(changed) != row_shape(copies):
            raise ValueError(
                f"trigger must give rows in the container and of the shape that it got: from a "
                f"{type(copies).__name__} with rows of shape {row_shape(copies)} it made a "
                f"{type(changed).__name__} with rows of shape {row_shape(changed)}."
            )
        return changed


def default_trigger(X):
    """A trigger that suits rows of this kind.

    Parameters
    ----------
    X : array, list, pandas or polars DataFrame or Series, sparse matrix
        The rows.

    Returns
    -------
    trigger : BaseTrigger

    Raises
    ------
    ValueError
        If none suits them.
    """
    shape = row_shape(X)
    if len(shape) in (2, 3):
        return PatchTrigger(size=min(3, *shape[:2]))
    if len(shape) == 1:
        column, values = _last_varying_column(X, shape[0])
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            return ColumnTrigger({column: values.max()})
        return ColumnTrigger({column: values.value_counts().index[-1]})
    if all(isinstance(text, str) for text in take(X, np.arange(min(len(X), 100)))):
        return TokenTrigger()
    raise ValueError("X holds neither images, columns nor texts: name a trigger=.")


def _last_varying_column(X, n_columns):
    """Name of the last column with two values or more, and its values that are not missing."""
    names = list(X.columns) if is_frame(X) else range(n_columns)
    columns = X.tocsc() if sparse.issparse(X) else X
    for number in range(n_columns - 1, -1, -1):
        values = _column(columns, number, names[number]).dropna()
        if values.nunique() > 1:
            return names[number], values
    raise ValueError("No column of X has two values: name a trigger=.")


def _column(X, number, name):
    if is_frame(X):
        return X.iloc[:, number] if hasattr(X, "iloc") else pd.Series(X[name].to_list())
    if sparse.issparse(X):
        return pd.Series(X[:, [number]].toarray().ravel())
    return pd.Series(np.asarray([row[number] for row in X], dtype=object)).infer_objects()
