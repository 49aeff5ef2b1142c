"""The mathematics of the victims, one file each.

A victim is a function that describes a scikit-learn estimator as a `Victim`, and a line here.
"""

from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.svm import SVC, LinearSVC

from skpoison._typing import Estimator
from skpoison.victims._linear import describe_linear_svc, describe_sgd
from skpoison.victims._logistic import describe_logistic
from skpoison.victims._network_classifier import NetworkClassifier
from skpoison.victims._ridge import describe_ridge
from skpoison.victims._svc import describe_svc
from skpoison.victims._victim import Victim

__all__ = ["NetworkClassifier", "describe_victim"]

_DESCRIPTIONS = {
    SVC: describe_svc,
    LinearSVC: describe_linear_svc,
    SGDClassifier: describe_sgd,
    LogisticRegression: describe_logistic,
    Ridge: describe_ridge,
    RidgeClassifier: describe_ridge,
}


def describe_victim(estimator: Estimator) -> Victim:
    """The `Victim` for an unfitted scikit-learn classifier.

    Parameters
    ----------
    estimator : classifier or regressor
        The estimator, unfitted.

    Returns
    -------
    victim : Victim
        Its machine, kernel and costs.

    Raises
    ------
    ValueError
        If no gradient of this victim is known, or of a setting of it.
    """
    describe = _DESCRIPTIONS.get(type(estimator))
    if describe is None:
        raise ValueError(
            f"estimator={estimator!r} cannot be attacked by gradients; the victims that can are "
            f"{', '.join(sorted(kind.__name__ for kind in _DESCRIPTIONS))}. Let one of them stand "
            "in for it, or take SearchPoisoningAttack, which attacks any classifier."
        )
    return describe(estimator)
