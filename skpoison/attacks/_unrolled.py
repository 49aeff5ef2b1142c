"""Poison of networks: rows that climb the loss through every step of training."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, StrOptions

from skpoison._typing import Bounds, Injection, RandomState
from skpoison.attacks._ascent import climb, make_box
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._goal import evaluation_rows, label_code, starting_rows


class UnrolledPoisoningAttack(BasePoisoningAttack):
    """Poison rows that climb a network's loss through the steps of its training.

    A network has no optimum in closed form to differentiate, so the attacker differentiates its
    training itself [1]_: the victim takes `n_steps` steps of gradient descent on clean and poison
    rows, and the gradient of its loss on the attacker's rows goes back through all of them to the
    poison rows, which move up it within bounds. Any Keras network may be the victim, on any of
    Keras's back ends. Needs the extra ``skpoison[networks]``.

    Parameters
    ----------
    model : callable, default=None
        Makes the victim: ``(shape, n_classes, seed) -> keras.Model``, with `shape` that of a row,
        class probabilities as output, and the weights that training starts from. None: one hidden
        layer of 32 units.

    labels : {"flip", "keep"}, default="flip"
        "flip": the poison rows start from training rows and carry the label of another class.
        "keep": they start from the attacker's rows and carry their true labels.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.
        Where this is more than there are rows to start from, rows are used again.

    y_target : label, default=None
        None: the victim shall misclassify the attacker's rows. A label: the victim shall give
        this label to the attacker's rows; with ``labels="flip"`` all poison rows carry it.

    n_steps : int, default=20
        Steps of training that are differentiated. Time and memory grow with them.

    learning_rate : float, default=0.5
        Length of these steps.

    bounds : {"data", "columns"}, None or tuple (low, high), default="data"
        Where poison rows may be: as in :class:`GradientPoisoningAttack`.

    step_size : float, default=0.25
        Length of a row's first step, in units of the width of the bounds.

    max_iter : int, default=30
        Most steps of the rows, each of which costs one training.

    noise : float, default=1e-3
        The starting rows differ from real ones by up to this much in each column, in the same
        units.

    holdout : float, default=0.5
        Without `X_val`: the share of each class' rows that the attacker evaluates on. The victim
        is then trained on the others only while the poison is made.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison to the clean rows; "replace" takes one clean row out for each.

    random_state : int, RandomState instance or None, default=None
        Seed of the starting rows, their noise, the held-out part and the victim's weights.

    Attributes
    ----------
    objective_path_ : ndarray of shape (n_steps + 1,)
        The attacker's objective at the starting rows and the best one after each step: the mean
        cross-entropy on the attacker's rows, or minus that at `y_target`.

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
    GradientPoisoningAttack : The same for linear and kernel victims, whose optimum is known.

    Notes
    -----
    Give `n_steps` and `learning_rate` the length of the victim's own training: on digits a
    perceptron trained so falls from .9 to below .6, but one trained on until it fits every row
    loses less by this poison than by random flips.

    Steps are kept rather than computed back, as [1]_ does to save memory, which is exact for any
    layer. They stand for whatever optimizer the victim is really trained with; dropout is left out
    and statistics of batch normalization stay at their start.

    References
    ----------
    .. [1] L. Muñoz-González et al., "Towards Poisoning of Deep Learning Algorithms with
       Back-gradient Optimization", AISec 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import UnrolledPoisoningAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> X, y = X[(y == 3) | (y == 8)] / 16, y[(y == 3) | (y == 8)]
    >>> attack = UnrolledPoisoningAttack(rate=0.2, max_iter=5, random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(
    ...     X[:100], y[:100], X_val=X[100:200], y_val=y[100:200]
    ... )
    >>> X_poisoned.shape
    (120, 64)
    >>> bool(attack.objective_path_[-1] > attack.objective_path_[0])
    True
    """

    short_names = {"unrolled": {}}

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "model": [callable, None],
        "labels": [StrOptions({"flip", "keep"})],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "bounds": [StrOptions({"data", "columns"}), tuple, list, None],
        "step_size": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "holdout": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        model: Callable[..., Any] | None = None,
        *,
        labels: Literal["flip", "keep"] = "flip",
        rate: float = 0.3,
        y_target: ArrayLike | None = None,
        n_steps: int = 20,
        learning_rate: float = 0.5,
        bounds: Bounds | None = "data",
        step_size: float = 0.25,
        max_iter: int = 30,
        noise: float = 1e-3,
        holdout: float = 0.5,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.model = model
        self.labels = labels
        self.y_target = y_target
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.bounds = bounds
        self.step_size = step_size
        self.max_iter = max_iter
        self.noise = noise
        self.holdout = holdout

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        from skpoison.networks import UnrolledTraining, small_perceptron

        n_classes = len(self.classes_)
        target = None if self.y_target is None else label_code(self.y_target, self.classes_)
        train, X_val, y_val, val_sources = evaluation_rows(
            self, X, y, X_val, y_val, self.holdout, random_state
        )
        box = make_box(self.bounds, np.concatenate([X, X_val]))
        keep = self.labels == "keep"
        X_poison, y_poison, rows = starting_rows(
            *((X_val, y_val) if keep else (X[train], y[train])),
            n_poison,
            keep=keep,
            target=target,
            n_classes=n_classes,
            noise=self.noise,
            box=box,
            random_state=random_state,
        )

        build = small_perceptron if self.model is None else self.model
        network = build(self._row_shape, n_classes, int(random_state.randint(2**31 - 1)))
        self._check_network(network)
        objective = UnrolledTraining(
            network,
            np.concatenate([X[train], X_poison]),
            np.concatenate([y[train], y_poison]),
            n_poison,
            X_val,
            y_val if target is None else np.full_like(y_val, target),
            n_steps=self.n_steps,
            learning_rate=self.learning_rate,
            sign=1 if target is None else -1,
        )
        path = [objective.value]
        moving = np.arange(len(train), len(train) + n_poison)
        climb(
            objective,
            moving,
            box,
            path,
            step_size=self.step_size,
            max_iter=self.max_iter,
            tol=0.0,
        )
        self.objective_path_ = np.array(path)
        X_poison = np.clip(objective.rows[moving].astype(X.dtype), box.low, box.high)
        return X_poison, y_poison, val_sources[rows] if keep else train[rows]

    def _check_network(self, network):
        shapes = [
            [tuple(tensor.shape) for tensor in getattr(network, name, None) or ()]
            for name in ("inputs", "outputs")
        ]
        expected = [[(None, *self._row_shape)], [(None, len(self.classes_))]]
        if shapes != expected:
            raise ValueError(
                "model must make a keras.Model with inputs and outputs of the shapes "
                f"{expected[0]} and {expected[1]}, got {type(network).__name__} with {shapes[0]} "
                f"and {shapes[1]}."
            )
