"""Cross-fitting: no row is judged by a model that has learnt it."""

import warnings
from hashlib import blake2b

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold


class CrossFit:
    """Models that were each fitted to all folds of a training set but one.

    Equal rows share a fold, so that none of them is judged by a model that has learnt another.

    Parameters
    ----------
    fit : callable
        ``fit(X, codes)`` returns a model.

    X : ndarray of shape (n_samples, n_features)
        Training rows.

    codes : ndarray of shape (n_samples,)
        Their label codes; folds are stratified as far as they allow it.

    n_folds : int
        Number of folds; no more than there are different rows, and rows of the largest class.

    random_state : RandomState
        Draws the folds.

    Attributes
    ----------
    models : list
        What `fit` returned, one a fold.
    """

    def __init__(self, fit, X, codes, *, n_folds, random_state):
        _, groups = np.unique(X, axis=0, return_inverse=True)
        n_folds = min(n_folds, groups.max() + 1, np.bincount(codes).max())
        self.models = []
        self._fold_of = {}
        if n_folds < 2:
            self.models.append(fit(X, codes))
            return
        folds = StratifiedGroupKFold(
            n_folds, shuffle=True, random_state=random_state.randint(2**31 - 1)
        )
        for fold, (others, rows) in enumerate(_quiet_split(folds, X, codes, groups)):
            self.models.append(fit(X[others], codes[others]))
            self._fold_of.update((key, fold) for key in _keys(X[rows]))

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


def _quiet_split(folds, X, codes, groups):
    """Split; a class with fewer rows than folds is no cause for a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")
        return list(folds.split(X, codes, groups))


def _keys(X):
    """A fingerprint of each row, the same in every process; 0 and -0 are one."""
    rows = np.ascontiguousarray(X, dtype=np.float64) + 0.0
    return [blake2b(row.tobytes(), digest_size=16).digest() for row in rows]
