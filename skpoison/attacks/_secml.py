"""SecML's poisoning attacks as a sampler."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.svm import SVC
from sklearn.utils._param_validation import HasMethods, StrOptions
from threadpoolctl import threadpool_limits

from skpoison._typing import Estimator, Injection, RandomState
from skpoison.attacks._base import BasePoisoningAttack

# SecML has no default step; these are the settings of its tutorial on poisoning.
SOLVER_PARAMS = {"eta": 0.05, "eta_min": 0.05, "max_iter": 100, "eps": 1e-6}
NOISE = 1e-3


class SecMLAttack(BasePoisoningAttack):
    """Poison with an attack of SecML.

    A bridge to the poisoning attacks of [1]_, for comparison and for attacks that are found only
    there. :class:`GradientPoisoningAttack` makes the same kind of poison in a small part of the
    time. SecML attacks two classes; of more, each poison row attacks the victim of one pair, its
    label's class and another, with the rows of these two alone.

    SecML is no dependency of this library and is imported by `fit_resample`; see Notes for how
    to install it.

    Parameters
    ----------
    estimator : SVC, LogisticRegression or RidgeClassifier, default=None
        The victim, unfitted. It is rebuilt from SecML's classifiers: an
        :class:`~sklearn.svm.SVC` with a linear, RBF or polynomial kernel, a
        :class:`~sklearn.linear_model.LogisticRegression` (SecML fits it with liblinear) or a
        :class:`~sklearn.linear_model.RidgeClassifier`. None stands for ``SVC(kernel="linear")``.

    attack : callable, default=None
        Makes any other attack: ``attack(training_data, val)`` is given two of SecML's `CDataset`
        with labels 0 and 1 and returns a `CAttackPoisoning`, whose victim, bounds and solver
        are then its own.
        None: the `CAttackPoisoning` of SecML that belongs to the victim.

    labels : {"flip", "keep"}, default="flip"
        "flip": the poison rows start from training rows and carry the label of another class.
        "keep": they start from the attacker's rows and carry their true labels.

    bounds : "data" or tuple (low, high), default="data"
        Where poison rows may be. Low and high are numbers or arrays of shape (n_features,);
        "data" is the smallest and the largest value in the data.

    solver_params : dict, default=None
        Settings of SecML's solver "pgd-ls". None: those of SecML's tutorial on poisoning,
        ``{"eta": 0.05, "eta_min": 0.05, "max_iter": 100, "eps": 1e-6}``.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison to the clean rows; "replace" takes one clean row out for each.

    random_state : int, RandomState instance or None, default=None
        Seed of the starting rows and of SecML's own draws.

    Attributes
    ----------
    objective_path_ : ndarray of shape (n_steps,)
        The attacker's objective as SecML reports it, for each point in turn its values at the
        start and after each step (pair of classes by pair).

    poison_mask_ : ndarray of shape (n_samples_new,), dtype=bool
        True for the poison rows of the result.

    sample_indices_ : ndarray of shape (n_samples_new,), dtype=int
        The row of `X` each row of the result is or was started from; -1 for rows of `X_val`.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in `y`.

    n_features_in_ : int
        Number of columns, where `X` is two-dimensional.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    GradientPoisoningAttack : This library's own gradient attacks.

    Notes
    -----
    SecML 0.15.6, the last one, works with NumPy 1.26 only, so it needs an environment of its own::

        pip install "numpy<2" scipy "scikit-learn>=1.9" imbalanced-learn joblib matplotlib \
            pillow requests python-dateutil threadpoolctl
        pip install --no-deps --ignore-requires-python secml==0.15.6
        pip install --no-deps skpoison

    ``gamma="scale"`` is taken from the clean rows. SecML makes a folder when it is imported,
    ``~/secml-data`` or the one that the environment variable ``SECML_HOME_DIR`` names.

    References
    ----------
    .. [1] M. Pintor et al., "secml: Secure and Explainable Machine Learning in Python",
       SoftwareX 18, 2022.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from skpoison.attacks import SecMLAttack
    >>> attack = SecMLAttack(SVC(kernel="rbf"), rate=0.1, bounds=(0, 1), random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(X, y)  # doctest: +SKIP
    """

    short_names = {"secml": {}}
    required_package = "secml"

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "attack": [callable, None],
        "labels": [StrOptions({"flip", "keep"})],
        "bounds": [StrOptions({"data"}), tuple, list],
        "solver_params": [dict, None],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        attack: Callable | None = None,
        labels: Literal["flip", "keep"] = "flip",
        bounds: Literal["data"] | Sequence[ArrayLike] = "data",
        solver_params: dict | None = None,
        rate: float = 0.3,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.estimator = estimator
        self.attack = attack
        self.labels = labels
        self.bounds = bounds
        self.solver_params = solver_params

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        estimator = SVC(kernel="linear") if self.estimator is None else self.estimator
        if self.attack is None:
            _check_victim(estimator)
        X = X.astype(np.float64)
        if X_val is None:
            X_val, y_val, val_sources = X, y, np.arange(len(X))
        else:
            X_val, val_sources = X_val.astype(np.float64), len(X) + np.arange(len(X_val))
        low, high = self._limits(X, X_val)
        _require_secml()

        flip = self.labels == "flip"
        pool, labels, sources = (X, y, np.arange(len(X))) if flip else (X_val, y_val, val_sources)
        rows = random_state.choice(len(pool), size=n_poison, replace=n_poison > len(pool))
        noise = random_state.uniform(-NOISE, NOISE, size=(n_poison, X.shape[1])) * (high - low)
        X_poison = np.clip(pool[rows] + noise, low, high)
        shift = random_state.randint(1, len(self.classes_), size=n_poison)
        other = (labels[rows] + shift) % len(self.classes_)
        y_poison = other if flip else labels[rows]
        seed = int(random_state.randint(np.iinfo(np.int32).max))

        def make_attack(train, val):
            if self.attack is not None:
                return self.attack(train, val)
            return _stock_attack(estimator, train, val, low, high, self.solver_params)

        pairs = np.sort(np.column_stack([labels[rows], other]), axis=1)
        paths = []
        global_state = np.random.get_state()  # SecML's draws seed NumPy's global generator
        try:
            with threadpool_limits(1):
                for pair in np.unique(pairs, axis=0):
                    points = (pairs == pair).all(axis=1)
                    train, val, start = (
                        _rows_of_pair(pair, *data)
                        for data in ((X, y), (X_val, y_val), (X_poison[points], y_poison[points]))
                    )
                    attack = make_attack(train, val)
                    attack.random_seed = seed
                    X_poison[points], path = _run(attack, start, val)
                    paths.append(path)
        finally:
            np.random.set_state(global_state)
        self.objective_path_ = np.concatenate(paths)
        return X_poison, y_poison, sources[rows]

    def _limits(self, X, X_val):
        if isinstance(self.bounds, str):
            return min(X.min(), X_val.min()), max(X.max(), X_val.max())
        try:
            low, high = (np.broadcast_to(np.asarray(b, float), X.shape[1]) for b in self.bounds)
        except ValueError as error:
            raise ValueError(
                f"bounds={self.bounds!r} must be (low, high), each a number or an array of shape "
                f"({X.shape[1]},)."
            ) from error
        if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
            raise ValueError(f"bounds={self.bounds!r} must be finite, low not above high.")
        return low, high


def _require_secml():
    try:
        import secml  # noqa: F401
    except (ImportError, AttributeError) as error:  # the latter: with NumPy 2
        raise ImportError(
            f"SecMLAttack could not import SecML ({error}). It needs an environment of its own "
            'with NumPy 1.26: pip install "numpy<2" scipy scikit-learn imbalanced-learn joblib '
            "matplotlib pillow requests python-dateutil threadpoolctl; then pip install --no-deps "
            "--ignore-requires-python secml==0.15.6"
        ) from error


def _check_victim(estimator):
    """Refuse victims, and settings of them, that SecML has not."""
    victims = {
        SVC: {"class_weight": None, "kernel": ("linear", "rbf", "poly")},
        LogisticRegression: {"class_weight": None, "fit_intercept": True, "l1_ratio": 0.0},
        RidgeClassifier: {"class_weight": None, "fit_intercept": True, "positive": False},
    }
    if type(estimator) not in victims:
        names = ", ".join(victim.__name__ for victim in victims)
        raise ValueError(f"estimator={estimator!r}; SecML attacks {names}.")
    for name, accepted in victims[type(estimator)].items():
        value = getattr(estimator, name)
        if value not in (accepted if isinstance(accepted, tuple) else (accepted,)):
            raise ValueError(f"estimator has {name}={value!r}; SecML accepts {accepted!r}.")


def _rows_of_pair(pair, X, y):
    """Rows of two classes, coded 0 and 1, as SecML's data set."""
    from secml.data import CDataset

    rows = np.isin(y, pair)
    return CDataset(X[rows], (y[rows] == pair[1]).astype(int))


def _stock_attack(estimator, train, val, low, high, solver_params):
    """SecML's attack on the victim, rebuilt from SecML's classifiers and trained."""
    from secml.adv.attacks.poisoning import (
        CAttackPoisoningLogisticRegression,
        CAttackPoisoningRidge,
        CAttackPoisoningSVM,
    )
    from secml.array import CArray
    from secml.ml.classifiers import CClassifierRidge, CClassifierSVM

    if isinstance(estimator, SVC):
        kind = CAttackPoisoningSVM
        victim = CClassifierSVM(C=estimator.C, kernel=_rebuild_kernel(estimator, train.X))
    elif isinstance(estimator, LogisticRegression):
        kind, victim = CAttackPoisoningLogisticRegression, _rebuild_logistic(estimator)
    else:
        kind, victim = CAttackPoisoningRidge, CClassifierRidge(alpha=estimator.alpha)
    victim.fit(train.X, train.Y)
    low, high = (CArray(limit) if np.ndim(limit) else float(limit) for limit in (low, high))
    return kind(
        victim,
        training_data=train,
        val=val,
        distance="l2",
        lb=low,
        ub=high,
        solver_params=SOLVER_PARAMS if solver_params is None else solver_params,
        init_type="random",
    )


def _rebuild_kernel(estimator, X):
    from secml.ml.kernels import CKernelLinear, CKernelPoly, CKernelRBF

    if estimator.kernel == "linear":
        return CKernelLinear()
    gamma = estimator.gamma
    if isinstance(gamma, str):
        X = X.tondarray()
        gamma = 1 / (X.shape[1] * (X.var() if gamma == "scale" else 1.0))
    if estimator.kernel == "rbf":
        return CKernelRBF(gamma=gamma)
    return CKernelPoly(degree=estimator.degree, gamma=gamma, coef0=estimator.coef0)


def _rebuild_logistic(estimator):
    from secml.ml.classifiers import CClassifierLogistic
    from secml.ml.classifiers.sklearn.c_classifier_sklearn import CClassifierSkLearn

    class Logistic(CClassifierLogistic):
        """SecML's own, built without the arguments that scikit-learn has given up."""

        __class_type = "logistic"

        def __init__(self, C=1.0, max_iter=100, random_state=None, preprocess=None):
            model = LogisticRegression(
                C=C, solver="liblinear", max_iter=max_iter, random_state=random_state
            )
            CClassifierSkLearn.__init__(self, model, preprocess=preprocess)

    return Logistic(C=estimator.C, max_iter=estimator.max_iter)


def _run(attack, start, val):
    """Move the starting rows; also the objective along the way, which SecML keeps per point."""
    path = []
    move_one = attack._run

    def move_one_and_record(*args, **kwargs):
        x = move_one(*args, **kwargs)
        path.append(attack.f_seq.tondarray().ravel())
        return x

    attack._run = move_one_and_record
    attack.n_points = start.num_samples
    _, _, poison, _ = attack.run(val.X, val.Y, ds_init=start)
    return poison.X.tondarray(), np.concatenate(path)
