"""What a small network makes of rows: the activations of its last hidden layer."""

import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from skpoison._typing import FloatArray, RandomState, Rows
from skpoison.utils._labels import label_values


class HiddenActivations(TransformerMixin, BaseEstimator):
    """Represent rows by the last hidden layer of a network that was trained on their labels.

    The representation in which defences against backdoors look for poison: what the network has
    learnt of a trigger stands out in it. For ``transformer=`` of a detector, or in front of one in
    a pipeline.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int or int, default=100
        Widths of the network's hidden layers.

    epochs : int, default=50
        Passes over the training rows; fewer where the loss stands still.

    random_state : int, RandomState instance or None, default=None
        Seed of the network.

    Attributes
    ----------
    network_ : MLPClassifier or None
        The trained network; None where there is a single class, and rows are only scaled.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    Notes
    -----
    The network is scikit-learn's multi-layer perceptron on centred rows, divided by the root of
    their mean variance. It is trained in a tenth of a second where a Keras network takes some
    seconds to compile, and images and tables need no different treatment.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skpoison.detectors import HiddenActivations, NeighborDisagreementDetector
    >>> from skpoison.pipeline import make_pipeline
    >>> X, y = load_iris(return_X_y=True)
    >>> HiddenActivations(8, random_state=0).fit_transform(X, y).shape
    (150, 8)
    >>> deep_neighbors = make_pipeline(HiddenActivations(), NeighborDisagreementDetector(50))
    """

    _parameter_constraints = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = 100,
        *,
        epochs: int = 50,
        random_state: RandomState = None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.epochs = epochs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Rows, y: ArrayLike) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        y = label_values(y)
        self._mean = X.mean(axis=0, dtype=np.float64)
        self._scale = np.sqrt(np.mean(np.square(X - self._mean))) or 1.0
        self.network_ = None
        if len(np.unique(y)) > 1:
            self.network_ = MLPClassifier(
                self.hidden_layer_sizes, max_iter=self.epochs, random_state=self.random_state
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                self.network_.fit((X - self._mean) / self._scale, y)
            del self.network_._optimizer  # two numbers for each weight, for fitting on
        return self

    def transform(self, X: Rows) -> FloatArray:
        """Give the activations.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_hidden)
            Those of the last hidden layer; the scaled rows where there is no network.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        hidden = (X - self._mean) / self._scale
        if self.network_ is None:
            return hidden
        layers = zip(self.network_.coefs_, self.network_.intercepts_, strict=True)
        for weights, bias in list(layers)[:-1]:
            hidden = np.maximum(hidden @ weights + bias, 0)
        return hidden

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
