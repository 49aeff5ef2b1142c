"""Influence: what a row does to the loss on rows that can be trusted."""

from numbers import Integral

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import NearestNeighbors
from sklearn.utils._param_validation import HasMethods, Interval
from threadpoolctl import threadpool_limits

from skpoison._typing import Contamination, Estimator, RandomState
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._cross_fitting import CrossFit, stratified_folds
from skpoison.detectors._label_base import BaseLabelNoiseDetector
from skpoison.victims import describe_victim

# A shrunken ridge classifier's alpha, in units of the rows' mean squared distance from their mean;
# benchmarks/calibrate_estimators.py influence tries others.
SHRINKAGE = 3.0


class InfluenceDetector(BaseLabelNoiseDetector):
    """Flag rows that would raise the victim's loss on held-out rows.

    Poison that carries its true label looks innocent; what gives it away, if anything does, is the
    harm. The anomaly score is the influence function [1]_ of a row under its label: how fast the
    loss of the victim on held-out rows rises as the row is given weight in the victim's training.
    It is the first-order form of rejecting on negative impact [2]_, without a training for each
    row, and, other than that, it needs no clean rows: the loss is measured on rows of the
    untrusted set itself, those whose label most of their nearest neighbours share.

    A row is scored by victims that were neither trained nor measured on it: the training rows are
    cut into `cv` folds, and each fold is scored by victims of the others, of which each in
    turn is held out.

    Influence has a few large values on both sides; the anomaly score is its inverse hyperbolic
    sine in units of the training rows' median size.

    Parameters
    ----------
    estimator : RidgeClassifier, Ridge, LogisticRegression, SVC, LinearSVC or SGDClassifier, \
            default=None
        The victim, unfitted; an :class:`~sklearn.svm.SVC` with a linear, polynomial or RBF
        kernel. None stands for a :class:`~sklearn.linear_model.RidgeClassifier` with an `alpha`
        of three times the rows' mean squared distance from their mean: a smooth loss and strong
        regularisation make influence stable.

    cv : int, default=10
        Number of folds; cv * (cv - 1) victims are trained.

    n_neighbors : int, default=10
        A row is trusted to measure the loss where more than half of so many nearest neighbours
        have its label.

    n_jobs : int, default=None
        Number of folds fitted at once, as in joblib.

    verbose : int, default=0
        1 shows a progress bar.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is ``SecondComponentThreshold()``:
        it flags none unless the scores show a second component. A handful of rows can do all the
        harm and be too few for a component of their own; ``MADThreshold(4)`` finds those.

    random_state : int, RandomState instance or None, default=None
        Seed of the folds.

    Attributes
    ----------
    estimator_ : estimator
        The victim, unfitted.

    scale_ : float
        Median absolute influence of the training rows; ``sinh(anomaly score) * scale_`` is a row's
        influence.

    training_scores_ : ndarray of shape (n_samples,)
        Negative anomaly scores of the training rows: what they do for the held-out loss.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    CentroidDetector : Distance to the mean of the class.

    Notes
    -----
    With victim f, decision values f(x) and held-out loss L, the derivative of L with respect to
    the weight of a row (x, y) in training is theta(x, y) h(x): the coefficient the row would have
    times the adjoint function of the trained victim, the one by which the gradient attacks climb.
    With more than two classes it is summed over the victim's binary problems.

    Training is exact and in dual form: time grows with the third power of the number of rows.
    Where the columns have different units, scale them first. Without labels, or with one class,
    rows are scored by the distance to their neighbours.

    References
    ----------
    .. [1] P. W. Koh, P. Liang, "Understanding Black-box Predictions via Influence Functions",
       ICML 2017.
    .. [2] M. Barreno, B. Nelson, A. D. Joseph, J. D. Tygar, "The Security of Machine Learning",
       Machine Learning 81, 2010, sec. 5.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import InfluenceDetector
    >>> from skpoison.metrics import poison_roc_auc
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> attack = LabelFlipAttack(rate=0.3, random_state=0)
    >>> X, y = attack.fit_resample(X[:100], y[:100])
    >>> detector = InfluenceDetector(random_state=0).fit(X, y)
    >>> round(poison_roc_auc(attack.poison_mask_, detector.training_scores_), 2)
    1.0
    """

    short_names = {"influence": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        cv: int = 10,
        n_neighbors: int = 10,
        n_jobs: int | None = None,
        verbose: int = 0,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.estimator = estimator
        self.cv = cv
        self.n_neighbors = n_neighbors
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _fit_label_scores(self, X, y, random_state):
        X = X.astype(np.float64)
        self.estimator_ = self.estimator
        if self.estimator is None:
            spread = np.square(X - X.mean(axis=0)).sum(axis=1).mean()
            self.estimator_ = shrunken_ridge(spread)
        victim = describe_victim(self.estimator_)
        seed = random_state.randint(2**31 - 1)

        def fit(rows, codes):
            trusted = trusted_rows(rows, codes, self.n_neighbors)
            folds = stratified_folds(codes, self.cv - 1, np.random.RandomState(seed))
            return InfluenceFunction(victim, self.classes_, rows, codes, folds, trusted)

        with threadpool_limits(1):
            self._cross_fit = CrossFit(
                fit,
                X,
                y,
                n_folds=self.cv,
                random_state=random_state,
                n_jobs=self.n_jobs,
                verbose=self.verbose,
            )
            influence = self._cross_fit.predict_out_of_fold(X, InfluenceFunction.__call__)
        self.scale_ = float(np.median(np.abs(influence[np.arange(len(X)), y]))) or 1.0
        return np.arcsinh(influence / self.scale_)

    def _label_scores(self, X):
        influence = self._cross_fit.predict(X.astype(np.float64), InfluenceFunction.__call__)
        return np.arcsinh(influence / self.scale_)


def shrunken_ridge(spread):
    """A ridge classifier for rows of this mean squared distance from their mean."""
    return RidgeClassifier(alpha=max(SHRINKAGE * spread, 1e-10))


class InfluenceFunction:
    """Derivative of the victim's held-out loss with respect to the weight of a further row.

    Parameters
    ----------
    victim : Victim

    classes : ndarray of shape (n_classes,)
        The labels behind the codes.

    X : ndarray of shape (n_samples, n_features)
        Rows.

    codes : ndarray of shape (n_samples,)
        Their label codes.

    folds : ndarray of shape (n_samples,)
        The fold of each row; each fold is held out once from the victim's training.

    trusted : ndarray of shape (n_samples,), dtype=bool
        The rows on which the loss is measured while they are held out.
    """

    def __init__(self, victim, classes, X, codes, folds, trusted):
        self.class_cost = np.full(len(classes), victim.cost)
        self.class_cost[codes] = victim.row_costs(classes[codes])
        self.kernel = victim.make_kernel(X)
        squared_norms = np.einsum("ij,ij->i", X, X)
        self.n_folds = int(folds.max()) + 1
        self.machine = victim.machine
        gram = self.kernel(X, X, squared_norms)
        if not np.isfinite(gram).all():
            raise ValueError(
                f"The {self.kernel.name!r} kernel overflows on these rows: scale X to a range like "
                "[0, 1]."
            )
        signs, constants, duals = [], [], []  # of each binary problem with one fold held out
        for positive, negative in victim.binary_problems(len(classes)):
            sign_of = np.full(len(classes), -1.0 if negative is None else 0.0)
            sign_of[positive] = 1.0
            if negative is not None:
                sign_of[negative] = -1.0
            sign = sign_of[codes]
            for fold in range(self.n_folds):
                train = np.flatnonzero((sign != 0) & (folds != fold))
                held_out = np.flatnonzero((sign != 0) & (folds == fold) & trusted)
                if len(held_out) == 0 or len(np.unique(sign[train])) < 2:
                    continue
                machine = victim.machine(
                    gram[np.concatenate([train, held_out])][:, train],
                    sign[train],
                    sign[held_out],
                    self.class_cost[codes[train]],
                    intercept=victim.intercept,
                )
                solution = machine.solve(None)
                slope, adjoint, shift = machine.adjoint(solution)
                dual = np.zeros((2, len(X)))
                dual[0, train], dual[1, train], dual[1, held_out] = solution.theta, -adjoint, slope
                signs.append(sign_of)
                constants.append((solution.intercept, -shift))
                duals.append(dual)
        self.signs = np.reshape(signs, (-1, len(classes)))
        self.constants = np.reshape(constants, (-1, 2))
        self.weights = np.reshape(duals, (-1, 2, len(X)))
        self.rows, self.squared_norms = X, squared_norms
        if self.kernel.name == "linear":  # a weight a column in place of one a row
            self.weights = self.weights @ X
            self.rows = self.squared_norms = None
        self.weights = self.weights.astype(np.float32)

    def __call__(self, X):
        """Influence of rows `X` (n, n_features) under every label: (n, n_classes)."""
        values = X if self.rows is None else self.kernel(X, self.rows, self.squared_norms)
        values = np.moveaxis(self.weights @ values.T, 1, 0)  # (2, n_problems, n)
        decision, adjoint = values + self.constants.T[:, :, np.newaxis]
        influence = np.empty((len(X), len(self.class_cost)))
        for code, cost in enumerate(self.class_cost):
            takes_part = self.signs[:, code] != 0
            sign = self.signs[takes_part, code, np.newaxis]
            coefficient = self.machine.coefficient(decision[takes_part], sign, cost)
            influence[:, code] = (coefficient * adjoint[takes_part]).sum(axis=0)
        return influence / self.n_folds


def trusted_rows(X, codes, n_neighbors):
    """Rows whose label more than half of their nearest neighbours share.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.

    codes : ndarray of shape (n_samples,)
        Their label codes.

    n_neighbors : int
        How many neighbours to ask; all others where there are fewer.

    Returns
    -------
    trusted : ndarray of shape (n_samples,), dtype=bool
        All rows, where no row has such neighbours.
    """
    n_neighbors = min(n_neighbors, len(X) - 1)
    if n_neighbors == 0:
        return np.ones(len(X), dtype=bool)
    others = NearestNeighbors(n_neighbors=n_neighbors).fit(X).kneighbors(return_distance=False)
    trusted = (codes[others] == codes[:, np.newaxis]).mean(axis=1) > 0.5
    return trusted if trusted.any() else ~trusted
