"""A small Keras network as a scikit-learn classifier."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from skpoison._typing import FloatArray, RandomState


class NetworkClassifier(ClassifierMixin, BaseEstimator):
    """Classify rows by a small Keras network.

    A victim: dense layers on tabular rows, two convolutions before them on images, trained by Adam
    on cross-entropy. Columns are not scaled.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(64,)
        Widths of the dense layers.

    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images. None: rows are
        tabular.

    epochs : int, default=50
        Passes over the rows; the weights of the one with the lowest training loss are kept.

    batch_size : int, default=32
        Upper limit of rows in a training step.

    learning_rate : float, default=0.001
        Adam's learning rate.

    random_state : int, RandomState instance or None, default=None
        Seed of the weights and of the order of the rows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen in `y`, sorted.

    network_ : TrainedNetwork
        The trained network; its ``to_keras()`` makes a Keras model.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    skpoison.attacks.GradientMatchingAttack : Makes a row misclassified by rows of right labels.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.victims import NetworkClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> victim = NetworkClassifier(epochs=20, random_state=0).fit(X[:500] / 16, y[:500])
    >>> victim.score(X[500:] / 16, y[500:]) > 0.85
    True
    """

    required_package, required_extra = "keras", "networks"

    _parameter_constraints = {
        "hidden_layer_sizes": [tuple, list],
        "image_shape": [tuple, list, None],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (64,),
        *,
        image_shape: Sequence[int] | None = None,
        epochs: int = 50,
        batch_size: int = 32,
        learning_rate: float = 0.001,
        random_state: RandomState = None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.image_shape = image_shape
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
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
            The fitted classifier.

        Raises
        ------
        ValueError
            If `y` holds one class only; if `image_shape` or `hidden_layer_sizes` holds anything but
            positive integers, or `image_shape` does not multiply to the number of columns.
        """
        X, y = validate_data(self, X, y, dtype=np.float32)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            label = self.classes_.tolist()[0]
            raise ValueError(f"y must hold at least two classes, got one class only: {label!r}.")
        shape = self._shape(X.shape[1])
        hidden = _positive(self.hidden_layer_sizes, "hidden_layer_sizes")
        from skpoison.networks import ClassifierArchitecture, train

        self.network_ = train(
            ClassifierArchitecture(shape, len(self.classes_), hidden),
            X,
            codes,
            random_state=check_random_state(self.random_state),
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            validation_split=0,
        )
        return self

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Give class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float32)
        return self.network_.predict(X)[0].astype(np.float64)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Predict labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            The most probable ones.
        """
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _shape(self, n_features):
        if self.image_shape is None:
            return (n_features,)
        shape = _positive(self.image_shape, "image_shape")
        if len(shape) not in (2, 3) or np.prod(shape) != n_features:
            raise ValueError(
                f"image_shape={self.image_shape!r} must be (height, width) or (height, width, "
                f"channels) and multiply to the number of columns of X, which is {n_features}."
            )
        return shape if len(shape) == 3 else (*shape, 1)


def _positive(values, name):
    if any(not isinstance(value, Integral) or value < 1 for value in values):
        raise ValueError(f"{name} must hold positive integers only, got {values!r}.")
    return tuple(map(int, values))
