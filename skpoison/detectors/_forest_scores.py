"""Out-of-sample class probabilities of extremely randomised trees."""

import numpy as np
from joblib import delayed
from sklearn.ensemble import ExtraTreesClassifier

from skpoison.detectors._small_trees import pack_forest, unpack_forest
from skpoison.utils._parallel import Parallel

TREES_OF_A_HALF = 10


class HalfForest:
    """Extremely randomised trees, each fitted to half of the groups and asked about the others.

    The halves are drawn anew for every ten trees, stratified by label, and a row of its half is
    learnt with a probability that is its weight: leaves hold single rows, where a weight would say
    nothing. Training rows get the mean of the trees of the other half, other rows that of all.

    Parameters
    ----------
    n_trees : int
        Number of trees, rounded up to tens.

    n_classes : int
        Number of classes.

    random_state : RandomState
        Draws the halves and seeds the trees.

    n_jobs : int, default=None
        Number of halves at once, in threads.
    """

    def __init__(self, n_trees, n_classes, random_state, n_jobs=None):
        self.n_halves = -(-n_trees // TREES_OF_A_HALF)
        self.n_classes = n_classes
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.forests_ = []

    def fit_predict(self, X, y, groups, weight):
        """Fit, and give the logarithm of the smoothed probabilities.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows.

        y : ndarray of shape (n_samples,)
            Label codes.

        groups : ndarray of shape (n_samples,)
            Group of each row; its rows are in one half.

        weight : ndarray of shape (n_samples,)
            Weights of the rows in the fit, from 0 to 1.

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes)
        """
        halves = list(self._draw_halves(y, groups, weight))
        fits = Parallel(self.n_jobs, prefer="threads")(
            delayed(_fit_half)(X, y, *half) for half in halves
        )
        votes, n_votes = np.zeros((len(X), self.n_classes)), np.zeros(len(X))
        self.forests_ = [forest for forest, _ in fits]
        for (_, asked, _), (forest, found) in zip(halves, fits, strict=True):
            votes[np.ix_(asked, forest.classes_)] += found
            n_votes[asked] += TREES_OF_A_HALF
        return self._smoothed(votes, n_votes)

    def _draw_halves(self, y, groups, weight):
        """Rows that are learnt, rows that are asked about, and a seed."""
        _, first, place = np.unique(groups, return_index=True, return_inverse=True)
        for _ in range(self.n_halves):
            order = self.random_state.permutation(len(first))
            order = order[np.argsort(y[first][order], kind="stable")]
            half = np.zeros(len(first), dtype=bool)
            half[order[self.random_state.randint(2) :: 2]] = True
            asked = ~half[place]
            learnt = ~asked & (self.random_state.uniform(size=len(y)) < weight)
            if learnt.any() and asked.any():
                yield learnt, asked, self.random_state.randint(2**31 - 1)

    def predict(self, X):
        """Give the logarithm of the smoothed probabilities of rows that were not fitted.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes)
        """
        found = Parallel(self.n_jobs, prefer="threads")(
            delayed(_votes)(forest, X) for forest in self.forests_
        )
        votes = np.zeros((len(X), self.n_classes))
        for forest, of_forest in zip(self.forests_, found, strict=True):
            votes[:, forest.classes_] += of_forest
        # as many votes as a training row has: new and training rows are on one scale
        return self._smoothed(votes / 2, np.full(len(X), len(self.forests_) * TREES_OF_A_HALF / 2))

    def __getstate__(self):
        return {**vars(self), "forests_": [pack_forest(forest) for forest in self.forests_]}

    def __setstate__(self, state):
        vars(self).update(state, forests_=[unpack_forest(packed) for packed in state["forests_"]])

    def _smoothed(self, votes, n_votes):
        """One vote more, shared by all classes."""
        return np.log((votes + 1 / self.n_classes) / (n_votes + 1)[:, np.newaxis])


def _fit_half(X, y, learnt, asked, seed):
    forest = ExtraTreesClassifier(TREES_OF_A_HALF, random_state=seed).fit(X[learnt], y[learnt])
    return forest, _votes(forest, X[asked])


def _votes(forest, X):
    """Number of trees for each class of the forest."""
    return TREES_OF_A_HALF * forest.predict_proba(X)
