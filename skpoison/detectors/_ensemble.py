"""Several detectors that judge together."""

import numpy as np
from scipy.special import logit
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import _BaseComposition

from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._centroid import CentroidDetector
from skpoison.detectors._influence import InfluenceDetector
from skpoison.detectors._margin import MarginDetector
from skpoison.detectors._seeding import seeded_clone
from skpoison.thresholds import Cut

MOST_ROWS_OF_INFLUENCE = 2000
TIE_BREAK = 1e-3  # weight of the ranks beside probabilities that are equal


class EnsembleDetector(_BaseComposition, BasePoisonDetector):
    """Let several detectors judge rows together. The recommended detector.

    Wrong labels, rows moved far from their class and rows that do outstanding harm are different
    traces. A detector of each, which first tests whether it sees anything at all, finds what
    there is and stays silent otherwise.

    Parameters
    ----------
    detectors : list of (str, BasePoisonDetector), default=None
        Names and detectors. None: a :class:`MarginDetector`, a :class:`CentroidDetector` and an
        :class:`InfluenceDetector` with ``harm_only=True``; the last is left out where there are
        more than 2,000 rows, for its cost grows with their cube.

    combination : {"probability", "rank"}, default="probability"
        "probability": suspicion is the probability that the row is poison to at least one of
        the detectors, taken for independent; one that found no second component has no say.
        "rank": suspicion is the mean of the shares of training rows that each finds
        less suspicious.

    contamination : "auto", "mixture" or float, default="auto"
        Share of the training rows to flag, in (0, 0.5]. "auto" flags rows that are more probably
        poison than not; for ranks, none unless they show a second component. "mixture" cuts
        between two Gaussians in any case.

    random_state : int, RandomState instance or None, default=None
        Seed of the detectors that have none of their own.

    Attributes
    ----------
    detectors_ : list of (str, BasePoisonDetector)
        Names and fitted detectors.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    training_scores_ : ndarray of shape (n_samples,)
        Negative suspicions of the training rows.

    offset_ : float
        Threshold on ``score_samples``.

    contamination_ : float
        Estimated share of poison among the training rows.

    contamination_interval_ : tuple of float
        Its 90 % interval. Where detectors are sure of poison (their intervals begin above 0), from
        the largest lower end among them to the sum of their upper ends; where none is, from 0 to
        the largest share that any detector cannot exclude.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    MarginDetector : Sees wrong labels.
    CentroidDetector : Sees rows far from their class.
    InfluenceDetector : Sees rows that do harm.

    Notes
    -----
    In "probability", the mean rank decides between rows of equal probability.

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
    >>> {name: round(d.contamination_, 2) for name, d in detector.detectors_}["margin"]
    0.2
    >>> bool((detector.fit_predict(X, y) == -1).mean() < 0.02)
    True
    """

    short_names = {"ensemble": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "detectors": [list, None],
        "combination": [StrOptions({"probability", "rank"})],
    }

    def __init__(
        self,
        detectors=None,
        *,
        combination="probability",
        contamination="auto",
        random_state=None,
    ):
        BasePoisonDetector.__init__(self, contamination=contamination, random_state=random_state)
        self.detectors = detectors
        self.combination = combination

    @property
    def _named_detectors(self):
        return self.detectors if isinstance(self.detectors, list) else []

    @_named_detectors.setter
    def _named_detectors(self, pairs):
        self.detectors = pairs

    def get_params(self, deep=True):
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

    def set_params(self, **params):
        """Set parameters, those of the detectors under ``name__parameter`` too.

        Parameters
        ----------
        **params : dict
            Parameters and values.

        Returns
        -------
        self : object
            This detector.
        """
        return self._set_params("_named_detectors", **params)

    def _fit(self, X, y, random_state):
        self.detectors_ = [
            (name, seeded_clone(detector, random_state)) for name, detector in self._members(len(X))
        ]
        labels = self.classes_[y] if self._labelled else None
        for _, detector in self.detectors_:
            detector.fit(self._as_given(X), labels)
        self._ranks = [_Ranks(-detector.training_scores_) for _, detector in self.detectors_]

    def _members(self, n_rows):
        if self.detectors is None:
            members = [("margin", MarginDetector()), ("centroid", CentroidDetector())]
            if n_rows <= MOST_ROWS_OF_INFLUENCE:
                members.append(("influence", InfluenceDetector(harm_only=True)))
            return members
        for pair in self.detectors:
            is_pair = isinstance(pair, tuple) and len(pair) == 2
            if not is_pair or not isinstance(pair[1], BasePoisonDetector):
                raise TypeError(
                    "detectors must be a list of (name, detector), detectors being those of "
                    f"skpoison.detectors, got {pair!r} in it."
                )
        if not self.detectors:
            raise ValueError("detectors must name at least one detector, got an empty list.")
        self._validate_names([name for name, _ in self.detectors])
        return self.detectors

    def _suspicion(self, X):
        each = [detector._suspicion(X) for _, detector in self.detectors_]
        n_columns = max(suspicion.shape[1] for suspicion in each)
        each = [np.broadcast_to(s, (len(X), n_columns)) for s in each]
        ranks = [rank(suspicion) for rank, suspicion in zip(self._ranks, each, strict=True)]
        if self.combination == "rank":
            return np.mean(ranks, axis=0)
        none_is_right = np.prod(
            [1 - d._cut.probability(s) for (_, d), s in zip(self.detectors_, each, strict=True)],
            axis=0,
        )
        return 1 - none_is_right + TIE_BREAK * np.mean(ranks, axis=0)

    def _find_poison(self, suspicion):
        if self.combination == "rank":
            return super()._find_poison(suspicion)
        intervals = np.array([d.contamination_interval_ for _, d in self.detectors_])
        sure = intervals[intervals[:, 0] > 0]
        interval = (0.0, float(intervals[:, 1].max()))
        if len(sure):
            interval = (float(sure[:, 0].max()), float(min(1.0, sure[:, 1].sum())))
        probability = np.clip(suspicion, 1e-12, 1 - 1e-12)
        order = np.argsort(probability)
        return Cut(
            threshold=0.5 + TIE_BREAK / 2,
            contamination=float(np.mean(probability * (suspicion > TIE_BREAK))),
            interval=interval,
            grid=suspicion[order],
            log_odds=logit(probability[order]),
        )

    def _check_image_shape(self, shape):
        self._array_shape = shape

    def _as_given(self, X):
        """Rows in the shape they came in: detectors that hold networks look at it."""
        return X.reshape(len(X), *self._array_shape) if len(self._array_shape) > 1 else X


class _Ranks:
    """Share of a sample below a value, interpolated so that rounding moves no rank."""

    def __init__(self, sample):
        self.values, counts = np.unique(sample, return_counts=True)
        self.shares = (np.cumsum(counts) - counts / 2) / len(sample)

    def __call__(self, values):
        return np.interp(values, self.values, self.shares)
