"""Confident learning: rows that a cross-fitted classifier takes, with confidence, for another."""

from numbers import Integral

import numpy as np
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils._param_validation import HasMethods, Interval

from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._cross_fitting import CrossFit
from skpoison.detectors._label_base import BaseLabelDetector
from skpoison.detectors._seeding import seeded_clone

TOLERANCE = 1e-6  # probabilities closer than this count as equal
CERTAIN = 1.0  # no probability is above another by more than this


class ConfidentLearningDetector(BaseLabelDetector):
    """Flag rows that confident learning takes for mislabelled.

    A classifier is cross-fitted, so that each row gets class probabilities from a clone that has
    not learnt it. The confident joint [1]_ counts how many rows of each label belong to each
    other class; for every such pair as many rows are pruned, those first whose probability of
    the other class exceeds that of their label by most ("prune by noise rate").

    The verdict is that of ``cleanlab.filter.find_label_issues`` on the same probabilities, but
    for ties.

    Parameters
    ----------
    estimator : classifier, default=None
        A scikit-learn classifier with ``predict_proba``; clones are fitted, and where it leaves
        a ``random_state`` at None they get one. None: logistic regression on columns scaled to
        [0, 1], with a penalty (`C`) of one over the rows' mean squared distance to their mean,
        which makes the result the same whatever the units and the number of columns.

    n_folds : int, default=5
        Number of folds of the cross-fitting. No more than there are different rows are made.

    contamination : "auto", "mixture" or float, default="auto"
        Share of the training rows to flag, in (0, 0.5]. "auto" flags what confident learning
        prunes; "mixture" cuts between the two components of a Gaussian mixture fitted to the
        suspicions.

    random_state : int, RandomState instance or None, default=None
        Seed of the folds, the classifier and the mixture.

    Attributes
    ----------
    confident_joint_ : ndarray of shape (n_classes, n_classes)
        Estimated number of training rows that carry the label of the row and belong to the class
        of the column; each row sums to the number of training rows of its label. Only where
        there are two classes or more.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    training_scores_ : ndarray of shape (n_samples,)
        Negative suspicions of the training rows.

    offset_ : float
        Threshold on ``score_samples``.

    contamination_ : float
        Share of the training rows that are flagged.

    contamination_interval_ : tuple of float
        Its 90 % interval.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    NeighborDisagreementDetector : Asks the neighbours instead of a classifier.

    Notes
    -----
    cleanlab prunes by a count for each pair of classes, which is no single cut on any of its own
    scores. Here the suspicion of a row under label i is the largest, over the other classes j,
    of ``p_j - p_i - cut_ij``, and no more than the largest ``p_j - p_i``. ``cut_ij`` lies halfway
    between the last training row that is pruned and the first that is kept. Rows above zero are
    those that cleanlab flags. Rows whose margins are equal are flagged together, where cleanlab
    picks some of them, and a count that ends in .5 may be rounded the other way. cleanlab itself
    is only needed to test this.

    Without labels, or with one class, rows are judged by their mean distance to their five
    nearest neighbours.

    References
    ----------
    .. [1] C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in
       Dataset Labels", Journal of Artificial Intelligence Research 70, 2021, sections 3.1 and 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import ConfidentLearningDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> ConfidentLearningDetector(random_state=0).fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"confident-learning": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "n_folds": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(self, estimator=None, *, n_folds=5, contamination="auto", random_state=None):
        super().__init__(contamination=contamination, random_state=random_state)
        self.estimator = estimator
        self.n_folds = n_folds

    def _fit_labels(self, X, y, random_state):
        def fit(X_others, y_others):
            if (y_others == y_others[0]).all():
                return y_others[0]
            with config_context(skip_parameter_validation=False):  # it is the user's, check it
                return self._classifier(X_others, random_state).fit(X_others, y_others)

        self._cross_fit = CrossFit(fit, X, y, n_folds=self.n_folds, random_state=random_state)
        probabilities = self._probabilities(X)
        self.confident_joint_ = confident_joint(probabilities, y)
        self._cuts = pruning_cuts(probabilities, y, self.confident_joint_)

    def _label_suspicion(self, X):
        probabilities = self._probabilities(X)
        n_classes = len(self.classes_)
        suspicion = np.empty_like(probabilities)
        for label in range(n_classes):
            others = np.arange(n_classes) != label
            margins = probabilities[:, others] - probabilities[:, [label]]
            above_cut = margins - self._cuts[label, others]
            suspicion[:, label] = np.minimum(above_cut.max(axis=1), margins.max(axis=1))
        return suspicion

    def _find_wrong_labels(self, suspicion):
        return TOLERANCE

    def _classifier(self, X, random_state):
        if self.estimator is not None:
            return seeded_clone(self.estimator, random_state)
        scaler = MinMaxScaler()
        variance = scaler.fit_transform(X).var(axis=0).sum(dtype=np.float64)
        return make_pipeline(scaler, LogisticRegression(C=1 / (variance or 1.0), max_iter=1000))

    def _probabilities(self, X):
        def predict(model, X):
            probabilities = np.zeros((len(X), len(self.classes_)))
            if isinstance(model, np.integer):  # all the model has seen was this label
                probabilities[:, model] = 1.0
            else:
                probabilities[:, model.classes_] = model.predict_proba(X)
            return probabilities

        return self._cross_fit.judge(X, predict)


def confident_joint(probabilities, codes):
    """Estimate how many rows of each label belong to each class.

    A row belongs to the most probable of the classes that it is given at least as much
    probability of as the rows of that label are on average [1]_, equations 1 and 2; the counts
    are scaled to the number of rows of each label, equation 3.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_classes)
        Class probabilities from models that have not seen the row.

    codes : ndarray of shape (n_samples,)
        Label codes 0 .. n_classes - 1, each of which occurs.

    Returns
    -------
    joint : ndarray of int of shape (n_classes, n_classes)
        Rows: labels; columns: classes. At least one row of every label belongs to its class.

    References
    ----------
    .. [1] C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in
       Dataset Labels", Journal of Artificial Intelligence Research 70, 2021.
    """
    n_classes = probabilities.shape[1]
    thresholds = [probabilities[codes == label, label].mean() for label in range(n_classes)]
    confident = probabilities >= np.array(thresholds) - TOLERANCE
    belongs = np.where(
        confident.sum(axis=1) > 1, probabilities.argmax(axis=1), confident.argmax(axis=1)
    )
    counted = confident.any(axis=1)
    joint = np.zeros((n_classes, n_classes))
    np.add.at(joint, (codes[counted], belongs[counted]), 1)
    np.fill_diagonal(joint, joint.diagonal().clip(min=1))
    n_rows = np.bincount(codes)
    share = joint / joint.sum(axis=1, keepdims=True) * n_rows[:, np.newaxis]
    share /= share.sum()
    joint = np.stack(
        [_round_to_total(*row) for row in zip(share * len(codes), n_rows, strict=True)]
    )
    for label in np.flatnonzero(joint.diagonal() == 0):
        joint[label, joint[label].argmax()] -= 1
        joint[label, label] = 1
    return joint


def pruning_cuts(probabilities, codes, joint):
    """Margins that prune, for each pair of classes, as many rows as the joint says.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_classes)
        Class probabilities.

    codes : ndarray of shape (n_samples,)
        Label codes.

    joint : ndarray of int of shape (n_classes, n_classes)
        Entry (i, j): how many rows of label i to prune because they belong to class j.

    Returns
    -------
    cuts : ndarray of shape (n_classes, n_classes)
        Rows of label i are pruned for class j where ``p_j - p_i`` is larger than entry (i, j),
        which lies halfway between the last row that is pruned (1 where none is) and the next.
    """
    cuts = np.empty(joint.shape)
    for (label, other), n_pruned in np.ndenumerate(joint):
        rows = probabilities[codes == label]
        margins = np.sort(rows[:, other] - rows[:, label])[::-1]
        last = margins[n_pruned - 1] if n_pruned and label != other else CERTAIN
        kept = margins[margins < last - 4 * TOLERANCE]
        cuts[label, other] = (last + max(kept, default=-CERTAIN)) / 2
    return cuts


def _round_to_total(shares, total):
    """Round to integers of this sum: those off by most make up for what is missing."""
    rounded = np.round(shares).astype(int)
    missing = total - rounded.sum()
    order = np.argsort(shares - rounded)
    if missing > 0:
        rounded[order[-missing:]] += 1
    elif missing < 0:
        rounded[order[:-missing]] -= 1
    return rounded
