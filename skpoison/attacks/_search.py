"""Poison for any classifier, found by trying."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils._param_validation import HasMethods, Interval
from threadpoolctl import threadpool_limits

from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._goal import hold_out, seeded

HOLDOUT = 0.5  # without X_val, as in GradientPoisoningAttack


class SearchPoisoningAttack(BasePoisoningAttack):
    """Poison any classifier by direct search: it need have no gradient.

    The victim is a black box that is fitted to clean and poison rows together and judged on the
    attacker's rows. Poison rows start as true rows under wrong labels, or as the poison of another
    attack, made against a surrogate. In each round some of them are exchanged for new candidates,
    half of them true rows, half on the line between two rows of a class, all under another class's
    label; the exchange stays when it harms the victim [1]_.

    Parameters
    ----------
    estimator : classifier, default=None
        The victim, unfitted: tree ensembles, nearest neighbours, pipelines. None stands for
        ``RandomForestClassifier(n_estimators=50)``.

    attack : attack, default=None
        Where the poison starts: an attack on a surrogate, such as
        ``GradientPoisoningAttack(SVC())``. Its own `rate` and `injection` are ignored. None:
        random flips.

    max_iter : int, default=50
        Rounds; each costs one fit of the victim.

    exchanged : int, default=None
        Poison rows exchanged in one round. None: a fifth of them.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison to the clean rows; "replace" takes one clean row out for each.

    random_state : int, RandomState instance or None, default=None
        Seed of everything that is drawn, and of the victim and the attack where they have none.

    Attributes
    ----------
    objective_path_ : ndarray of shape (max_iter + 1,)
        Mean probability that the victim gives to wrong labels on the attacker's rows (share of
        errors, where it has no ``predict_proba``), at the start and the best after each round.

    poison_mask_ : ndarray of shape (n_samples_new,), dtype=bool
        True for the poison rows of the result.

    sample_indices_ : ndarray of shape (n_samples_new,), dtype=int
        The row of `X` each row of the result is or was made from; -1 for rows of `X_val`.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in `y`.

    n_features_in_ : int
        Number of columns, where `X` is two-dimensional.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    GradientPoisoningAttack : For victims with a gradient, at a fraction of the cost.

    Notes
    -----
    Without `X_val` half of each class is held out to judge the victim, which is trained on the
    other half while the poison is made.

    References
    ----------
    .. [1] M. Barreno, B. Nelson, A. D. Joseph, J. D. Tygar, "The security of machine learning",
       Machine Learning 81, 2010 (the attacker who can only probe).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skpoison.attacks import SearchPoisoningAttack
    >>> X, y = load_iris(return_X_y=True)
    >>> attack = SearchPoisoningAttack(DecisionTreeClassifier(), rate=30, random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(X, y)
    >>> bool(attack.objective_path_[-1] > attack.objective_path_[0])
    True
    """

    short_names = {"search": {}}

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "attack": [BasePoisoningAttack, None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "exchanged": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        estimator=None,
        *,
        attack=None,
        max_iter=50,
        exchanged=None,
        rate=0.3,
        injection="append",
        random_state=None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.estimator = estimator
        self.attack = attack
        self.max_iter = max_iter
        self.exchanged = exchanged

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        victim, attack = self.estimator, self.attack
        if victim is None:
            victim = RandomForestClassifier(n_estimators=50)
        seeds = random_state.randint(np.iinfo(np.int32).max, size=2)
        victim = seeded(victim, seeds[0])
        train, pool = np.arange(len(X)), (X, y)
        if X_val is None:
            train, val = hold_out(self, y, HOLDOUT, random_state)
            X_val, y_val = X[val], y[val]
        X_train, y_train = X[train], y[train]

        if attack is None:
            poison = _candidates(*pool, n_poison, len(self.classes_), random_state)
        else:
            attack = seeded(attack, seeds[1]).set_params(rate=int(n_poison), injection="append")
            poison = _made_by(attack, X_train, self.classes_[y_train], X_val, self.classes_[y_val])
            sources = poison[2]
            held_out = len(train) < len(X)
            sources[:] = np.append(train, val if held_out else len(X) + np.arange(len(X_val)))[
                sources
            ]

        def harm(poison):
            model = clone(victim).fit(
                np.concatenate([X_train, poison[0]]),
                self.classes_[np.append(y_train, poison[1])],
            )
            if hasattr(model, "predict_proba"):
                own = np.searchsorted(model.classes_, self.classes_[y_val])
                return 1.0 - model.predict_proba(X_val)[np.arange(len(y_val)), own].mean()
            return np.mean(model.predict(X_val) != self.classes_[y_val])

        n_exchanged = min(self.exchanged or max(1, n_poison // 5), n_poison)
        with threadpool_limits(1):
            path = [harm(poison)]
            for _ in range(self.max_iter):
                trial = tuple(part.copy() for part in poison)
                rows = random_state.choice(n_poison, size=n_exchanged, replace=False)
                new = _candidates(*pool, n_exchanged, len(self.classes_), random_state)
                for part, values in zip(trial, new, strict=True):
                    part[rows] = values
                value = harm(trial)
                if value >= path[-1]:
                    poison = trial
                path.append(max(value, path[-1]))
        self.objective_path_ = np.array(path)
        return poison


def _candidates(X, y, n_rows, n_classes, random_state):
    """Rows under wrong labels, their labels and where they were made from."""
    sources = random_state.randint(len(X), size=n_rows)
    partners = np.array([random_state.choice(np.flatnonzero(y == y[row])) for row in sources])
    share = random_state.uniform(size=n_rows) * random_state.randint(2, size=n_rows)
    made = X[sources] + share[:, np.newaxis] * (X[partners] - X[sources])
    labels = (y[sources] + random_state.randint(1, n_classes, size=n_rows)) % n_classes
    return made.astype(X.dtype), labels, sources


def _made_by(attack, X, y, X_val, y_val):
    """The poison of another attack: rows, label codes and sources."""
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    mask = attack.poison_mask_
    codes = np.searchsorted(attack.classes_, y_out[mask])
    return X_out[mask], codes, attack._sources[mask]
