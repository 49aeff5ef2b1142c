"""Bagging: a poison row is in few of the small bags."""

from numbers import Integral, Real

import numpy as np
from scipy.stats import beta
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import _num_samples

from skpoison._typing import Estimator, IntArray, RandomState, Rows
from skpoison.robust._votes import VotingClassifier, count_votes


class CertifiedBaggingClassifier(VotingClassifier):
    """Vote of classifiers on small random bags of the training set, with a certificate.

    A poison row is in few of the bags, and changes few of the votes [1]_.

    Parameters
    ----------
    estimator : classifier, default=None
        Clones of it are fitted; all get one seed where it leaves its ``random_state`` at None.
        None: :class:`sklearn.tree.DecisionTreeClassifier`.

    n_estimators : int, default=100
        Number of bags. More of them give larger certificates.

    max_samples : int, default=30
        Rows in a bag, drawn with replacement. Fewer of them withstand more poison.

    alpha : float, default=0.001
        Probability that a certificate does not hold, for each row that is predicted.

    n_jobs : int, default=None
        Number of members that are fitted or asked at once, as in joblib.

    verbose : int, default=0
        1 shows a progress bar.

    random_state : int, RandomState instance or None, default=None
        Seed of the bags and the members.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    estimators_ : list of length n_estimators
        The fitted members: the label itself where a bag holds one label only.

    n_samples_ : int
        Number of training rows.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    PartitionAggregationClassifier : A certificate without a probability.

    Notes
    -----
    What is certified is the vote of infinitely many bags; how large its majority is at the least
    is inferred from the bags that were drawn, by Clopper-Pearson intervals.

    References
    ----------
    .. [1] J. Jia, X. Cao, N. Z. Gong, "Intrinsic Certified Robustness of Bagging against Data
       Poisoning Attacks", AAAI 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> from skpoison.robust import CertifiedBaggingClassifier
    >>> data = load_breast_cancer(return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(*data, random_state=0)
    >>> model = CertifiedBaggingClassifier(max_samples=20, random_state=0).fit(X, y)
    >>> right = model.predict(X_test) == y_test
    >>> bool((right & (model.certified_radius(X_test) >= 3)).mean() > 0.7)
    True
    """

    short_names = {"bagging": {}}

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "max_samples": [Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        n_estimators: int = 100,
        max_samples: int = 30,
        alpha: float = 0.001,
        n_jobs: int | None = None,
        verbose: int = 0,
        random_state: RandomState = None,
    ):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.alpha = alpha
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    def _draw_parts(self, X, codes, random_state):
        self.n_samples_ = _num_samples(X)
        size = (int(self.n_estimators), int(self.max_samples))
        return list(random_state.randint(self.n_samples_, size=size))

    def certified_radius(self, X: Rows) -> IntArray:
        """Tell how many changed training rows each prediction withstands.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
            Rows.

        Returns
        -------
        radius : ndarray of shape (n_samples,), dtype=int
            However so many training rows are inserted, removed or changed, the vote of infinitely
            many bags is for the class that ``predict`` says; -1 where the bags drawn are too few
            to tell even without poison.
        """
        counts = count_votes(self.predict_members(X), len(self.classes_))
        lower, upper = _majority_bounds(counts, self.alpha)
        return _withstood(lower - upper, self.n_samples_, self.max_samples)


def _majority_bounds(counts, alpha):
    """Simultaneous bounds: the least share of the first class, the largest of any other."""
    n_votes, alpha = counts.sum(axis=1), alpha / counts.shape[1]
    winner = counts.argmax(axis=1)
    rows = np.arange(len(counts))
    most = counts[rows, winner]
    lower = beta.ppf(alpha, most, n_votes - most + 1)
    others = counts.copy()
    others[rows, winner] = -1
    second = others.max(axis=1)
    upper = np.minimum(beta.ppf(1 - alpha, second + 1, n_votes - second), 1 - lower)
    return lower, np.where(second < 0, 0.0, upper)


def _withstood(lead, n_samples, bag_size):
    """Largest number r of changes for which equation 7 holds for every n' in [n - r, n + r]."""
    radius = np.full(len(lead), -1)
    for n_changes in range(n_samples):
        size = np.arange(n_samples - n_changes, n_samples + n_changes + 1)
        common = np.maximum(n_samples, size) - n_changes
        loss = ((size / n_samples) ** bag_size - 2.0 * (common / n_samples) ** bag_size + 1.0).max()
        holds = loss < lead
        if not holds.any():
            break
        radius[holds] = n_changes
    return radius
