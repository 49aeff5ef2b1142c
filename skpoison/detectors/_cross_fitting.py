"""Cross-fitting: no row is judged by a model that has learnt it."""

from hashlib import blake2b

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import scale

NEAR = 0.5  # in units of the median distance to the nearest row of the class
N_NEIGHBORS = 5


class CrossFit:
    """Models that were each fitted to all folds of a training set but one.

    Equal rows share a fold, and so do gathered rows (:func:`gathered_rows`), so that none of them
    is judged by a model that has learnt another. Poison gathers: what climbs the same hill ends in
    the same place, and what hides wants company; each such row would vouch for the others.

    Parameters
    ----------
    fit : callable
        ``fit(X, codes)`` returns a model.

    X : ndarray of shape (n_samples, n_features)
        Training rows.

    codes : ndarray of shape (n_samples,)
        Their label codes; the folds are stratified.

    learn_from : ndarray of shape (n_samples,), dtype=bool, default=None
        The rows that models are fitted to; all rows are judged. None: all.

    n_folds : int
        Number of folds; no more than there are rows apart from each other.

    random_state : RandomState
        Draws the folds.

    Attributes
    ----------
    models : list
        What `fit` returned, one a fold.
    """

    def __init__(self, fit, X, codes, *, learn_from=None, n_folds, random_state):
        _, first, groups = np.unique(
            gathered_rows(X, codes), return_index=True, return_inverse=True
        )
        n_folds = min(n_folds, len(first))
        fold = stratified_folds(codes[first], n_folds, random_state)[groups]

        self.models = []
        for number in range(n_folds):
            others = fold != number if n_folds > 1 else np.ones(len(X), dtype=bool)
            if learn_from is not None:
                others = others & learn_from
            self.models.append(fit(X[others], codes[others]))
        self._fold_of = dict(zip(_keys(X), fold.tolist(), strict=True))

    def judge(self, X, predict):
        """Judge rows: training rows by the model that has not seen them, others by all.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            The rows.

        predict : callable
            ``predict(model, X)`` returns an ndarray of shape (n_samples, ...).

        Returns
        -------
        outputs : ndarray of shape (n_samples, ...)
            The output of the one model for training rows, the mean over the models for others.
        """
        outputs = np.stack([predict(model, X) for model in self.models])
        judged = outputs.mean(axis=0)
        fold = np.array([self._fold_of.get(key, -1) for key in _keys(X)])
        known = np.flatnonzero(fold >= 0)
        judged[known] = outputs[fold[known], known]
        return judged


def gathered_rows(X, codes):
    """Number the places where rows are: gathered rows share one, every other row has its own.

    Two rows of a label belong together where one is among the other's five nearest and not half
    as far away as the nearest row of the label mostly is (the median); together with those that
    belong to either. Equal rows belong together whatever their labels. Distances are those of
    standardised columns unless all values lie in [0, 1].

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.

    codes : ndarray of shape (n_samples,)
        Their label codes.

    Returns
    -------
    places : ndarray of shape (n_samples,)
        The number of each row's place, from 0.
    """
    _, first, places = np.unique(X, axis=0, return_index=True, return_inverse=True)
    rows, codes = X[first], codes[first]
    if not has_one_scale(rows):
        rows = scale(rows)
    pairs = [np.empty((2, 0), dtype=int)]
    for code in np.unique(codes):
        own = np.flatnonzero(codes == code)
        if len(own) < 3:
            continue
        neighbors = NearestNeighbors(n_neighbors=min(N_NEIGHBORS, len(own) - 1)).fit(rows[own])
        distances, others = neighbors.kneighbors()
        row, rank = np.nonzero(distances < NEAR * np.median(distances[:, 0]))
        pairs.append(own[[row, others[row, rank]]])
    pairs = np.concatenate(pairs, axis=1)
    links = coo_array((np.ones(pairs.shape[1]), tuple(pairs)), shape=(len(rows), len(rows)))
    _, together = connected_components(links, directed=False)
    return together[places]


def has_one_scale(X):
    """Whether the columns can be compared as they are: all values in [0, 1], as those of pixels."""
    return X.min() >= 0 and X.max() <= 1


def stratified_folds(codes, n_folds, random_state):
    """Deal rows into folds: class by class, in random order within each, one fold after another.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        Label codes.

    n_folds : int
        Number of folds.

    random_state : RandomState
        Draws the order.

    Returns
    -------
    folds : ndarray of shape (n_samples,)
        The fold of each row.
    """
    order = random_state.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    folds = np.empty(len(codes), dtype=int)
    folds[order] = np.arange(len(codes)) % n_folds
    return folds


def _keys(X):
    """A fingerprint of each row, the same in every process; 0 and -0 are one."""
    rows = np.ascontiguousarray(X, dtype=np.float64) + 0.0
    return [blake2b(row.tobytes(), digest_size=16).digest() for row in rows]
