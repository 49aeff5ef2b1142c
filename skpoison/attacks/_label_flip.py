"""Label noise: true rows under wrong labels, drawn at random."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from skpoison._typing import Injection, RandomState
from skpoison.attacks._flips import BaseFlipAttack, draw_flips
from skpoison.utils._containers import check_container, column_values


class LabelFlipAttack(BaseFlipAttack):
    """Poison with true rows that carry wrong labels.

    Rows are drawn, each once, from the attacker's rows (`X_val`) where they are given, as in
    [1]_, and from the training rows themselves otherwise; each gets another class's label. Any
    number of classes and any type of label. The noise may be uniform, depend on the class
    (`confusion`) or on a group of rows (`groups`). Rows may be whatever can be taken by position:
    tables with texts and missing values, sparse matrices, images, lists of texts.

    Parameters
    ----------
    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    confusion : dict, array-like of shape (n_classes, n_classes) or None, default=None
        Which label becomes which. ``{"cat": "dog"}`` flips cats to dogs and leaves all other
        classes alone; ``{"cat": {"dog": 0.9, "fox": 0.1}}`` draws the new label with these
        weights; rows of all classes that it names are drawn alike. An array is a transition
        matrix, its rows and columns in the order of the sorted labels: entry (i, j) is the chance
        that a row of class i is given label j, relative to the other entries; the diagonal is not
        read, since `rate` says how many rows are flipped. None flips every class to any other,
        all equally likely.

    groups : tuple (column, weights) or None, default=None
        Group-dependent noise [2]_. `column` is the name or the position of a column of `X`,
        `weights` a dict from its values to how likely a row with this value is to be flipped,
        relative to others; rows with a value that is not listed are never flipped.
        ``("sex", {"F": 3, "M": 1})`` flips women's labels three times as often as men's;
        ``("state", {"Iowa": 1})`` poisons one subpopulation, the feature match of [3]_.

    injection : {"append", "replace"}, default="append"
        "append" adds the flipped rows to the clean ones. "replace" takes one clean row out for
        each: with rows drawn from `X` this is relabelling in place.

    random_state : int, RandomState instance or None, default=None
        Seed of the draw.

    Attributes
    ----------
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
    InstanceDependentFlipAttack : Flips rows of which a model is unsure.
    AdversarialFlipAttack : Flips rows where it hurts a victim the most.
    SubpopulationFlipAttack : Flips rows of one cluster.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.
    .. [2] J. Wang, Y. Liu, C. Levy, "Fair Classification with Group-Dependent Label Noise",
       FAccT 2021.
    .. [3] M. Jagielski, G. Severi, N. Pousette Harger, A. Oprea, "Subpopulation Data Poisoning
       Attacks", CCS 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.attacks import LabelFlipAttack
    >>> X = np.arange(20.0).reshape(10, 2)
    >>> y = np.repeat(["ham", "spam"], 5)
    >>> attack = LabelFlipAttack(rate=0.3, confusion={"spam": "ham"}, random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(X, y)
    >>> X_poisoned.shape
    (13, 2)
    >>> y_poisoned[attack.poison_mask_].tolist()
    ['ham', 'ham', 'ham']
    """

    short_names = {"flipping": {}}

    _parameter_constraints = {
        **BaseFlipAttack._parameter_constraints,
        "groups": [tuple, list, None],
    }

    def __init__(
        self,
        *,
        rate: float = 0.3,
        confusion: dict | ArrayLike | None = None,
        groups: Sequence | None = None,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(
            rate=rate, confusion=confusion, injection=injection, random_state=random_state
        )
        self.groups = groups

    @property
    def _needs_numbers(self):
        return False

    def _fit_resample(self, X, y, X_val, y_val):
        if self.groups is not None:  # before the rows are no more than positions
            pool, name = (X, "X") if X_val is None else (X_val, "X_val")
            self._chances = _group_chances(check_container(pool, name), self.groups)
        return super()._fit_resample(X, y, X_val, y_val)

    def _row_weights(self, n_rows):
        return super()._row_weights(n_rows) if self.groups is None else self._chances

    def _choose_flips(self, X, y, n_flips, pool, weights, random_state):
        return draw_flips(weights, n_flips, random_state)


def _group_chances(X, groups):
    """How likely each row is to be flipped, by the group it is in."""
    if not (len(groups) == 2 and isinstance(groups[1], dict) and groups[1]):
        raise ValueError(f"groups must be (column, {{value: weight}}), got {groups!r}.")
    column, weights = groups
    for value, weight in weights.items():
        if not (np.isscalar(weight) and np.isreal(weight) and 0 < weight < np.inf):
            raise ValueError(f"groups gives {value!r} the weight {weight!r}; it must be positive.")
    values = column_values(X, column, "groups")
    unknown = [value for value in weights if not np.any(values == value)]
    if unknown:
        raise ValueError(f"groups names {unknown}, which column {column!r} does not hold.")
    chances = np.zeros(len(values))
    for value, weight in weights.items():
        chances[values == value] = weight
    return chances
