"""Self-influence: what a row does to the loss on itself."""

import numpy as np
from sklearn.utils._param_validation import HasMethods
from threadpoolctl import threadpool_limits

from skpoison._typing import Contamination, Estimator, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._cross_fitting import is_unit_scaled
from skpoison.detectors._influence import shrunken_ridge
from skpoison.detectors._label_base import BaseLabelNoiseDetector
from skpoison.detectors._standardizer import Standardizer
from skpoison.thresholds import LabelNoiseThreshold
from skpoison.victims import describe_victim


class SelfInfluenceDetector(BaseLabelNoiseDetector):
    """Flag rows whose label a classifier fits only because it was trained on them.

    The self-influence [1]_ of a row is how fast the loss on this very row falls as it is given
    more weight in training: ``loss'(f(x), y)^2 x' H^-1 x`` with the Hessian H of the training
    objective, in closed form. It is large where all other rows contradict the label, and where a
    row lies far from them. :class:`InfluenceDetector` measures the loss on other rows instead, and
    so the harm that a row does.

    Self-influence has a few large values; the anomaly score is its inverse hyperbolic sine in
    units of the training rows' median.

    Parameters
    ----------
    estimator : RidgeClassifier, Ridge, LogisticRegression, LinearSVC or SGDClassifier, default=None
        The classifier, unfitted, with a loss that is not the hinge loss, which has no curvature.
        None stands for a :class:`~sklearn.linear_model.RidgeClassifier` with an `alpha` of three
        times the rows' mean squared distance from their mean, on columns that are standardised
        unless all values lie in [0, 1].

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is the likelihood of label noise,
        ``LabelNoiseThreshold(temperature=2, temperature_scale=0.5)``.

    random_state : int, RandomState instance or None, default=None
        Seed of a threshold rule that draws.

    Attributes
    ----------
    estimator_ : estimator
        The classifier, unfitted.

    scale_ : float
        Median self-influence of the training rows; ``sinh(anomaly score) * scale_`` is a row's
        self-influence.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    InfluenceDetector : The harm that a row does to the loss on other rows.
    MarginDetector : Leaves the row out for real.

    Notes
    -----
    With more than two classes, self-influence is summed over the one-vs-rest problems. Training is
    exact and in dual form: time grows with the third power of the number of rows. Rows are scored
    by the classifier that has learnt them, as self-influence asks for; the score of another label,
    or of a new row, is what its influence would be.

    Without labels, or with one class, rows are scored by their mean distance to their five
    nearest neighbours, and "auto" flags nothing.

    References
    ----------
    .. [1] P. W. Koh, P. Liang, "Understanding Black-box Predictions via Influence Functions",
       ICML 2017, section 5.4.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import SelfInfluenceDetector
    >>> from skpoison.metrics import poison_roc_auc
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> attack = LabelFlipAttack(rate=0.1, random_state=0)
    >>> X, y = attack.fit_resample(X / 16, y)
    >>> detector = SelfInfluenceDetector().fit(X, y)
    >>> round(poison_roc_auc(attack.poison_mask_, detector.training_scores_), 2)
    1.0
    """

    short_names = {"self-influence": {}}
    auto_threshold = LabelNoiseThreshold(temperature=2.0, temperature_scale=0.5)

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.estimator = estimator

    def _fit_label_scores(self, X, y, random_state):
        scales = self.estimator is None and not is_unit_scaled(X)
        self._scaler = Standardizer(X) if scales else None
        X = self._scaled(X)
        self.estimator_ = self.estimator
        if self.estimator is None:
            self.estimator_ = shrunken_ridge(np.square(X - X.mean(axis=0)).sum(axis=1).mean())
        victim = describe_victim(self.estimator_)
        if not victim.machine.has_curvature:
            raise ValueError(
                f"estimator={self.estimator!r} has no self-influence: the hinge loss has no "
                "curvature. A squared, logistic or squared hinge loss has."
            )
        with threadpool_limits(1):
            self._self_influence = SelfInfluence(self.estimator_, self.classes_, X, y)
            influence = self._self_influence(X)
        self.scale_ = float(np.median(influence[np.arange(len(y)), y])) or 1.0
        return np.arcsinh(influence / self.scale_)

    def _label_scores(self, X):
        return np.arcsinh(self._self_influence(self._scaled(X)) / self.scale_)

    def _scaled(self, X):
        X = X.astype(np.float64, copy=False)
        return X if self._scaler is None else self._scaler(X)


class SelfInfluence:
    """How fast the loss on a row falls with the weight of this row in training.

    Parameters
    ----------
    estimator : estimator
        The victim, with a loss that has curvature.

    classes : ndarray of shape (n_classes,)
        The labels behind the codes.

    X : ndarray of shape (n_samples, n_features)
        Training rows.

    codes : ndarray of shape (n_samples,)
        Their label codes.
    """

    def __init__(self, estimator, classes, X, codes):
        self._made_of = {"estimator": estimator, "classes": classes, "X": X, "codes": codes}
        victim = describe_victim(estimator)
        costs = victim.row_costs(classes[codes])
        self.class_cost = np.full(len(classes), victim.cost)
        self.class_cost[codes] = costs
        self.kernel, self.rows = victim.make_kernel(X), X
        gram = self.kernel(X, X, None)
        self.problems = []
        for positive, _ in victim.binary_problems(len(classes)):
            sign = np.where(codes == positive, 1.0, -1.0)
            machine = victim.machine(gram, sign, np.empty(0), costs, intercept=victim.intercept)
            self.problems.append((positive, machine, machine.solve(None)))

    def __getstate__(self):
        """What it is made of, without matrices of all pairs of rows."""
        return self._made_of

    def __setstate__(self, state):
        self.__init__(**state)

    def __call__(self, X):
        """Self-influence of rows `X` (n, n_features) under every label: (n, n_classes)."""
        values = self.kernel(X, self.rows, None)
        norms = np.array([self.kernel(row, row[np.newaxis], None)[0] for row in X])
        influence = np.zeros((len(X), len(self.class_cost)))
        for positive, machine, solution in self.problems:
            decision = values @ solution.theta + solution.intercept
            variance = norms - solution.system.quadratic_form(values[:, solution.rows].T)
            for code, cost in enumerate(self.class_cost):
                slope = machine.coefficient(decision, 1.0 if code == positive else -1.0, 1.0)
                influence[:, code] += cost * slope**2 * np.maximum(variance, 0.0)
        return influence
