"""What the tests share."""

import pytest
from sklearn.datasets import load_digits


@pytest.fixture(scope="session")
def digits_pair():
    """Digits 3 and 8: real 8x8 images that ship with scikit-learn, in [0, 1]."""
    X, y = load_digits(return_X_y=True)
    rows = (y == 3) | (y == 8)
    return X[rows] / 16, y[rows]
