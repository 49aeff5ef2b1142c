"""Feature collision: rows of one class that look to the victim like a row of another."""

from numbers import Real
from typing import Any, Literal

import numpy as np
from sklearn.neural_network import MLPClassifier
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skpoison._typing import Estimator, Injection, RandomState
from skpoison.attacks._clean_label import BaseCleanLabelAttack, train_victim
from skpoison.victims import NetworkClassifier
from skpoison.victims._networks import RowFeatures, features_of


class FeatureCollisionAttack(BaseCleanLabelAttack):
    r"""Make one row misclassified by rows of the wanted class that share its features.

    Poison rows keep their labels, which are right, and are changed a little, so that the features
    :math:`f` that the victim has of them come near to those of the target row :math:`t`.
    "collision" [1]_ moves each row :math:`x` from its base :math:`b` to minimise
    :math:`\|f(x)-f(t)\|^2+\beta\|x-b\|^2`, "bullseye" [2]_ moves the mean of all rows' features:
    :math:`\|f(t)-\frac1n\sum_i f(x_i)\|^2/\|f(t)\|^2`. A victim that puts the poison on the side
    of its label then puts the target row there too.

    Parameters
    ----------
    estimator : MLPClassifier, NetworkClassifier or None, default=None
        The network whose last hidden layer gives the features; a clone is fitted to the clean rows.
        One that is trained already comes as ``FrozenEstimator(network)``. None: rows are
        their own features, for linear victims.

    strategy : {"collision", "bullseye"}, default="bullseye"
        What is minimised.

    beta : float, default=0.1
        Weight of the distance to the bases, for "collision".

    target : int, default=0
        The row that shall be misclassified: its position in `X_val`, or in `X` where there are no
        rows of the attacker's.

    y_target : label, default=None
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
    y_target_ : label
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
    GradientMatchingAttack : Aligns gradients in place of features.

    References
    ----------
    .. [1] A. Shafahi et al., "Poison Frogs! Targeted Clean-Label Poisoning Attacks on Neural
       Networks", NeurIPS 2018.
    .. [2] H. Aghakhani, D. Meng, Y.-X. Wang, C. Kruegel, G. Vigna, "Bullseye Polytope: A Scalable
       Clean-Label Poisoning Attack with Improved Transferability", EuroS&P 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skpoison.attacks import FeatureCollisionAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> X, y = X[(y == 4) | (y == 9)] / 16, y[(y == 4) | (y == 9)]
    >>> attack = FeatureCollisionAttack(target=1, epsilon=0.5, rate=0.3, random_state=0)
    >>> clean, own = (X[:60], y[:60]), (X[60:], y[60:])
    >>> X_poisoned, y_poisoned = attack.fit_resample(*clean, *own)
    >>> LogisticRegression().fit(*clean).predict(X[[61]])
    array([4])
    >>> LogisticRegression().fit(X_poisoned, y_poisoned).predict(X[[61]])
    array([9])
    """

    short_names = {"feature-collision": {"strategy": "collision"}, "bullseye-polytope": {}}

    _parameter_constraints = {
        **BaseCleanLabelAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "strategy": [StrOptions({"collision", "bullseye"})],
        "beta": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        strategy: Literal["bullseye", "collision"] = "bullseye",
        beta: float = 0.1,
        target: int = 0,
        y_target: Any = None,
        epsilon: float = 0.3,
        max_iter: int = 100,
        rate: float = 0.1,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(
            target=target,
            y_target=y_target,
            epsilon=epsilon,
            max_iter=max_iter,
            rate=rate,
            injection=injection,
            random_state=random_state,
        )
        self.estimator = estimator
        self.strategy = strategy
        self.beta = beta

    def _model(self, X, y, random_state):
        if self.estimator is None:
            return RowFeatures()
        kinds = (MLPClassifier, NetworkClassifier)
        return features_of(train_victim(self.estimator, kinds, X, y, random_state))

    def _loss(self, encoder, target, code, bases):
        wanted = encoder.features(target[np.newaxis])
        if self.strategy == "collision":
            return CollisionLoss(encoder, wanted, bases, self.beta)
        return BullseyeLoss(encoder, wanted)


class CollisionLoss:
    """Squared distances of features to those of the target, and of rows to their bases.

    Parameters
    ----------
    encoder : RowFeatures, NetworkFeatures or KerasFeatures
        Gives features.

    wanted : ndarray of shape (1, n_hidden)
        Features of the target.

    bases : ndarray of shape (n_poison, n_features)
        Where rows come from.

    beta : float
        Weight of the distances to the bases.
    """

    def __init__(self, encoder, wanted, bases, beta):
        self.encoder, self.wanted, self.bases, self.beta = encoder, wanted, bases, beta

    def __call__(self, rows):
        """Give the sum over rows and its derivatives."""
        difference = self.encoder.features(rows) - self.wanted
        moved = rows - self.bases
        value = np.sum(difference**2) + self.beta * np.sum(moved**2)
        return value, 2 * self.encoder.pull_back(rows, difference) + 2 * self.beta * moved


class BullseyeLoss:
    """Squared distance of the mean of features to those of the target, relative to their length.

    Parameters
    ----------
    encoder : RowFeatures, NetworkFeatures or KerasFeatures
        Gives features.

    wanted : ndarray of shape (1, n_hidden)
        Features of the target.
    """

    def __init__(self, encoder, wanted):
        self.encoder, self.wanted = encoder, wanted
        self.unit = np.sum(wanted**2) or 1.0

    def __call__(self, rows):
        """Give the value and its derivatives."""
        difference = self.encoder.features(rows).mean(axis=0, keepdims=True) - self.wanted
        gradients = np.repeat(2 * difference / (self.unit * len(rows)), len(rows), axis=0)
        return np.sum(difference**2) / self.unit, self.encoder.pull_back(rows, gradients)
