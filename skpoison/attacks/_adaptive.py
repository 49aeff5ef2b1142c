"""Adaptive poisoning: an attack that knows the detector."""

from copy import deepcopy
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.svm import SVC
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_random_state

from skpoison._typing import Estimator, Injection, RandomState
from skpoison.attacks._base import BasePoisoningAttack, _rows_to_replace
from skpoison.attacks._goal import seeded
from skpoison.attacks._gradient import GradientPoisoningAttack
from skpoison.attacks._numbers import as_stored
from skpoison.victims._svc import MOST_STEPS

# Rows that move differ from the line they move along by up to this much of the data's range.
NOISE = 1e-3


class AdaptivePoisoningAttack(BasePoisoningAttack):
    """Poison that a detector, fitted to the poisoned set, does not flag.

    Another attack's poison is moved until the detector lets it pass. The detector is a black box
    that is fitted once a round, to the clean rows and all poison rows with their labels. Poison
    rows that it flags move half-way towards a poison row of the same label that it did not flag,
    drawn at random; where there is none, half-way towards such a clean row. When no row
    is flagged, all move half-way back to where the other attack placed them. The attack ends with
    the round in which the fewest poison rows were flagged and, among those, the victim that was
    trained on what the detector left had the highest loss on the attacker's rows.

    Poison rows that cluster support one another: this is how an attacker fools detectors that
    compare a row with its neighbours or with its class.

    Parameters
    ----------
    attack : attack, default=None
        Where the poison rows start. Its own `rate` and `injection` are ignored; its
        `random_state` is replaced where it is None. None stands for
        :class:`GradientPoisoningAttack` against the victim.

    detector : detector, default=None
        What the poison has to pass: anything with ``fit_predict(X, y)`` that gives -1 to the rows
        it flags. It is cloned; its `random_state` is replaced where it is None. None stands for a
        :class:`~skpoison.detectors.NeighborDisagreementDetector`.

    estimator : classifier, default=None
        The victim whose loss is watched; it needs ``decision_function``. None stands for the
        `estimator` of `attack`, and where there is none for
        ``SVC(kernel="linear", max_iter=1_000_000)``.

    n_rounds : int, default=10
        How often the detector is fitted.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    injection : {"append", "replace"}, default="append"
        Whether the poison is added or takes clean rows' places.

    random_state : int, RandomState instance or None, default=None
        Seed of everything that is drawn.

    Attributes
    ----------
    evaded_ : float
        Share of the poison rows that the detector does not flag.

    damage_ : dict of str -> float
        Accuracy that the victim loses on the attacker's rows (on the clean rows, where there are
        none): to the poison of `attack` ("undefended"), to what the detector leaves of it
        ("filtered"), and to what the detector leaves of the adaptive poison ("adaptive").

    n_detector_fits_ : int
        How often the detector was fitted.

    attack_ : attack
        The attack that was run first.

    detector_ : detector
        The detector as it was cloned for each round, unfitted.

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
    GradientPoisoningAttack : Looks at the victim only.

    Notes
    -----
    The detector need not be the defender's own: poison made against one passes others of its kind.
    A defender who fits with another seed may flag a few rows more.

    References
    ----------
    .. [1] P. W. Koh, J. Steinhardt, P. Liang, "Stronger Data Poisoning Attacks Break Data
       Sanitization Defenses", Machine Learning 111, 2022.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import AdaptivePoisoningAttack, LabelFlipAttack
    >>> from skpoison.detectors import CentroidDetector
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> detector = CentroidDetector(contamination=0.2)
    >>> attack = AdaptivePoisoningAttack(LabelFlipAttack(), detector, rate=0.2, random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(X[:100], y[:100])
    >>> flagged = detector.fit_predict(X_poisoned, y_poisoned) == -1
    >>> int(attack.poison_mask_.sum()), int(flagged[attack.poison_mask_].sum())
    (20, 0)
    """

    short_names = {"adaptive": {}}

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "attack": [BasePoisoningAttack, None],
        "detector": [HasMethods(["fit_predict"]), None],
        "estimator": [HasMethods(["fit", "decision_function"]), None],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        attack: Estimator | None = None,
        detector: Estimator | None = None,
        *,
        estimator: Estimator | None = None,
        n_rounds: int = 10,
        rate: float = 0.3,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.attack = attack
        self.detector = detector
        self.estimator = estimator
        self.n_rounds = n_rounds

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        seeds = random_state.randint(np.iinfo(np.int32).max, size=3)
        victim = self._victim()
        self.attack_ = seeded(self._attack(victim), seeds[0])
        self.attack_.set_params(rate=int(n_poison), injection="append")
        self.detector_ = seeded(self._detector(), seeds[1])
        search = check_random_state(seeds[2])

        y_given = None if y_val is None else self.classes_[y_val]
        X_out, y_out = self.attack_.fit_resample(X, self.classes_[y], X_val=X_val, y_val=y_given)
        mask, sources = self.attack_.poison_mask_, self.attack_._sources
        X_start, codes = X_out[mask], np.searchsorted(self.classes_, y_out[mask])
        sources = sources[mask]
        kept = np.arange(len(X))
        if self.injection == "replace":  # as the base class will draw them
            kept = np.setdiff1d(kept, _rows_to_replace(sources, len(X), deepcopy(random_state)))
        if X_val is None:
            X_val, y_val = X, y
        trial = _Trial(
            self.detector_, victim, self.classes_, X[kept], np.append(y[kept], codes), X_val, y_val
        )

        X_start = X_start.astype(np.float64)
        everything = np.concatenate([X, X_start])
        low, high = everything.min(axis=0), everything.max(axis=0)
        noise = NOISE * (high.max() - low.min())
        X_poison, fewest, accuracies = X_start, (np.inf, 0.0), []
        for _ in range(self.n_rounds):
            flagged, loss, accuracy = trial(as_stored(X_poison, self._dtypes))
            n_flagged = flagged[len(kept) :].sum()
            accuracies.append(accuracy)
            if (n_flagged, -loss) < fewest:
                fewest, best, X_best = (n_flagged, -loss), accuracy, X_poison
            if n_flagged:
                targets = _targets(X_poison, codes, X[kept], y[kept], flagged, search)
                jitter = noise * search.uniform(-1, 1, size=X_poison.shape)
                moving = flagged[len(kept) :, np.newaxis]
                X_poison = np.where(moving, 0.5 * (X_poison + targets) + jitter, X_poison)
            else:
                X_poison = X_best + 0.5 * (X_start - X_best)
            X_poison = np.clip(X_poison, low, high)

        clean = trial.train(trial.X, trial.y[: len(kept)])[1]
        undefended = trial.train(trial.join(as_stored(X_start, self._dtypes)), trial.y)[1]
        scores = {"undefended": undefended, "filtered": accuracies[0], "adaptive": best}
        self.damage_ = {name: clean - score for name, score in scores.items()}
        self.evaded_ = 1.0 - float(fewest[0]) / n_poison
        self.n_detector_fits_ = self.n_rounds
        return X_best, codes, sources

    def _victim(self):
        victim = self.estimator
        if victim is None:
            victim = getattr(self.attack, "estimator", None)
        return SVC(kernel="linear", max_iter=MOST_STEPS) if victim is None else victim

    def _attack(self, victim):
        return GradientPoisoningAttack(victim) if self.attack is None else self.attack

    def _detector(self):
        if self.detector is not None:
            return self.detector
        from skpoison.detectors import NeighborDisagreementDetector  # only this attack needs them

        return NeighborDisagreementDetector()


class _Trial:
    """What the detector and the victim make of poison rows."""

    def __init__(self, detector, victim, classes, X, codes, X_val, val_codes):
        self.detector, self.victim = detector, victim
        self.X, self.y = X, classes[codes]
        self.X_val, self.y_val = X_val, classes[val_codes]

    def __call__(self, X_poison):
        """Which rows are flagged, and the loss and accuracy of a victim trained on the others."""
        X = self.join(X_poison)
        flagged = clone(self.detector).fit_predict(X, self.y) == -1
        kept = ~flagged
        for label in np.setdiff1d(self.y, self.y[kept]):  # no defender throws a whole class away
            kept |= self.y == label
        return flagged, *self.train(X[kept], self.y[kept])

    def join(self, X_poison):
        """The clean rows, then the poison rows as they are stored."""
        return np.concatenate([self.X, X_poison], dtype=self.X.dtype, casting="same_kind")

    def train(self, X, y):
        """Mean hinge loss and accuracy on the attacker's rows of a victim trained on `X`, `y`."""
        victim = clone(self.victim).fit(X, y)
        decision = victim.decision_function(self.X_val)
        if decision.ndim == 1:
            margin = np.where(self.y_val == victim.classes_[1], decision, -decision)
        else:
            own = self.y_val[:, np.newaxis] == victim.classes_
            margin = np.where(own, decision, decision.min()).max(axis=1)
            margin = margin - np.where(own, decision.min(), decision).max(axis=1)
        accuracy = np.mean(victim.predict(self.X_val) == self.y_val)
        return np.maximum(0.0, 1.0 - margin).mean(), float(accuracy)


def _targets(X_poison, codes, X, y, flagged, random_state):
    """For each poison row where it is to move; where it is, if it is not flagged."""
    clean_flagged, flagged = flagged[: len(X)], flagged[len(X) :]
    targets = X_poison.copy()
    for row in np.flatnonzero(flagged):
        same, clean = codes == codes[row], y == codes[row]
        for rows in (X_poison[same & ~flagged], X[clean & ~clean_flagged], X[clean]):
            if len(rows):
                targets[row] = rows[random_state.randint(len(rows))]
                break
    return targets
