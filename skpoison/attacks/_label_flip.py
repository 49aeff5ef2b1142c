"""Label flipping: true rows under wrong labels."""

import numpy as np
from sklearn.svm import SVC
from sklearn.utils._param_validation import HasMethods, StrOptions

from skpoison.attacks._adversarial_flips import choose_flips
from skpoison.attacks._base import BasePoisoningAttack


class LabelFlipAttack(BasePoisoningAttack):
    """Poison with true rows that carry wrong labels.

    Rows are taken, each once, from the attacker's rows (`X_val`) where they are given, as in
    [1]_, and from the training rows themselves otherwise; each gets another class's label. Any
    number of classes and any type of label. Random flips look at labels only: rows may be
    whatever can be taken by position, tables with texts and missing values, sparse matrices,
    images, lists of texts.

    Parameters
    ----------
    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    confusion : dict or None, default=None
        Which label becomes which. ``{"cat": "dog"}`` flips cats to dogs and leaves all other
        classes alone; ``{"cat": {"dog": 0.9, "fox": 0.1}}`` draws the new label with these
        weights. None flips every class to any other, all equally likely.

    strategy : {"random", "adversarial"}, default="random"
        "random" draws the rows, the paper's *flipping*. "adversarial" chooses them, one after the
        other, so that the hinge loss of the victim on the attacker's rows (on the clean training
        rows, where there are none) grows the most: a greedy form of ALFA [2]_. It needs rows of
        finite numbers, in an array, a list or a DataFrame.

    estimator : SVC, default=None
        The victim of the adversarial strategy; None stands for ``SVC(kernel="linear")``.

    injection : {"append", "replace"}, default="append"
        "append" adds the flipped rows to the clean ones. "replace" takes one clean row out for
        each: with rows drawn from `X` this is relabelling in place (the adversarial strategy
        chooses as if they were added).

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
    GradientPoisoningAttack : Moves the rows as well.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.
    .. [2] H. Xiao, H. Xiao, C. Eckert, "Adversarial Label Flips Attack on Support Vector
       Machines", ECAI 2012.

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

    short_names = {"flipping": {}, "adversarial-flipping": {"strategy": "adversarial"}}

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "confusion": [dict, None],
        "strategy": [StrOptions({"random", "adversarial"})],
        "estimator": [HasMethods(["fit", "predict"]), None],
    }

    def __init__(
        self,
        *,
        rate=0.3,
        confusion=None,
        strategy="random",
        estimator=None,
        injection="append",
        random_state=None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.confusion = confusion
        self.strategy = strategy
        self.estimator = estimator

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        weights = self._confusion_weights()
        labels = y if X_val is None else y_val
        eligible = np.flatnonzero(weights[labels].sum(axis=1) > 0)
        if n_poison > len(eligible):
            raise ValueError(
                f"rate={self.rate!r} asks for {n_poison} flipped rows, but only {len(eligible)} "
                f"rows of {'X' if X_val is None else 'X_val'} can be flipped."
            )
        if self.strategy == "adversarial":
            attacker = (X, y) if X_val is None else (X_val, y_val)
            rows, y_poison = self._choose(X, y, n_poison, weights[labels], *attacker).T
        else:
            rows = random_state.choice(eligible, size=n_poison, replace=False)
            n_classes = len(self.classes_)
            y_poison = np.array(
                [random_state.choice(n_classes, p=weights[label]) for label in labels[rows]]
            )
        return None, y_poison, rows if X_val is None else len(y) + rows

    @property
    def _needs_numbers(self):
        return self.strategy == "adversarial"

    def _choose(self, X, y, n_poison, row_weights, X_val, y_val):
        """Rows of the attacker and their new labels: (n_poison, 2)."""
        candidates = np.argwhere(row_weights > 0)
        victim = SVC(kernel="linear") if self.estimator is None else self.estimator
        chosen = choose_flips(
            victim, self.classes_, X, y, X_val, candidates, n_poison, X_val, y_val
        )
        return candidates[chosen]

    def _confusion_weights(self):
        """Row i: probabilities of the new label of a row of class i; zeros where it stays."""
        n_classes = len(self.classes_)
        if self.confusion is None:
            return (1 - np.eye(n_classes)) / (n_classes - 1)
        index = {label: code for code, label in enumerate(self.classes_.tolist())}
        weights = np.zeros((n_classes, n_classes))
        for old, new in self.confusion.items():
            for label, weight in (new if isinstance(new, dict) else {new: 1.0}).items():
                if old not in index or label not in index:
                    raise ValueError(
                        f"confusion maps {old!r} to {label!r}, but the labels in y are "
                        f"{self.classes_.tolist()}."
                    )
                if old == label:
                    raise ValueError(f"confusion maps {old!r} to itself, which is no flip.")
                if not weight > 0:
                    raise ValueError(
                        f"confusion gives {old!r} -> {label!r} the weight {weight!r}; "
                        "weights must be positive."
                    )
                weights[index[old], index[label]] = weight
        totals = weights.sum(axis=1, keepdims=True)
        return np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)
