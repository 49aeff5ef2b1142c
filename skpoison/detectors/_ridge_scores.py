"""Leave-one-out predictions of kernel ridge regression, in closed form."""

import numpy as np
from sklearn.metrics.pairwise import rbf_kernel

WIDTHS = (0.5, 1.0, 2.0, 4.0)  # of the RBF kernel: gamma in units of 1 / median squared distance
PENALTIES = np.geomspace(1e-3, 1e3, 13)  # in units of the features' mean squared norm
ROWS_TO_CHOOSE_WIDTH, COMPONENTS_TO_CHOOSE_WIDTH = 1000, 300
ROWS_OF_DISTANCES = 500
MIN_EIGENVALUE = 1e-9  # of a kernel matrix, in units of the largest
MAX_LEVERAGE = 1 - 1e-9
BLOCK = 4096  # rows mapped at once
COLUMNS = 128  # predictions of a row computed at once: classes x penalties
SINGLE_PRECISION_FROM = 2000  # rows: features take half the memory and time


class LeaveOneOutRidge:
    """Kernel ridge regression of +-1 coded labels that predicts its training rows out of sample.

    All classes, all penalties and all left-out rows come out of one eigendecomposition. Rows of a
    group are left out together. Width and penalty are those of the smallest squared leave-one-out
    error, in which a group has one vote.

    Parameters
    ----------
    kernel : {"linear", "rbf"}
        The kernel. RBF is approximated from `n_components` training rows (Nystroem); so is the
        linear one where there are more columns than that.

    n_components : int
        Number of features of the approximation; exact where there are no more rows.

    n_classes : int
        Number of classes.

    seed : int
        Draws the rows of the approximation.

    References
    ----------
    .. [1] R. Rifkin, R. Lippert, "Notes on Regularized Least Squares", MIT CSAIL 2007.
    .. [2] C. Williams, M. Seeger, "Using the Nyström Method to Speed Up Kernel Machines", NIPS
       2000.
    """

    def __init__(self, kernel, n_components, n_classes, seed):
        self.kernel = kernel
        self.n_components = n_components
        self.n_classes = n_classes
        self.seed = seed
        self._features = None

    def fit_predict(self, X, y, groups, weight):
        """Fit, and predict each row by the solution without its group.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Standardised rows.

        y : ndarray of shape (n_samples,)
            Label codes.

        groups : ndarray of shape (n_samples,)
            Group of each row.

        weight : ndarray of shape (n_samples,)
            Weights of the rows in the fit, not all zero.

        Returns
        -------
        decision : ndarray of shape (n_samples, n_classes)
            About 1 for the class of a row and -1 for others.
        """
        if self._features is None:
            self._choose_width(X, y, groups, weight)
        _, predictions = self._solve(self._features, y, groups, weight)
        if self.projection_ is not None:
            self.coef_ = self.projection_ @ self.coef_  # of the kernel values
        return predictions

    def predict(self, X):
        """Predict rows that were not fitted.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows, standardised as those of the fit.

        Returns
        -------
        decision : ndarray of shape (n_samples, n_classes)
        """
        if self.landmarks_ is None:
            return X @ self.coef_ + self.intercept_
        X = X.astype(self.dtype_, copy=False)
        decision = np.empty((len(X), self.n_classes))
        for start in range(0, len(X), BLOCK):
            rows = slice(start, start + BLOCK)
            decision[rows] = self._kernel(X[rows]) @ self.coef_ + self.intercept_
        return decision

    def release(self):
        """Forget the features of the training rows and their map: only a further fit needs them."""
        self._features = self.projection_ = None
        if self.kernel == "linear" and self.landmarks_ is not None:
            self.coef_, self.landmarks_ = self.landmarks_.T @ self.coef_, None

    def _choose_width(self, X, y, groups, weight):
        dtype = np.float32 if len(X) > SINGLE_PRECISION_FROM else np.float64
        self.dtype_, X = dtype, X.astype(dtype, copy=False)
        if self.kernel == "linear":
            self._map(X, None)
            return
        random_state = np.random.RandomState(self.seed)
        rows = random_state.permutation(len(X))[:ROWS_TO_CHOOSE_WIDTH]
        unit = 1 / _median_squared_distance(X[rows[:ROWS_OF_DISTANCES]])
        if len(np.unique(y[rows])) < 2 or not weight[rows].sum() > 0:
            self._map(X, unit)
            return
        n_components = min(self.n_components, COMPONENTS_TO_CHOOSE_WIDTH)
        errors = []
        for width in WIDTHS:
            self._map(X[rows], width * unit, n_components)
            errors.append(self._solve(self._features, y[rows], groups[rows], weight[rows])[0])
        self._map(X, WIDTHS[int(np.argmin(errors))] * unit)

    def _map(self, X, gamma, n_components=None):
        """Choose the map to features whose inner products approximate the kernel, and map X."""
        n_components = min(self.n_components if n_components is None else n_components, len(X))
        self.gamma_, self.landmarks_, self.projection_ = gamma, None, None
        if gamma is not None or X.shape[1] > n_components:
            rows = np.random.RandomState(self.seed).permutation(len(X))[:n_components]
            self.landmarks_ = X[rows].astype(np.float32)  # half the size, and as good
            kernel = self._kernel(self.landmarks_.astype(X.dtype))
            eigenvalues, vectors = np.linalg.eigh(kernel.astype(np.float64))
            kept = eigenvalues > MIN_EIGENVALUE * max(eigenvalues[-1], 1e-300)
            self.projection_ = (vectors[:, kept] / np.sqrt(eigenvalues[kept])).astype(X.dtype)
        self._features = self._transform(X)

    def _kernel(self, X):
        landmarks = self.landmarks_.astype(X.dtype, copy=False)
        if self.gamma_ is None:
            return X @ landmarks.T
        return rbf_kernel(X, landmarks, gamma=self.gamma_)

    def _transform(self, X):
        if self.landmarks_ is None:
            return X
        features = np.empty((len(X), self.projection_.shape[1]), dtype=X.dtype)
        for start in range(0, len(X), BLOCK):
            rows = slice(start, start + BLOCK)
            features[rows] = self._kernel(X[rows]) @ self.projection_
        return features

    def _solve(self, features, y, groups, weight):
        """Smallest leave-one-out error, and the predictions that have it."""
        weight = weight.astype(features.dtype)
        total = weight.sum(dtype=np.float64)
        target = np.full((len(y), self.n_classes), -1.0, dtype=features.dtype)
        target[np.arange(len(y)), y] = 1.0
        target_mean = (weight @ target) / features.dtype.type(total)
        center = (weight @ features) / features.dtype.type(total)
        centered = features - center
        gram = (centered * weight[:, np.newaxis]).T @ centered
        eigenvalues, vectors = np.linalg.eigh(gram.astype(np.float64))
        eigenvalues = np.maximum(eigenvalues, 0)
        rotated = centered @ vectors.astype(features.dtype)
        del centered
        moments = (rotated * weight[:, np.newaxis]).T @ (target - target_mean)
        squares = rotated**2
        members, votes = _members(groups)
        votes = votes * weight
        unit = max(eigenvalues.sum() / total, 1e-12)
        best = (np.inf,)
        n_chunks = min(-(-len(PENALTIES) * self.n_classes // COLUMNS), len(PENALTIES))
        for chunk in np.array_split(PENALTIES * unit, n_chunks):
            shrunk = (1 / (eigenvalues + chunk[:, np.newaxis])).astype(features.dtype)
            coefs = shrunk[:, :, np.newaxis] * moments
            fitted = rotated @ np.hstack(coefs)
            leverages = (squares @ shrunk.T + 1 / total) * weight[:, np.newaxis]
            for i, coef in enumerate(coefs):
                fit = fitted[:, i * self.n_classes : (i + 1) * self.n_classes]
                residual = target - target_mean - fit
                left_out = residual / (1 - np.minimum(leverages[:, i : i + 1], MAX_LEVERAGE))
                for rows in members:
                    hat = (rotated[rows] * shrunk[i]) @ rotated[rows].T + 1 / total
                    hat = np.eye(len(rows)) - hat * weight[rows] * MAX_LEVERAGE
                    left_out[rows] = np.linalg.solve(hat.astype(np.float64), residual[rows])
                error = votes @ np.square(left_out).mean(axis=1) / votes.sum()
                if error < best[0]:
                    best = error, target - left_out, coef
        error, predictions, coef = best
        self.coef_ = vectors @ coef
        self.intercept_ = target_mean - center @ self.coef_
        return error, predictions.astype(np.float64)


def _members(groups):
    """Rows of each group that has several, and the vote of every row."""
    _, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(counts)
    several = np.flatnonzero(counts > 1)
    return [order[ends[g] - counts[g] : ends[g]] for g in several], 1 / counts[place]


def _median_squared_distance(X):
    norms = np.einsum("ij,ij->i", X, X)
    squared = norms[:, np.newaxis] + norms - 2 * X @ X.T
    squared = squared[np.triu_indices(len(X), 1)]
    positive = squared[squared > 1e-6 * max(squared.max(initial=0.0), 1e-12)]
    return float(np.median(positive)) if len(positive) else 1.0
