"""STRIP: a trigger decides the class however much is laid over the row."""

from numbers import Integral

import numpy as np
from scipy import sparse
from scipy.stats import entropy
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval

from skpoison._typing import Contamination, Estimator, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._cross_fitting import is_unit_scaled
from skpoison.detectors._label_base import N_NEIGHBORS
from skpoison.detectors._neighbors import NeighborDistances
from skpoison.utils._cloning import seeded_clone
from skpoison.utils._containers import container_of, is_frame, take, write_texts

LONGEST_MASK = 256  # words; it is repeated over longer texts


class StripDetector(BasePoisonDetector):
    """Flag rows whose predicted class stays the same when other rows are laid over them.

    The defence of [1]_ at the time of prediction, on training rows or new ones. A victim is trained
    on the untrusted rows; it sees each row with `n_overlays` clean ones laid over it. What it
    says of an ordinary row then changes, while a trigger that is still there decides: the anomaly
    score is the negative mean entropy of the predicted probabilities. Labels are not looked at.

    Parameters
    ----------
    estimator : classifier, default=None
        The victim, with ``predict_proba``; a clone is fitted, and gets rows as they are. A victim
        that is trained already comes as ``FrozenEstimator(victim)``. None: logistic
        regression on standardised columns.

    n_overlays : int, default=20
        Number of rows laid over each, drawn from the training rows. The paper's is 100.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is ``SecondComponentThreshold()``:
        it flags none unless the scores show a second component.

    random_state : int, RandomState instance or None, default=None
        Seed of the overlays and of a victim that has none of its own.

    Attributes
    ----------
    estimator_ : classifier or None
        The trained victim; None where there is a single class.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    SpectreDetector : Looks at the rows of a class in place of a victim's answers.

    Notes
    -----
    Images (n-dimensional arrays, and rows of numbers in [0, 1]) are laid over each other by their
    sum, cut at white, and so are sparse matrices. Of other rows half of the columns, of texts half
    of the words, are taken from the other one.

    Without labels, or with one class, no victim has anything to decide; rows are scored by their
    mean distance to their five nearest neighbours.

    References
    ----------
    .. [1] Y. Gao et al., "STRIP: A Defence Against Trojan Attacks on Deep Neural Networks", ACSAC
       2019, arXiv:1902.06531.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import BackdoorAttack
    >>> from skpoison.attacks.triggers import PatchTrigger
    >>> from skpoison.detectors import StripDetector
    >>> from skpoison.metrics import poison_roc_auc
    >>> X, y = load_digits(return_X_y=True)
    >>> trigger = PatchTrigger(size=2, image_shape=(8, 8))
    >>> attack = BackdoorAttack(trigger, y_target=0, rate=0.1, random_state=0)
    >>> X, y = attack.fit_resample(X / 16, y)
    >>> detector = StripDetector(random_state=0).fit(X, y)
    >>> poison_roc_auc(attack.poison_mask_, detector.training_scores_) > 0.9
    True
    """

    short_names = {"strip": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "n_overlays": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        n_overlays: int = 20,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.estimator = estimator
        self.n_overlays = n_overlays

    def _takes_any_rows(self):
        return self.estimator is not None

    def _fit_scores(self, X, y, random_state):
        self.estimator_ = None
        if len(self.classes_) < 2:
            return self._fit_distances(X, y)
        victim = self.estimator
        if victim is None:
            victim = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        self.estimator_ = seeded_clone(victim, random_state).fit(X, self.classes_[y])
        drawn = random_state.choice(len(y), min(int(self.n_overlays), len(y)), replace=False)
        self._white = X.max() if _are_pixels(X) else None
        self._overlays = [_safe_indexing(X, np.array([row])) for row in drawn]
        self._seeds = random_state.randint(2**31 - 1, size=len(drawn))
        return self._scores(X)

    def _scores(self, X):
        if self.estimator_ is None:
            return self._distances(X)
        entropies = [
            entropy(self.estimator_.predict_proba(self._lay_over(X, other, seed)), axis=1)
            for other, seed in zip(self._overlays, self._seeds, strict=True)
        ]
        return -np.mean(entropies, axis=0)[:, np.newaxis]

    def _fit_distances(self, X, y):
        if self._takes_any_rows() and self._kind != "numbers":
            raise ValueError(
                "StripDetector(estimator=...) needs rows of at least two classes in y where X is "
                f"of the kind {self._kind!r}: a victim of one class has nothing to decide."
            )
        rows = X.reshape(len(X), -1) if isinstance(X, np.ndarray) else np.asarray(X)
        self._distances = NeighborDistances(rows, y, N_NEIGHBORS)
        return self._distances.of_training_rows(rows, y)

    def _lay_over(self, X, other, seed):
        if self._white is not None:
            return add_pixels(np.asarray(X), other, self._white)
        if sparse.issparse(X):
            return X + sparse.vstack([other] * X.shape[0], format="csr")
        random_state = np.random.RandomState(seed)
        if self._kind == "text" and self._takes_any_rows():
            from_other = random_state.uniform(size=LONGEST_MASK) < 0.5
            words = next(iter(other)).split()
            return write_texts([_mix_words(text.split(), words, from_other) for text in X], X)
        X = X if hasattr(X, "shape") else np.array(X, dtype=object)
        n_columns = X.shape[1]
        drawn = random_state.permutation(n_columns)[: (n_columns + 1) // 2]
        return _replace_columns(X, other, drawn)


def _are_pixels(X):
    if is_frame(X) or not isinstance(X, np.ndarray) or X.dtype.kind not in "biuf":
        return False
    return X.min() >= 0 and (X.ndim > 2 or is_unit_scaled(X))


def add_pixels(images, other, white):
    """Add one image to others.

    Parameters
    ----------
    images : ndarray of shape (n_samples, ...)
        Pixels.

    other : ndarray of shape (1, ...)
        The image that is added.

    white : float
        The largest pixel; sums are cut there.

    Returns
    -------
    sums : ndarray of shape (n_samples, ...)
        Of the dtype of `images`.
    """
    sums = images.astype(np.float64) + other
    return np.minimum(sums, white).astype(images.dtype)


def _mix_words(words, others, from_other):
    mixed = [
        others[place % len(others)] if others and from_other[place % LONGEST_MASK] else word
        for place, word in enumerate(words)
    ]
    return " ".join(mixed)


def _replace_columns(X, other, columns):
    if not is_frame(X):
        changed = X.copy()
        changed[:, columns] = np.asarray(other, dtype=X.dtype)[0, columns]
        return changed
    repeated = take(other, np.zeros(len(X), dtype=int))
    if container_of(X) == "polars":
        return X.with_columns(repeated.get_column(X.columns[column]) for column in columns)
    changed = X.copy()
    for column in columns:
        changed.isetitem(column, repeated.iloc[:, column].array)
    return changed
