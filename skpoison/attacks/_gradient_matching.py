"""Gradient matching: rows that teach the victim the wrong label of another row."""

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils._param_validation import HasMethods

from skpoison._typing import Estimator, Injection, RandomState
from skpoison.attacks._clean_label import BaseCleanLabelAttack, train_victim
from skpoison.victims import NetworkClassifier
from skpoison.victims._parameter_gradients import parameter_gradients_of


class GradientMatchingAttack(BaseCleanLabelAttack):
    """Make one row misclassified by rows whose training gradient is that of the wrong label.

    The attack of [1]_ (*Witches' Brew*). Poison rows keep their labels, which are right, and are
    changed a little, so that the gradient of the victim's loss on them points where the gradient of
    its loss on the target row under the wrong label does: one less their cosine is minimised.
    Each step of training on the poison is then one towards the wrong label. Gradients are those
    with respect to all parameters of the victim.

    Parameters
    ----------
    estimator : LogisticRegression, MLPClassifier or NetworkClassifier, default=None
        The victim; a clone is fitted to the clean rows. One that is trained already comes as
        ``FrozenEstimator(victim)``. None stands for ``LogisticRegression()``.

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
    FeatureCollisionAttack : Brings features together in place of gradients.

    Notes
    -----
    The rows from which poison is made are those of the wanted label that the victim is least sure
    of, whose gradients are the largest, as [2]_ chooses them.

    References
    ----------
    .. [1] J. Geiping et al., "Witches' Brew: Industrial Scale Data Poisoning via Gradient
       Matching", ICLR 2021.
    .. [2] H. Souri, L. Fowl, R. Chellappa, M. Goldblum, T. Goldstein, "Sleeper Agent: Scalable
       Hidden Trigger Backdoors for Neural Networks Trained from Scratch", NeurIPS 2022.

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

    def _model(self, X, y, random_state):
        victim = LogisticRegression() if self.estimator is None else self.estimator
        kinds = (LogisticRegression, MLPClassifier, NetworkClassifier)
        return train_victim(victim, kinds, X, y, random_state)

    def _order(self, victim, rows, code):
        return np.argsort(victim.predict_proba(rows)[:, code], kind="stable")

    def _loss(self, victim, target, code, bases):
        return MatchingLoss(parameter_gradients_of(victim), target[np.newaxis], code)


class MatchingLoss:
    """One less the cosine between the training gradients of poison rows and of a target row.

    Parameters
    ----------
    gradients : PerceptronGradients or KerasGradients
        Those of the victim.

    target : ndarray of shape (1, n_features)
        The target row.

    code : int
        The label that all these rows carry.
    """

    def __init__(self, gradients, target, code):
        self.gradients, self.code = gradients, code
        wanted = gradients(target, code)
        self.wanted = wanted / (np.linalg.norm(wanted) or 1.0)

    def __call__(self, rows):
        """Give the value and its derivatives."""
        gradient = self.gradients(rows, self.code)
        length = np.linalg.norm(gradient) or 1.0
        gradient = gradient / length
        cosine = self.wanted @ gradient
        slope = (cosine * gradient - self.wanted) / length
        return 1 - cosine, self.gradients.pull_back(rows, self.code, slope)
