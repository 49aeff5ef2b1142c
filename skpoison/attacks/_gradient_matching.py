"""Gradient matching: rows that teach the victim the wrong label of another row."""

from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils._param_validation import HasMethods

from skpoison._typing import Estimator, Injection, RandomState
from skpoison.attacks._clean_label import BaseCleanLabelAttack, train_victim
from skpoison.victims import NetworkClassifier
from skpoison.victims._networks import RowFeatures, features_of


class GradientMatchingAttack(BaseCleanLabelAttack):
    """Make one row misclassified by rows whose training gradient is that of the wrong label.

    The attack of [1]_ (*Witches' Brew*). Poison rows keep their labels, which are right, and are
    changed a little, so that the gradient of the victim's loss on them points where the gradient of
    its loss on the target row under the wrong label does: one less their cosine is minimised.
    Each step of training on the poison is then one towards the wrong label. Gradients are those
    with respect to the weights of the last layer.

    Parameters
    ----------
    estimator : LogisticRegression, MLPClassifier or NetworkClassifier, default=None
        The victim; a clone is fitted to the clean rows. One that is trained already comes as
        ``FrozenEstimator(victim)``. None stands for ``LogisticRegression()``.

    target : int, default=0
        The row that shall be misclassified: its position in `X_val`, or in `X` where there are no
        rows of the attacker's.

    label : label, default=None
        The label that it shall get. None: of the other classes, the one whose mean is nearest.

    epsilon : float, default=0.3
        Largest change of a value, in units of its column's range.

    max_iter : int, default=100
        Limit of steps.

    rate : float or int, default=0.1
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.
        Where this is more than there are rows of the label, rows are used again.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison rows to the clean ones, "replace" takes out the rows that they
        were made from.

    random_state : int, RandomState instance or None, default=None
        Seed of the draw of rows, and of a victim that has none of its own.

    Attributes
    ----------
    label_ : label
        The label that the target row shall get, and that all poison rows carry.

    loss_path_ : ndarray of shape (n_iterations + 1,)
        What is minimised, from the start on.

    poison_mask_ : ndarray of shape (n_samples_new,), dtype=bool
        True for the poison rows of the result.

    sample_indices_ : ndarray of shape (n_samples_new,), dtype=int
        The row of `X` each row of the result is or was made from.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in `y`, sorted.

    n_features_in_ : int
        Number of columns, where `X` is two-dimensional.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    FeatureCollisionAttack : Brings features together in place of gradients.

    References
    ----------
    .. [1] J. Geiping et al., "Witches' Brew: Industrial Scale Data Poisoning via Gradient
       Matching", ICLR 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skpoison.attacks import GradientMatchingAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> X, y = X[(y == 4) | (y == 9)] / 16, y[(y == 4) | (y == 9)]
    >>> attack = GradientMatchingAttack(target=2, epsilon=0.5, rate=0.3, random_state=0)
    >>> clean, own = (X[:60], y[:60]), (X[60:], y[60:])
    >>> X_poisoned, y_poisoned = attack.fit_resample(*clean, *own)
    >>> LogisticRegression().fit(*clean).predict(X[[62]])
    array([9])
    >>> LogisticRegression().fit(X_poisoned, y_poisoned).predict(X[[62]])
    array([4])
    """

    short_names = {"gradient-matching": {}}

    _parameter_constraints = {
        **BaseCleanLabelAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        target: int = 0,
        label: Any = None,
        epsilon: float = 0.3,
        max_iter: int = 100,
        rate: float = 0.1,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(
            target=target,
            label=label,
            epsilon=epsilon,
            max_iter=max_iter,
            rate=rate,
            injection=injection,
            random_state=random_state,
        )
        self.estimator = estimator

    def _loss(self, X, y, target, code, bases, random_state):
        victim = LogisticRegression() if self.estimator is None else self.estimator
        kinds = (LogisticRegression, MLPClassifier, NetworkClassifier)
        encoder, weights, bias = last_layer(train_victim(victim, kinds, X, y, random_state))
        features = encoder.features(target[np.newaxis])
        wanted = layer_gradient(features, softmax(features @ weights.T + bias, axis=1), code)
        return MatchingLoss(encoder, weights, bias, wanted, code)


def last_layer(victim):
    """What a fitted victim's last layer sees, its weights (n_classes, n_inputs) and biases."""
    if isinstance(victim, LogisticRegression):
        encoder, weights, bias = RowFeatures(), victim.coef_, victim.intercept_
    else:
        encoder = features_of(victim)
        weights, bias = encoder.last_layer
    if len(weights) == 1:  # of two classes: log-odds of the second
        weights, bias = np.vstack([0 * weights, weights]), np.append(0, bias)
    return encoder, weights, bias


def layer_gradient(features, probabilities, code):
    """Mean gradient of the log-loss of rows under a label, with respect to weights and biases.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_inputs)
        What the layer sees.

    probabilities : ndarray of shape (n_rows, n_classes)
        What it says.

    code : int
        The label.

    Returns
    -------
    gradient : ndarray of shape (n_classes, n_inputs + 1)
    """
    errors = probabilities - np.eye(probabilities.shape[1])[code]
    return errors.T @ _with_one(features) / len(features)


class MatchingLoss:
    """One less the cosine between the gradient of poison rows and a wanted one.

    Parameters
    ----------
    encoder : RowFeatures, NetworkFeatures or KerasFeatures
        What the last layer sees.

    weights, bias : ndarray of shape (n_classes, n_inputs) and (n_classes,)
        Of the last layer.

    wanted : ndarray of shape (n_classes, n_inputs + 1)
        The wanted gradient.

    code : int
        The label of the poison rows.
    """

    def __init__(self, encoder, weights, bias, wanted, code):
        self.encoder, self.weights, self.bias = encoder, weights, bias
        self.wanted, self.code = wanted / (np.linalg.norm(wanted) or 1.0), code

    def __call__(self, rows):
        """Give the value and its derivatives."""
        features = self.encoder.features(rows)
        p = softmax(features @ self.weights.T + self.bias, axis=1)
        gradient = layer_gradient(features, p, self.code)
        length = np.linalg.norm(gradient) or 1.0
        cosine = np.sum(self.wanted * gradient) / length
        # derivative of the value with respect to the gradient, then to each row's features
        slope = (cosine * gradient / length - self.wanted) / (length * len(rows))
        errors = p - np.eye(p.shape[1])[self.code]
        along = _with_one(features) @ slope.T
        through_p = p * (along - np.sum(p * along, axis=1, keepdims=True))
        by_features = errors @ slope[:, :-1] + through_p @ self.weights
        return 1 - cosine, self.encoder.pull_back(rows, by_features)


def _with_one(features):
    return np.column_stack([features, np.ones(len(features))])
