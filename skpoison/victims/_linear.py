"""Linear machines under the names that they have beside SVC and LogisticRegression."""

from skpoison.victims._kernels import Kernel
from skpoison.victims._logistic import LogisticMachine
from skpoison.victims._squared_hinge import SquaredHingeMachine
from skpoison.victims._svc import SVCMachine
from skpoison.victims._victim import Victim

MACHINES = {
    "hinge": SVCMachine,
    "squared_hinge": SquaredHingeMachine,
    "log_loss": LogisticMachine,
}


def describe_linear_svc(estimator):
    """The `Victim` for a :class:`~sklearn.svm.LinearSVC`.

    It penalises its intercept, as the weight of a further column that holds `intercept_scaling`:
    a machine without an intercept, whose kernel has the square of this added.

    Raises
    ------
    ValueError
        If its penalty is not the squared norm or it joins all classes in one problem.
    """
    if estimator.penalty != "l2" or estimator.multi_class != "ovr":
        raise ValueError(
            f"estimator={estimator!r} cannot be attacked; penalty='l2' with multi_class='ovr' can."
        )

    def make_kernel(X):
        if not estimator.fit_intercept:
            return Kernel("linear")
        return Kernel("poly", gamma=1.0, degree=1, coef0=estimator.intercept_scaling**2)

    return Victim(
        MACHINES[estimator.loss],
        make_kernel,
        cost=estimator.C,
        class_weight=estimator.class_weight,
        intercept=False,
    )


def describe_sgd(estimator):
    """The `Victim` for a :class:`~sklearn.linear_model.SGDClassifier`: what its steps lead to.

    Raises
    ------
    ValueError
        If its loss has no machine here or its penalty is not the squared norm.
    """
    if estimator.loss not in MACHINES or estimator.penalty != "l2" or not estimator.alpha > 0:
        raise ValueError(
            f"estimator={estimator!r} cannot be attacked; penalty='l2' with alpha above 0 and a "
            f"loss among {', '.join(map(repr, MACHINES))} can."
        )
    return Victim(
        MACHINES[estimator.loss],
        lambda X: Kernel("linear"),
        cost=1.0 / estimator.alpha,
        mean_loss=True,
        class_weight=estimator.class_weight,
        intercept=estimator.fit_intercept,
    )
