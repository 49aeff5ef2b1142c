"""Columns on one scale, whatever their units."""

import numpy as np
from sklearn.preprocessing import StandardScaler

LIMIT = 3.0  # standard deviations
LARGEST_SINGLE = 1e38


class Standardizer:
    """Columns of mean 0 and standard deviation 1, cut at three; constant ones become 0.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows that mean and deviation are taken of.
    """

    def __init__(self, X):
        largest = np.abs(X).max(axis=0, initial=0)
        self.unit = np.where(largest > 0, largest, 1)  # squares of huge values would overflow
        self.scaler = StandardScaler().fit(X / self.unit)

    def in_single_precision(self, X):
        """Rows whose values single precision can hold, scaled where it cannot."""
        return X / self.unit if self.unit.max() > LARGEST_SINGLE else X

    def __call__(self, X):
        """Scale rows."""
        scaled = self.scaler.transform(X / self.unit)
        return np.clip(scaled, -LIMIT, LIMIT, out=scaled)
