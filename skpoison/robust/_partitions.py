"""Partition aggregation: each training row reaches a few members of an ensemble only."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval

from skpoison._typing import Estimator, IntArray, RandomState, Rows
from skpoison.detectors._encoding import kind_of
from skpoison.robust._votes import VotingClassifier, count_votes
from skpoison.utils._row_index import row_keys


class PartitionAggregationClassifier(VotingClassifier):
    """Vote of classifiers on disjoint parts of the training set, with a certificate.

    A hash of each row says which part it falls into, so that a poison row changes one part, and
    one vote, whatever it holds (deep partition aggregation [1]_). With ``spread_degree=d`` the
    rows are hashed into d times as many parts, and each part is learnt by d of as many members
    (finite aggregation [2]_): members learn as many rows as before, and certificates may grow.

    Parameters
    ----------
    estimator : classifier, default=None
        Clones of it are fitted; all get one seed where it leaves its ``random_state`` at None.
        None: :class:`sklearn.tree.DecisionTreeClassifier`.

    n_partitions : int, default=50
        A member learns one in `n_partitions` rows. More of them withstand more poison and are
        right less often.

    spread_degree : int, default=1
        How many members learn each row: there are ``n_partitions * spread_degree``.

    n_jobs : int, default=None
        Number of members that are fitted or asked at once, as in joblib.

    verbose : int, default=0
        1 shows a progress bar.

    random_state : int, RandomState instance or None, default=None
        Seed of the members, and of the spread.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    estimators_ : list of length n_members
        The fitted members: the label itself where a part holds one label only, None where it is
        empty.

    members_of_part_ : ndarray of shape (n_parts, spread_degree)
        The members that learn each part.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    CertifiedBaggingClassifier : Random parts, and a certificate that holds with high probability.

    Notes
    -----
    The hash is of the row without its label, in single precision, and the rows of a part are
    learnt in the order of their hashes: neither the order of the training set nor its other rows
    matter. A relabelled row counts as one change. Tables are taken to keep their dtypes, and
    labels to be among `classes_`; what a pipeline in `estimator` learns, it learns for each part.

    References
    ----------
    .. [1] A. Levine, S. Feizi, "Deep Partition Aggregation: Provable Defenses against General
       Poisoning Attacks", ICLR 2021.
    .. [2] W. Wang, A. Levine, S. Feizi, "Improved Certified Defenses against Data Poisoning with
       (Deterministic) Finite Aggregation", ICML 2022.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skpoison.robust import PartitionAggregationClassifier
    >>> X, X_test, y, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)
    >>> model = PartitionAggregationClassifier(KNeighborsClassifier(1), n_partitions=20).fit(X, y)
    >>> right = model.predict(X_test) == y_test
    >>> bool(right.mean() > 0.9)
    True
    >>> bool((right & (model.certified_radius(X_test) >= 5)).mean() > 0.7)
    True
    """

    short_names = {"partitions": {}}

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_partitions": [Interval(Integral, 1, None, closed="left")],
        "spread_degree": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        n_partitions: int = 50,
        spread_degree: int = 1,
        n_jobs: int | None = None,
        verbose: int = 0,
        random_state: RandomState = None,
    ):
        self.estimator = estimator
        self.n_partitions = n_partitions
        self.spread_degree = spread_degree
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    def _draw_parts(self, X, codes, random_state):
        n_parts = self.n_partitions * self.spread_degree
        shifts = random_state.choice(n_parts, int(self.spread_degree), replace=False)
        self.members_of_part_ = (np.arange(n_parts)[:, np.newaxis] + shifts) % n_parts
        if kind_of(X) == "numbers":  # the same in any container
            X = np.asarray(X).reshape(len(codes), -1)
        keys = row_keys(X)
        order = np.lexsort([codes, keys])
        part = (keys[order] % np.uint64(n_parts)).astype(int)
        members = self.members_of_part_[part]
        return [order[(members == member).any(axis=1)] for member in range(n_parts)]

    def certified_radius(self, X: Rows) -> IntArray:
        """Tell how many changed training rows each prediction withstands.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, sequence of str} of shape (n_samples, ...)
            Rows.

        Returns
        -------
        radius : ndarray of shape (n_samples,), dtype=int
            However so many training rows are inserted, removed or relabelled, ``predict`` says
            the same.
        """
        votes = self.predict_members(X)
        return vote_radius(votes, len(self.classes_), self.members_of_part_)


def vote_radius(votes, n_classes, members_of_part):
    """Number of changed parts that a vote withstands (Theorem 2 of finite aggregation).

    A changed part may turn the votes of its members against the winner: each takes one from the
    winner's lead over a rival, two where it was for the winner, none where it was for the rival.

    Parameters
    ----------
    votes : ndarray of shape (n_samples, n_members)
        Class codes; -1 is no vote. Ties go to the smallest code.

    n_classes : int
        Number of classes.

    members_of_part : ndarray of shape (n_parts, spread_degree)
        The members that each part reaches.

    Returns
    -------
    radius : ndarray of shape (n_samples,), dtype=int
    """
    counts = count_votes(votes, n_classes)
    winner = counts.argmax(axis=1)
    most = counts.max(axis=1)
    radius = np.full(len(votes), len(members_of_part))
    for rival in range(n_classes):
        rows = winner != rival
        lead = most - counts[:, rival] - (rival < winner)
        loss = 1 + (votes == winner[:, np.newaxis]).astype(int) - (votes == rival)
        of_parts = np.sort(loss[:, members_of_part].sum(axis=2), axis=1)[:, ::-1]
        withstood = (of_parts.cumsum(axis=1) <= lead[:, np.newaxis]).sum(axis=1)
        radius[rows] = np.minimum(radius, withstood)[rows]
    return radius
