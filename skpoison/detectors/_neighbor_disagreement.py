"""How many of a row's neighbours carry another label."""

from dataclasses import replace
from numbers import Integral

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.utils._param_validation import Interval

from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._label_base import BaseLabelDetector
from skpoison.thresholds import mirror_cut


class NeighborDisagreementDetector(BaseLabelDetector):
    """Flag rows whose neighbours carry another label.

    Suspicion is the share of the `n_neighbors` nearest other training rows that carry another
    label than the row's, the quantity on which label sanitization [1]_ relabels. A row that
    stands in the training set is not its own neighbour: one training row equal to it is left
    out, one with the label it is judged under where there is one.

    Parameters
    ----------
    n_neighbors : int, default=10
        Number of neighbours, of all classes together. In a smaller training set, all other rows.

    contamination : "auto", "mixture" or float, default="auto"
        Share of the training rows to flag, in (0, 0.5]. "auto" takes poison for the mirror image
        of clean rows (:func:`~skpoison.thresholds.mirror_cut`), and flags none where there is no
        such image; "mixture" cuts between two Gaussians in any case.

    random_state : int, RandomState instance or None, default=None
        Seed of the mixture.

    Attributes
    ----------
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
    KNNDetector : Distance to the nearest rows of the class.
    ConfidentLearningDetector : Asks a cross-fitted classifier instead of the neighbours.

    Notes
    -----
    Label sanitization gives a row the label of its neighbours where enough of them agree; here
    the row is flagged and left to the filter.

    "auto" suits two classes best: among many, the neighbours that contradict a right label are
    spread over the others, and a wrong label mirrors it only roughly.

    Without labels, or with one class, rows are judged by their mean distance to their five
    nearest neighbours.

    References
    ----------
    .. [1] A. Paudice, L. Muñoz-González, E. C. Lupu, "Label Sanitization against Label Flipping
       Poisoning Attacks", ECML PKDD 2018 Workshops.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors import NeighborDisagreementDetector
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.15]])
    >>> y = np.array(["a", "a", "a", "a", "b", "b", "b", "b", "a"])
    >>> detector = NeighborDisagreementDetector(n_neighbors=3, contamination=0.1)
    >>> detector.fit_predict(X, y)
    array([ 1,  1,  1,  1,  1,  1,  1,  1, -1])
    """

    short_names = {"label-disagreement": {}}

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, n_neighbors=10, *, contamination="auto", random_state=None):
        super().__init__(contamination=contamination, random_state=random_state)
        self.n_neighbors = n_neighbors

    def _fit_labels(self, X, y, random_state):
        # an exact tree: a row's distance to itself comes out as zero
        self._rows = NearestNeighbors(algorithm="ball_tree").fit(X)
        self._labels = y

    def _label_suspicion(self, X):
        n_found = min(self.n_neighbors + 1, len(self._labels))
        distances, nearest = self._rows.kneighbors(X, n_neighbors=n_found)
        carried = np.eye(len(self.classes_))[self._labels[nearest]]
        known = distances[:, 0] == 0
        agreeing = carried[:, : self.n_neighbors].sum(axis=1)
        share = agreeing / min(self.n_neighbors, n_found)
        share[known] = _without_itself(carried[known], distances[known] == 0) / (n_found - 1)
        return 1 - share

    def _find_wrong_labels(self, suspicion):
        cut = mirror_cut(2 * suspicion - 1)  # share of the other labels minus that of the own
        threshold = (cut.threshold + 1) / 2 if cut.contamination else suspicion.max()
        return replace(cut, threshold=float(threshold), grid=(cut.grid + 1) / 2)


def _without_itself(carried, equal):
    """Neighbours under each label, one equal row fewer: (n_samples, n_classes).

    `carried` (n_samples, n_found, n_classes) tells which label each neighbour carries, `equal`
    (n_samples, n_found) which of them equal the row; the first one does.
    """
    agreeing = carried.sum(axis=1)
    has_equal = (carried * equal[:, :, np.newaxis]).any(axis=1)
    return agreeing - has_equal
