"""Margins of classifiers at rows that they have not learnt."""

from functools import partial
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils._param_validation import HasMethods, Interval

from skpoison.detectors._cross_fitting import CrossFit, has_one_scale
from skpoison.detectors._influence import shrunken_ridge
from skpoison.detectors._label_base import BaseLabelDetector
from skpoison.detectors._seeding import seeded_clone
from skpoison.detectors._suspicion import label_margins
from skpoison.thresholds import contradiction_cut, mirror_cut, no_cut

FEWEST_TRUSTED = 5  # rows of a class


class MarginDetector(BaseLabelDetector):
    """Flag rows whose labels a classifier contradicts that has not learnt them.

    The rows are dealt into folds, and those of each fold are judged by a classifier fitted to the
    others, as in the filters of [1]_; then once more, by classifiers fitted to those of the others
    that the first did not contradict. Suspicion is the margin of the best other label over the
    row's own: above 0 where the classifier contradicts the label. "auto" takes poison for the
    mirror image of clean rows (:func:`~skpoison.thresholds.mirror_cut`), tests for it on the
    margins of the first round, and tells its share.

    Where classes overlap, poison is no mirror image. But a classifier contradicts the rows of an
    overlap where it is unsure, and those with a wrong label also where it is sure. Where it does
    (:func:`~skpoison.thresholds.contradiction_cut`), all contradicted rows are flagged; they need
    not be poison, so that the interval of the share begins at 0. Where as many rows are
    contradicted as by guessing, nothing has been learnt and nothing is flagged.

    Parameters
    ----------
    estimator : classifier with ``decision_function``, default=None
        None: an SVM with an RBF kernel, on the columns as they are where all values lie in [0, 1]
        as those of pixels do, otherwise standardised; a ridge classifier, which poison bends less,
        is asked as well whether labels are contradicted where it is sure. More than two classes
        are judged one against the rest.

    n_folds : int, default=10
        Number of folds.

    n_rounds : int, default=2
        How often the rows are judged; from the second time on by classifiers that have learnt
        from rows whose labels stood up the last time.

    contamination : "auto", "mixture" or float, default="auto"
        Share of the training rows to flag, in (0, 0.5]. "auto" flags none unless their margins
        show a mirror image; "mixture" cuts between two Gaussians in any case.

    random_state : int, RandomState instance or None, default=None
        Seed of the folds, and of classifiers that have a ``random_state``.

    Attributes
    ----------
    trusted_ : ndarray of shape (n_samples,), dtype=bool
        Training rows that the last round's classifiers have learnt from. Of a class with fewer
        than five such rows, all.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    training_scores_ : ndarray of shape (n_samples,)
        Negative suspicions of the training rows.

    offset_ : float
        Threshold on ``score_samples``.

    contamination_ : float
        Estimated share of poison among the training rows.

    contamination_interval_ : tuple of float
        Its 90 % interval.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    ConfidentLearningDetector : Cross-fitted probabilities instead of margins.
    EnsembleDetector : Joins it with detectors of rows that lie far out.

    Notes
    -----
    Training rows are judged by the classifier that did not learn them also when they are judged
    again later; other rows by the mean of all. Equal rows share a fold, and so do rows of a label
    that gather: half as far from each other as the nearest row of their label mostly is.

    References
    ----------
    .. [1] C. E. Brodley, M. A. Friedl, "Identifying Mislabeled Training Data", Journal of
       Artificial Intelligence Research 11, 1999.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import MarginDetector
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> X = X / 16
    >>> detector = MarginDetector(random_state=0).fit(X, y)
    >>> detector.contamination_
    0.0
    >>> attack = LabelFlipAttack(rate=0.25, random_state=0)
    >>> X, y = attack.fit_resample(X, y)
    >>> poison = detector.fit_predict(X, y) == -1
    >>> bool((poison == attack.poison_mask_).mean() > 0.99)
    True
    >>> round(detector.contamination_, 2)  # a quarter of the clean rows is a fifth of all
    0.2
    """

    short_names = {"margin": {}}

    _parameter_constraints = {
        **BaseLabelDetector._parameter_constraints,
        "estimator": [HasMethods(["fit", "decision_function"]), None],
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self, estimator=None, *, n_folds=10, n_rounds=2, contamination="auto", random_state=None
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.estimator = estimator
        self.n_folds = n_folds
        self.n_rounds = n_rounds

    def _fit_labels(self, X, y, random_state):
        seed = random_state.randint(2**31 - 1)
        self._evidence = []
        for estimator in reversed(self._estimators(X)):
            judge = partial(_Judge, seeded_clone(estimator, random_state), len(self.classes_))
            margins = self._cross_fit(judge, X, y, None, seed)
            self._evidence.append(margins)
        # later rounds, by learning from trusted rows, confirm themselves: evidence is of the first
        self._learnt = np.mean(margins > 0) < 1 - 1 / len(self.classes_)
        self._mirrored = mirror_cut(margins)
        self.trusted_ = np.ones(len(X), dtype=bool)
        for _ in range(self.n_rounds - 1):
            n_trusted = np.bincount(y[margins <= 0], minlength=len(self.classes_))
            self.trusted_ = (margins <= 0) | (n_trusted[y] < FEWEST_TRUSTED)
            margins = self._cross_fit(judge, X, y, self.trusted_, seed)

    def _estimators(self, X):
        """The classifier that judges, and by default one more that bears witness against labels."""
        if self.estimator is not None:
            return [self.estimator]
        if has_one_scale(X):
            spread = X.var(axis=0, dtype=np.float64).sum()
            return [SVC(), shrunken_ridge(spread)]
        models = SVC(), shrunken_ridge(X.shape[1])
        return [make_pipeline(StandardScaler(), model) for model in models]

    def _cross_fit(self, judge, X, y, learn_from, seed):
        """Margins of the rows under their labels; the folds are those of the seed."""
        self._judges = CrossFit(
            judge,
            X,
            y,
            learn_from=learn_from,
            n_folds=self.n_folds,
            random_state=np.random.RandomState(seed),
        )
        return self._label_suspicion(X)[np.arange(len(X)), y]

    def _label_suspicion(self, X):
        return label_margins(self._judges.judge(X, _Judge.support))

    def _find_wrong_labels(self, suspicion):
        if not self._learnt:
            return no_cut(suspicion, upper=1.0)
        if self._mirrored.contamination:
            cut = mirror_cut(suspicion, min_gain=0.0)
            if cut.contamination:
                return cut
        return contradiction_cut(suspicion, self._evidence, self._mirrored.interval[1])


class _Judge:
    """A fitted classifier that gives the support of every label, also of those it never saw."""

    def __init__(self, estimator, n_classes, X, y):
        self.n_classes = n_classes
        self.seen = np.unique(y)
        if len(self.seen) > 1:
            several = OneVsRestClassifier(estimator) if len(self.seen) > 2 else estimator
            self.classifier = clone(several).fit(X, y)

    def support(self, X):
        """Decision values (n_samples, n_classes); -1, as of a plain no, for a label not seen."""
        support = np.full((len(X), self.n_classes), -1.0)
        if len(self.seen) < 2:
            support[:, self.seen] = 1.0
        elif len(self.seen) == 2:
            decision = self.classifier.decision_function(X)
            support[:, self.seen] = np.column_stack([-decision, decision]) / 2
        else:
            support[:, self.seen] = self.classifier.decision_function(X)
        return support
