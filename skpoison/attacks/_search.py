"""Poison for any classifier, found by trying."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils._param_validation import HasMethods, Interval
from threadpoolctl import threadpool_limits

from skpoison._typing import Estimator, Injection, RandomState
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._goal import evaluation_rows, seeded

HOLDOUT = 0.5  # without X_val, as in GradientPoisoningAttack
N_NEIGHBORS = 5


class SearchPoisoningAttack(BasePoisoningAttack):
    """Poison any classifier by direct search: it need have no gradient.

    The victim is a black box that is fitted to clean and poison rows together and judged on the
    attacker's rows. Poison starts as the most harmful of several draws of training rows under
    wrong labels, anywhere or all next to one row, or as the poison of another attack, made against
    a surrogate. In each round some poison rows are exchanged for candidates on the line between a
    row and one of its neighbours in its class, under another class's label; the exchange stays
    when it harms the victim.

    Parameters
    ----------
    estimator : classifier, default=None
        The victim, unfitted: tree ensembles, nearest neighbours, pipelines. None stands for
        ``RandomForestClassifier(n_estimators=20)``.

    attack : attack, default=None
        Where the poison starts: an attack on a surrogate, such as
        ``GradientPoisoningAttack(SVC())``. Its own `rate` and `injection` are ignored. None:
        random flips.

    n_starts : int, default=10
        Draws, of which the most harmful is the start; each costs one fit of the victim.

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
        How the victim fares on the attacker's rows, at the start and the best after each round:
        its share of errors, averaged with the mean probability that it gives to wrong labels,
        where it has ``predict_proba``.

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
    other half while the poison is made. Neighbours are found by the Euclidean distance of columns
    divided by their standard deviation.

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
        "n_starts": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "exchanged": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        attack: Estimator | None = None,
        n_starts: int = 10,
        max_iter: int = 50,
        exchanged: int | None = None,
        rate: float = 0.3,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.estimator = estimator
        self.attack = attack
        self.n_starts = n_starts
        self.max_iter = max_iter
        self.exchanged = exchanged

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        victim, attack = self.estimator, self.attack
        if victim is None:
            victim = RandomForestClassifier(n_estimators=20)
        seeds = random_state.randint(np.iinfo(np.int32).max, size=2)
        victim = seeded(victim, seeds[0])
        train, X_val, y_val, val_sources = evaluation_rows(
            self, X, y, X_val, y_val, HOLDOUT, random_state
        )
        X_train, y_train = X[train], y[train]

        candidates = _Candidates(X_train, y_train, train, len(self.classes_), random_state)
        if attack is None:
            starts = [candidates.anywhere(n_poison)]
            starts += [candidates.crowd(n_poison) for _ in range(self.n_starts - 1)]
        else:
            attack = seeded(attack, seeds[1]).set_params(rate=int(n_poison), injection="append")
            poison = _made_by(attack, X_train, self.classes_[y_train], X_val, self.classes_[y_val])
            sources = poison[2]
            sources[:] = np.append(train, val_sources)[sources]
            starts = [poison]

        def harm(poison):
            model = clone(victim).fit(
                np.concatenate([X_train, poison[0]]),
                self.classes_[np.append(y_train, poison[1])],
            )
            if hasattr(model, "predict_proba"):
                probability = model.predict_proba(X_val)
                own = probability[np.arange(len(y_val)), y_val]
                return 0.5 * np.mean(probability.argmax(axis=1) != y_val) + 0.5 * np.mean(1 - own)
            return np.mean(model.predict(X_val) != self.classes_[y_val])

        n_exchanged = min(self.exchanged or max(1, n_poison // 5), n_poison)
        with threadpool_limits(1):
            harms = [harm(start) for start in starts]
            poison, path = starts[int(np.argmax(harms))], [max(harms)]
            for _ in range(self.max_iter):
                trial = tuple(part.copy() for part in poison)
                rows = random_state.choice(n_poison, size=n_exchanged, replace=False)
                new = candidates.near(poison[1][rows], poison[2][rows])
                for part, values in zip(trial, new, strict=True):
                    part[rows] = values
                value = harm(trial)
                if value >= path[-1]:
                    poison = trial
                path.append(max(value, path[-1]))
        self.objective_path_ = np.array(path)
        return poison


class _Candidates:
    """Rows on lines between training rows of a class, under another class's label.

    All methods give rows, label codes and the positions of the rows they were made from.
    """

    def __init__(self, X, y, positions, n_classes, random_state):
        self.X, self.y, self.positions = X, y, positions
        self.n_classes, self.random_state = n_classes, random_state
        deviation = X.std(axis=0)
        self.scaled = X / np.where(deviation > 0, deviation, 1.0)

    def anywhere(self, n_rows):
        """Rows drawn from all."""
        rows = self.random_state.randint(len(self.X), size=n_rows)
        return self._made(rows, self._other(self.y[rows]))

    def crowd(self, n_rows):
        """Rows next to one that is drawn, twice as many as there are places, with one label."""
        anchor = self.random_state.randint(len(self.X))
        nearest = self._nearest(anchor, max(1, n_rows // 2))
        return self._made(np.resize(nearest, n_rows), np.full(n_rows, self._other(self.y[anchor])))

    def near(self, labels, sources):
        """Half of them anywhere, half next to other poison rows, with their labels."""
        made = self.anywhere(len(labels))
        rows = np.searchsorted(self.positions, sources)
        found = (rows < len(self.positions)) & (
            self.positions[np.minimum(rows, len(self.positions) - 1)] == sources
        )
        for place in np.flatnonzero(found & (self.random_state.randint(2, size=len(labels)) == 1)):
            if self.y[rows[place]] == labels[place]:
                continue
            neighbors = self._nearest(rows[place], N_NEIGHBORS)
            new = self._made(self.random_state.choice(neighbors, size=1), labels[[place]])
            for part, value in zip(made, new, strict=True):
                part[place] = value[0]
        return made

    def _other(self, codes):
        shift = self.random_state.randint(1, self.n_classes, size=np.shape(codes))
        return (codes + shift) % self.n_classes

    def _nearest(self, row, n_rows):
        own = np.flatnonzero(self.y == self.y[row])
        distance = np.linalg.norm(self.scaled[own] - self.scaled[row], axis=1)
        return own[np.argsort(distance, kind="stable")[:n_rows]]

    def _made(self, rows, labels):
        partners = [self.random_state.choice(self._nearest(row, N_NEIGHBORS)) for row in rows]
        share = self.random_state.uniform(size=(len(rows), 1))
        made = self.X[rows] + share * (self.X[partners] - self.X[rows])
        return made.astype(self.X.dtype), np.asarray(labels), self.positions[rows]


def _made_by(attack, X, y, X_val, y_val):
    """The poison of another attack: rows, label codes and sources."""
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    mask = attack.poison_mask_
    codes = np.searchsorted(attack.classes_, y_out[mask])
    return X_out[mask], codes, attack._sources[mask]
