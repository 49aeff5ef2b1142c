"""Confident learning: out-of-sample probabilities of a classifier."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils._param_validation import HasMethods, StrOptions

from skpoison.detectors._cross_fitting import CrossFittedDetector
from skpoison.thresholds import ConfidentLearningThreshold

SMALLEST_PROBABILITY = 1e-7


class ConfidentLearningDetector(CrossFittedDetector):
    """Flag rows that confident learning takes for mislabelled.

    A classifier is cross-fitted, so that each row gets class probabilities from a clone that has
    not learnt it; the anomaly score of a label is the negative logarithm of its probability. What
    is flagged is up to :class:`~skpoison.thresholds.ConfidentLearningThreshold` [1]_, whose
    verdict is that of ``cleanlab.filter.find_label_issues`` on the same probabilities, but for
    ties.

    Parameters
    ----------
    estimator : classifier or "precomputed", default=None
        A scikit-learn classifier with ``predict_proba``; clones are fitted, and where it leaves
        a ``random_state`` at None they get one. None: logistic regression on columns scaled to
        [0, 1], with a penalty (`C`) of one over the rows' mean squared distance to their mean,
        which makes the result the same whatever the units and the number of columns.
        "precomputed": `X` holds out-of-sample class probabilities in place of rows, one column for
        each class; columns of a DataFrame are matched to the classes by name.

    cv : int, default=5
        Number of folds. No more than there are different rows are made.

    n_jobs : int, default=None
        Number of clones fitted at once, as in joblib.

    verbose : int, default=0
        1 shows a progress bar.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is ``ConfidentLearningThreshold()``.

    random_state : int, RandomState instance or None, default=None
        Seed of the folds and the classifier.

    Attributes
    ----------
    fitted_threshold_ : threshold rule
        With "auto", its ``confident_joint_`` tells how many rows of each label belong to each
        class.

    contamination_ : float
        Share of the training rows that are flagged.

    contamination_interval_ : tuple of float
        NaN: confident learning has no interval of the share.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    NeighborDisagreementDetector : Asks the neighbours instead of a classifier.
    MarginDetector : Asks a classifier for decision values.

    Notes
    -----
    Without labels, or with one class, rows are scored by their mean distance to their five
    nearest neighbours, and "auto" flags nothing.

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

    Probabilities of a model of one's own:

    >>> import pandas as pd
    >>> pred_proba = pd.DataFrame({"b": [0.1, 0.2, 0.9, 0.8, 0.9], "a": [0.9, 0.8, 0.1, 0.2, 0.1]})
    >>> ConfidentLearningDetector("precomputed").fit_predict(pred_proba, list("aabba"))
    array([ 1,  1,  1,  1, -1])
    """

    short_names = {"confident-learning": {}}
    auto_threshold = ConfidentLearningThreshold()
    prediction_method = "predict_proba"

    _parameter_constraints = {
        **CrossFittedDetector._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict_proba"]), StrOptions({"precomputed"}), None],
    }

    def _default_estimator(self, X):
        variance = MinMaxScaler().fit_transform(X).var(axis=0).sum(dtype=np.float64)
        return make_pipeline(
            MinMaxScaler(), LogisticRegression(C=1 / (variance or 1.0), max_iter=1000)
        )

    def _anomaly(self, predictions):
        return -np.log(predictions.clip(SMALLEST_PROBABILITY, 1.0))
