"""Confident learning: pairs of classes, and as many rows of each as are estimated to be wrong."""

import numpy as np
from scipy.special import softmax

from skpoison.thresholds._base import BaseThreshold, select_label

TOLERANCE = 1e-6  # probabilities closer than this count as equal
CERTAIN = 1.0  # no probability is above another by more than this


class ConfidentLearningThreshold(BaseThreshold):
    """Flag the rows that confident learning prunes.

    The confident joint [1]_ counts how many rows of each label belong to each other class; for
    every such pair as many rows are pruned, those first whose probability of the other class
    exceeds that of their label by most ("prune by noise rate"). Probabilities are read off the
    anomaly scores: the softmax of their negatives, so that scores should be negative logarithms
    of out-of-sample probabilities.

    The verdict is that of ``cleanlab.filter.find_label_issues`` on the same probabilities, but
    for ties.

    Attributes
    ----------
    confident_joint_ : ndarray of shape (n_classes, n_classes)
        Estimated number of rows that carry the label of the row and belong to the class of the
        column; each row sums to the number of rows of its label. Absent where there is a single
        column of scores.

    threshold_ : float
        Just above 0; with a single column, where nothing is flagged, the largest score.

    contamination_ : float
        Share of the rows flagged.

    contamination_interval_ : tuple of float
        NaN: the rule has no interval of the share.

    Notes
    -----
    cleanlab prunes by a count for each pair of classes, which is no single cut on any of its own
    scores. Here the anomaly score of a row under label i is the largest, over the other classes j,
    of ``p_j - p_i - cut_ij``, and no more than the largest ``p_j - p_i``. ``cut_ij`` lies halfway
    between the last row that is pruned and the first that is kept. Rows above zero are those that
    cleanlab flags. Rows whose margins are equal are flagged together, where cleanlab picks some
    of them, and a count that ends in .5 may be rounded the other way. cleanlab itself is only
    needed to test this.

    References
    ----------
    .. [1] C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in
       Dataset Labels", Journal of Artificial Intelligence Research 70, 2021, sections 3.1 and 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.thresholds import ConfidentLearningThreshold
    >>> probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7]])
    >>> y = np.array([0, 0, 0, 1, 1])
    >>> rule = ConfidentLearningThreshold().fit(-np.log(probabilities), y)
    >>> rule.confident_joint_
    array([[2, 1],
           [0, 2]])
    >>> rule.poison_probability(-np.log(probabilities), y)
    array([0., 0., 1., 0., 0.])
    """

    def _fit(self, scores, y):
        if scores.shape[1] == 1:
            self._count_flagged(scores[:, 0], scores.max())
            return
        probabilities = softmax(-scores, axis=1)
        if y is None:
            y = probabilities.argmax(axis=1)
        self.confident_joint_ = confident_joint(probabilities, y)
        self._cuts = pruning_cuts(probabilities, y, self.confident_joint_)
        self._count_flagged(self._reduce(scores, y), TOLERANCE)

    def _reduce(self, scores, y):
        if scores.shape[1] == 1:
            return scores[:, 0]
        probabilities = softmax(-scores, axis=1)
        n_classes = probabilities.shape[1]
        anomaly = np.empty_like(probabilities)
        for label in range(n_classes):
            others = np.arange(n_classes) != label
            margins = probabilities[:, others] - probabilities[:, [label]]
            above_cut = margins - self._cuts[label, others]
            anomaly[:, label] = np.minimum(above_cut.max(axis=1), margins.max(axis=1))
        return select_label(anomaly, y)


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
        Label codes 0 .. n_classes - 1.

    Returns
    -------
    joint : ndarray of int of shape (n_classes, n_classes)
        Rows: labels; columns: classes. At least one row of every label that occurs belongs to its
        class.

    References
    ----------
    .. [1] C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in
       Dataset Labels", Journal of Artificial Intelligence Research 70, 2021.
    """
    n_classes = probabilities.shape[1]
    n_rows = np.bincount(codes, minlength=n_classes)
    own = probabilities[np.arange(len(codes)), codes]
    totals = np.bincount(codes, own, minlength=n_classes)
    thresholds = np.where(n_rows > 0, totals / n_rows.clip(min=1), np.inf)
    confident = probabilities >= thresholds - TOLERANCE
    belongs = np.where(
        confident.sum(axis=1) > 1, probabilities.argmax(axis=1), confident.argmax(axis=1)
    )
    counted = confident.any(axis=1)
    joint = np.zeros((n_classes, n_classes))
    np.add.at(joint, (codes[counted], belongs[counted]), 1)
    np.fill_diagonal(joint, joint.diagonal().clip(min=1))
    share = joint / joint.sum(axis=1, keepdims=True) * n_rows[:, np.newaxis]
    share /= share.sum()
    joint = np.stack(
        [_round_to_total(*row) for row in zip(share * len(codes), n_rows, strict=True)]
    )
    for label in np.flatnonzero((joint.diagonal() == 0) & (n_rows > 0)):
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
