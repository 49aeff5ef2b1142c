"""How well rows are reconstructed from the rows of each class."""

import numpy as np
from sklearn.decomposition import PCA

SMALLEST_ERROR = 1e-7


class ClassReconstruction:
    """A linear auto-encoder for each class: its leading principal components.

    A linear auto-encoder trained to the end projects on the principal components [1]_, which are
    had without training.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.

    codes : ndarray of shape (n_samples,)
        Their label codes.

    n_classes : int
        Number of classes, those without rows among them.

    n_components : int
        Width of the code; at most half of the class's rows, and of the columns, but at least 1.

    References
    ----------
    .. [1] P. Baldi, K. Hornik, "Neural networks and principal component analysis: Learning from
       examples without local minima", Neural Networks 2, 1989.
    """

    def __init__(self, X, codes, n_classes, n_components):
        self.by_class = []
        for code in range(n_classes):
            rows = np.asarray(X[codes == code], dtype=np.float64)
            width = max(1, min(n_components, len(rows) // 2, X.shape[1] // 2))
            self.by_class.append(PCA(width, random_state=0).fit(rows) if len(rows) > 1 else None)

    def errors(self, X):
        """Mean squared errors of rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        errors : ndarray of shape (n_samples, n_classes)
            At least 1e-7. A class of less than two rows has the largest error of the others: it
            reconstructs nothing better.
        """
        X = np.asarray(X, dtype=np.float64)
        errors = np.full((len(X), len(self.by_class)), np.nan)
        for code, model in enumerate(self.by_class):
            if model is not None:
                made = model.inverse_transform(model.transform(X))
                errors[:, code] = np.mean((X - made) ** 2, axis=1)
        worst = np.max(errors, axis=1, initial=SMALLEST_ERROR, where=~np.isnan(errors))
        errors = np.where(np.isnan(errors), worst[:, np.newaxis], errors)
        return np.maximum(errors, SMALLEST_ERROR)
