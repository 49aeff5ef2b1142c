"""Several detectors that judge together."""

import warnings
from numbers import Integral
from typing import Any, Self

import numpy as np
from joblib import delayed
from numpy.typing import ArrayLike
from sklearn.utils._repr_html.estimator import _VisualBlock
from sklearn.utils.metaestimators import _BaseComposition

from skpoison._typing import Contamination, RandomState, Rows
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._centroid import CentroidDetector
from skpoison.detectors._influence import InfluenceDetector
from skpoison.detectors._label_noise import ROWS_OF_TREES, LabelNoiseDetector
from skpoison.detectors._margin import MarginDetector
from skpoison.thresholds import LogOddsThreshold, MADThreshold, SecondComponentThreshold
from skpoison.utils._cloning import seeded_clone
from skpoison.utils._parallel import Parallel

ROWS_OF_INFLUENCE, CLASSES_OF_INFLUENCE = 500, 3  # gradient poison is dear: small sets have it
SHARE_OF_INFLUENCE = 0.2  # of the rarest class: a rare one has influence by nature
FEW_COLUMNS, FAR_APART = 10, 3.0  # there a class has kinds of rows: deviations between two of them
FAR_OUT = SecondComponentThreshold(min_likelihood_ratio=20)  # tables have long tails
MIN_LOG_ODDS, MAX_LOG_ODDS = -7.0, 30.0  # beyond them the ranks decide
TIE_BREAK = 0.01  # log-odds, at most, between rows that the ranks tell apart


class EnsembleDetector(_BaseComposition, BasePoisonDetector):
    """Let several detectors judge rows together. The recommended detector.

    Wrong labels, rows moved far from their class and rows that do outstanding harm are different
    kinds of anomaly. A detector of each, which first tests whether it sees anything at all, finds
    what there is and flags nothing otherwise. The anomaly score is the log-odds that the row is
    poison to at least one of the detectors, taken for independent; one that found nothing
    contributes nothing.

    Parameters
    ----------
    detectors : list of (str, BasePoisonDetector) or dict, default=None
        Names and detectors. None: `label_noise`, a :class:`LabelNoiseDetector`; `centroid`, a
        :class:`CentroidDetector` of standardised columns with ``SecondComponentThreshold(20)``,
        left out where rows of fewer than 10 columns that it flags are not far apart from the
        others; `margin`, a :class:`MarginDetector`, below 300 rows, where the first has no trees;
        and `influence`, an :class:`InfluenceDetector` with ``MADThreshold(5)``, up to 500 rows of
        three classes none of which is rare. Tables that have categories or gaps get the first
        alone.
        A dict names detectors that take the place of some of these, as
        ``set_params(label_noise__n_trees=50)`` makes it.

    n_jobs : int, default=None
        Number of detectors fitted at once, in threads, as in joblib; the default ones that fit
        several models get it too. The verdict does not depend on it.

    verbose : int, default=0
        1 shows a progress bar.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the log-odds, or the share of
        the training rows to flag, in (0, 0.5]. "auto" flags rows that are likelier poison than not.

    random_state : int, RandomState instance or None, default=None
        Seed of the detectors that have none of their own.

    Attributes
    ----------
    detectors_ : list of (str, BasePoisonDetector)
        Names and fitted detectors.

    training_scores_ : ndarray of shape (n_samples,)
        Negative log-odds of poison of the training rows.

    contamination_interval_ : tuple of float
        Its 90 % interval. Where detectors are sure of poison (their intervals begin above 0), from
        the largest lower end among them to the sum of their upper ends; where none is, from 0 to
        the largest share that any detector cannot exclude. NaN where rows are flagged by none but
        detectors whose rules do not estimate the share.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    LabelNoiseDetector : Sees wrong labels.
    CentroidDetector : Sees rows far from their class.
    InfluenceDetector : Sees rows that do harm.

    Notes
    -----
    Log-odds are cut at -7 and 30. Between rows of equal log-odds the shares of training rows decide
    that each detector finds more anomalous: they are joined as p-values are by Fisher's method
    [1]_.

    References
    ----------
    .. [1] R. A. Fisher, "Statistical Methods for Research Workers", 1932, section 21.1.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import EnsembleDetector
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> X = X / 16
    >>> attack = LabelFlipAttack(rate=0.25, random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(X, y)
    >>> detector = EnsembleDetector(random_state=0)
    >>> poison = detector.fit_predict(X_poisoned, y_poisoned) == -1
    >>> bool((poison == attack.poison_mask_).mean() > 0.99)
    True
    >>> {name: round(d.contamination_, 2) for name, d in detector.detectors_}["label_noise"]
    0.2
    >>> bool((detector.fit_predict(X, y) == -1).mean() < 0.02)
    True
    """

    short_names = {"ensemble": {}}
    auto_threshold = LogOddsThreshold()

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "detectors": [list, dict, None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        detectors: list | dict | None = None,
        *,
        n_jobs: int | None = None,
        verbose: int = 0,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        BasePoisonDetector.__init__(self, contamination=contamination, random_state=random_state)
        self.detectors = detectors
        self.n_jobs = n_jobs
        self.verbose = verbose

    @property
    def _named_detectors(self):
        """Names and detectors, of the default those that data may call for."""
        if isinstance(self.detectors, list):
            return self.detectors
        default = {
            "label_noise": LabelNoiseDetector(n_jobs=self.n_jobs, verbose=self.verbose),
            "centroid": CentroidDetector(standardize=True, contamination=FAR_OUT),
            "margin": MarginDetector(n_jobs=self.n_jobs),
            "influence": InfluenceDetector(contamination=MADThreshold(5.0), n_jobs=self.n_jobs),
        }
        changed = self.detectors if isinstance(self.detectors, dict) else {}
        return [(name, changed.get(name, detector)) for name, detector in default.items()]

    @_named_detectors.setter
    def _named_detectors(self, pairs):
        is_list = isinstance(self.detectors, list)
        self.detectors = pairs if is_list else {n: d for n, d in pairs if n in self.detectors}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, those of the detectors under ``name__parameter`` too.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of the detectors.

        Returns
        -------
        params : dict
            Parameters and values.
        """
        return self._get_params("_named_detectors", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of the detectors under ``name__parameter`` too.

        Parameters
        ----------
        **params : dict
            Parameters and values.

        Returns
        -------
        self : object
            This detector.

        Examples
        --------
        >>> from skpoison.detectors import EnsembleDetector
        >>> EnsembleDetector().set_params(label_noise__n_trees=50)
        EnsembleDetector(detectors={'label_noise': LabelNoiseDetector(n_trees=50)})
        """
        if "detectors" in params:
            self.detectors = params.pop("detectors")
        if not isinstance(self.detectors, list):
            named = {key.partition("__")[0] for key in params}
            changed = {name: d for name, d in self._named_detectors if name in named}
            if changed:
                self.detectors = {**(self.detectors or {}), **changed}
        return self._set_params("_named_detectors", **params)

    def _fit_scores(self, X, y, random_state):
        members = [
            (name, seeded_clone(detector, random_state))
            for name, detector in self._members(np.bincount(y))
        ]
        labels = self.classes_[y] if self._labelled else None
        parallel = Parallel(
            self.n_jobs,
            prefer="threads",
            n_tasks=len(members),
            description="detectors",
            verbose=self.verbose,
        )
        fits = parallel(delayed(m.fit)(self._as_given(X), labels) for _, m in members)
        self.detectors_ = [
            (name, fit)
            for (name, _), fit in zip(members, fits, strict=True)
            if not self._is_kind_of_rows(name, fit, X.shape[1])
        ]
        self._ranks = [_Ranks(-detector.training_scores_) for _, detector in self.detectors_]
        return self._combine([d.training_class_scores_ for _, d in self.detectors_])

    def _scores(self, X):
        with warnings.catch_warnings():  # said of the whole already
            warnings.filterwarnings("ignore", "X may be in other units", UserWarning)
            each = [d.class_scores(self._as_given(X)) for _, d in self.detectors_]
        return self._combine(each)

    def _combine(self, each):
        """Log-odds under each label, from the members' anomaly scores."""
        n_rows, n_columns = len(each[0]), max(scores.shape[1] for scores in each)
        log_survival, surprise = np.zeros((n_rows, n_columns)), np.zeros((n_rows, n_columns))
        for scores, (_, detector), ranks in zip(each, self.detectors_, self._ranks, strict=True):
            rule = detector.fitted_threshold_
            for column in range(n_columns):
                codes = np.full(n_rows, column) if scores.shape[1] > 1 else None
                surprise[:, column] += ranks(rule.anomaly_scores(scores, codes)) / len(each)
                log_odds = np.minimum(rule.log_odds(scores, codes), MAX_LOG_ODDS)
                log_survival[:, column] += np.logaddexp(0, log_odds)
        # odds of at least one: 1 / prod(1 - p) - 1
        with np.errstate(divide="ignore"):
            log_odds = np.log(np.expm1(log_survival))
        return np.clip(log_odds, MIN_LOG_ODDS, MAX_LOG_ODDS) + TIE_BREAK * (surprise - 1)

    def _share_interval(self):
        """From the members' intervals: where some are sure of poison, theirs alone count.

        There is none where members without one flag rows that the others do not.
        """
        intervals = np.array([d.contamination_interval_ for _, d in self.detectors_])
        flagged = np.array([d.training_scores_ < d.offset_ for _, d in self.detectors_])
        is_known = ~np.isnan(intervals).any(axis=1)
        uncounted = flagged[~is_known].any(axis=0) & ~flagged[is_known].any(axis=0)
        if uncounted.any() or not is_known.any():
            return (np.nan, np.nan)
        intervals = intervals[is_known]
        sure = intervals[intervals[:, 0] > 0]
        if len(sure):
            return float(sure[:, 0].max()), float(min(1.0, sure[:, 1].sum()))
        return 0.0, float(intervals[:, 1].max())

    def fit(self, X: Rows, y: ArrayLike | None = None) -> Self:
        """Fit the members and let them judge together.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        Returns
        -------
        self : object
            The fitted detector.
        """
        super().fit(X, y)
        for _, detector in self.detectors_:  # they have seen the same rows
            detector._training_rows = self._training_rows
        if isinstance(self.fitted_threshold_, LogOddsThreshold):
            self.contamination_interval_ = self._share_interval()
        return self

    def _members(self, class_counts):
        """Names and detectors that take part, checked."""
        if isinstance(self.detectors, dict):
            unknown = set(self.detectors) - set(dict(self._named_detectors))
            if unknown:
                raise ValueError(
                    f"detectors is a dict with the names {sorted(unknown)}, but must have names "
                    f"of the default's members: {list(dict(self._named_detectors))}. A list of "
                    "(name, detector) takes any."
                )
        for pair in self._named_detectors:
            is_pair = isinstance(pair, tuple) and len(pair) == 2
            if not is_pair or not isinstance(pair[1], BasePoisonDetector):
                raise TypeError(
                    "detectors must be a list of (name, detector), detectors being those of "
                    f"skpoison.detectors, got {pair!r} in it."
                )
        if not self._named_detectors:
            raise ValueError("detectors must name at least one detector, got an empty list.")
        self._validate_names([name for name, _ in self._named_detectors])
        if isinstance(self.detectors, list):
            return self.detectors
        chosen = self._default_names(class_counts)
        return [(name, detector) for name, detector in self._named_detectors if name in chosen]

    def _default_names(self, class_counts):
        """Those members of the default that the data call for."""
        names = ["label_noise"]
        if self._kind == "table":  # a rare category is far out by nature
            return names
        names.append("centroid")
        n_rows = class_counts.sum()
        if n_rows < ROWS_OF_TREES:
            names.append("margin")
        if (
            n_rows <= ROWS_OF_INFLUENCE
            and len(class_counts) <= CLASSES_OF_INFLUENCE
            and class_counts.min() >= SHARE_OF_INFLUENCE * n_rows
        ):
            names.append("influence")
        return names

    def _is_kind_of_rows(self, name, detector, n_columns):
        """Whether the default's centroid found one kind of a class's rows amid few columns."""
        flagged = detector.training_scores_ < detector.offset_
        is_given = isinstance(self.detectors, list) or name in (self.detectors or {})
        if is_given or name != "centroid" or n_columns >= FEW_COLUMNS or not flagged.any():
            return False
        return separation(detector.training_scores_, flagged) < FAR_APART

    def _know_again(self, X, positions):
        super()._know_again(X, positions)
        rows = self._as_given(self._validate_rows(X, reset=False))
        for _, detector in self.detectors_:
            detector._know_again(rows, positions)

    def _sk_visual_block_(self):
        members = getattr(self, "detectors_", self._named_detectors)
        names = [f"{name}: {type(detector).__name__}" for name, detector in members]
        return _VisualBlock("parallel", [detector for _, detector in members], names=names)

    def _as_given(self, X):
        """Rows in the shape they came in: detectors that hold networks look at it."""
        return X.reshape(len(X), *self._array_shape) if len(self._array_shape) > 1 else X


def separation(scores, flagged):
    """How far apart the means of flagged rows and others lie, in their deviations' hypotenuse."""
    low, high = scores[flagged], scores[~flagged]
    return (high.mean() - low.mean()) / np.hypot(low.std(), high.std())


class _Ranks:
    """Minus the logarithm of the share of a sample above a value, from 0 to 1.

    It is interpolated so that rounding moves no rank.
    """

    def __init__(self, sample):
        self.values, counts = np.unique(sample, return_counts=True)
        above = 1 - (np.cumsum(counts) - counts / 2) / len(sample)
        self.surprise = np.log(above) / np.log(0.5 / len(sample))

    def __call__(self, values):
        return np.interp(values, self.values, self.surprise)
