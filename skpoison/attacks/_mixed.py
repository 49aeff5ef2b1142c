"""Several attacks that share one rate."""

from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.metaestimators import _BaseComposition

from skpoison._typing import Estimator, Injection, RandomState
from skpoison.attacks._backdoor import BackdoorAttack
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._gradient import GradientPoisoningAttack
from skpoison.attacks._label_flip import LabelFlipAttack


class MixedAttack(_BaseComposition, BasePoisoningAttack):
    """Share the poison between several attacks.

    Each attack is given its share of the poison rows and makes them by itself from the clean
    rows. Rows left over by rounding go one each to the attacks in the order in which they are
    listed.

    Parameters
    ----------
    attacks : list of (str, attack, float), default=None
        Name, attack and weight. The weights are relative. Each attack's own `rate` and
        `injection` are ignored; its `random_state` is replaced by one drawn from this
        attack's where it is None. None is the paper's mix [1]_: a third each of optimal,
        semi-optimal and flipping, the remainder to optimal, then to semi-optimal.

    estimator : estimator, default=None
        The victim, for those of the attacks that have a parameter of this name and leave it None.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    injection : {"append", "replace"}, default="append"
        Whether the poison is added or takes clean rows' places.

    random_state : int, RandomState instance or None, default=None
        Seed of everything that is drawn.

    Attributes
    ----------
    attacks_ : list of (str, attack)
        The fitted attacks; those that were given no row are left out.

    attack_names_ : ndarray of shape (n_samples_new,), dtype=object
        For each row of the result, the name of the attack that made it; "" for clean rows.

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
    LabelFlipAttack : True rows under wrong labels.
    GradientPoisoningAttack : Rows moved up the gradient of the victim's loss.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skpoison.attacks import LabelFlipAttack, MixedAttack
    >>> X, y = load_iris(return_X_y=True)
    >>> attack = MixedAttack(
    ...     [
    ...         ("any", LabelFlipAttack(), 2),
    ...         ("to_0", LabelFlipAttack(confusion={1: 0, 2: 0}), 1),
    ...     ],
    ...     rate=10,
    ...     random_state=0,
    ... )
    >>> X_poisoned, y_poisoned = attack.fit_resample(X, y)
    >>> attack.attack_names_[attack.poison_mask_].tolist()
    ['any', 'any', 'any', 'any', 'any', 'any', 'any', 'to_0', 'to_0', 'to_0']
    """

    short_names = {"mixed": {}}

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "attacks": [list, None],
        "estimator": [HasMethods(["fit", "predict"]), None],
    }

    def __init__(
        self,
        attacks: list | None = None,
        *,
        estimator: Estimator | None = None,
        rate: float = 0.3,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        BasePoisoningAttack.__init__(
            self, rate=rate, injection=injection, random_state=random_state
        )
        self.attacks = attacks
        self.estimator = estimator

    @property
    def _named_attacks(self):
        """Name and attack, the pairs that scikit-learn's compositions set parameters on."""
        try:
            return [(name, attack) for name, attack, _ in self.attacks or []]
        except (TypeError, ValueError):  # no triples: refused when the attack is run
            return self.attacks

    @_named_attacks.setter
    def _named_attacks(self, pairs):
        weights = [weight for _, _, weight in self.attacks]
        self.attacks = [(*pair, weight) for pair, weight in zip(pairs, weights, strict=True)]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, those of the attacks under ``name__parameter`` too.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of the attacks.

        Returns
        -------
        params : dict
            Parameters and values.
        """
        return self._get_params("_named_attacks", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of the attacks under ``name__parameter`` too.

        Parameters
        ----------
        **params : dict
            Parameters and values.

        Returns
        -------
        self : object
            The attack.
        """
        return self._set_params("_named_attacks", **params)

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        attacks = _check_attacks(self.attacks)
        y = self.classes_[y]
        y_val = None if y_val is None else self.classes_[y_val]
        counts = share(n_poison, [weight for _, _, weight in attacks])
        parts, self.attacks_, names = [], [], [""] * X.shape[0]
        for (name, attack, _), count in zip(attacks, counts, strict=True):
            seed = random_state.randint(np.iinfo(np.int32).max)
            if count == 0:
                continue
            attack = clone(attack).set_params(rate=int(count), injection="append")
            left_open = {"random_state": seed, "estimator": self.estimator}
            own = attack.get_params(deep=False)
            attack.set_params(**{k: v for k, v in left_open.items() if own.get(k, 0) is None})
            X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
            mask = attack.poison_mask_
            parts.append((X_out[mask], y_out[mask], attack._sources[mask]))
            self.attacks_.append((name, attack))
            names += [name] * int(count)
        if self.injection == "append":
            self.attack_names_ = np.array(names, dtype=object)
        else:
            clean = X.shape[0] - n_poison
            self.attack_names_ = np.array(names[:clean] + names[X.shape[0] :], dtype=object)
        made, labels, sources = (np.concatenate(part) for part in zip(*parts, strict=True))
        codes = np.searchsorted(self.classes_, labels)
        return made if self._needs_numbers else None, codes, sources

    @property
    def _needs_numbers(self):
        try:
            return any(attack._needs_numbers for _, attack, _ in _check_attacks(self.attacks))
        except (TypeError, ValueError):  # refused when the attack is run
            return True


def share(total, weights):
    """Share a number of rows by weight; what rounding leaves goes one each to the first.

    Parameters
    ----------
    total : int
        Rows to share.

    weights : sequence of float
        Relative weights.

    Returns
    -------
    counts : ndarray of shape (len(weights),), dtype=int
        They sum up to `total`.
    """
    exact = total * np.asarray(weights, dtype=float) / np.sum(weights)
    counts = np.floor(exact + 1e-9).astype(int)
    counts[: total - counts.sum()] += 1
    return counts


def _check_attacks(attacks):
    if attacks is None:
        return [
            ("optimal", GradientPoisoningAttack(labels="flip"), 1.0),
            ("semi-optimal", GradientPoisoningAttack(labels="keep"), 1.0),
            ("flipping", LabelFlipAttack(), 1.0),
        ]
    if not attacks:
        raise ValueError("attacks must hold at least one (name, attack, weight), got [].")
    for entry in attacks:
        if not (isinstance(entry, tuple) and len(entry) == 3):
            raise ValueError(f"attacks must hold (name, attack, weight) triples, got {entry!r}.")
        name, attack, weight = entry
        if not isinstance(attack, BasePoisoningAttack):
            raise TypeError(f"attack {name!r} must be a poisoning attack, got {attack!r}.")
        if getattr(attack, "groups", None) is not None:
            raise ValueError(f"attack {name!r} has groups, which need an attack of its own.")
        if isinstance(attack, BackdoorAttack):
            raise ValueError(
                f"attack {name!r} puts a trigger on rows, which attacks that share a rate do not "
                "see as they are: put the attacks one after the other in a pipeline."
            )
        if not (isinstance(weight, Real) and weight > 0):
            raise ValueError(f"the weight of attack {name!r} must be positive, got {weight!r}.")
    names = [name for name, _, _ in attacks]
    if len(set(names)) < len(names):
        raise ValueError(f"attacks must have different names, got {names}.")
    return attacks
