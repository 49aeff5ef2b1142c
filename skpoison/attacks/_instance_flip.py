"""Instance-dependent label noise: rows of which a model is unsure."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import HasMethods

from skpoison._typing import Estimator, Injection, RandomState
from skpoison.attacks._flips import BaseFlipAttack, draw_flips

# The chance of a row that the model is sure of: such rows are flipped when no others are left.
SMALLEST_CHANCE = 1e-9
N_FOLDS = 5


class InstanceDependentFlipAttack(BaseFlipAttack):
    """Flip labels where a model is unsure, as people err where classes look alike.

    A row's chance of being flipped to another label goes by the probability that a model, which
    was not trained on the row, gives to this label [1]_. Rows deep inside their class keep their
    labels, rows near another class are taken for it.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``, default=None
        The model that is unsure. None stands for a
        :class:`~sklearn.linear_model.LogisticRegression` of standardised columns.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.

    confusion : dict, array-like of shape (n_classes, n_classes) or None, default=None
        Which label may become which, as in :class:`LabelFlipAttack`; its weights multiply the
        model's probabilities. None: every label any other.

    injection : {"append", "replace"}, default="append"
        "append" adds the flipped rows to the clean ones; "replace" takes one clean row out for
        each: with rows drawn from `X` this is relabelling in place.

    random_state : int, RandomState instance or None, default=None
        Seed of the draw, of the folds and of a model that has none of its own.

    Attributes
    ----------
    flip_probabilities_ : ndarray of shape (n_rows, n_classes)
        The model's probability of each label that a row of `X_val` (of `X`, without `X_val`) may
        be given, times the weight of the flip; 0 for labels that it may not be given.

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
    LabelFlipAttack : Noise that does not look at the rows.

    Notes
    -----
    Rows of `X` are judged in five folds, in fewer where a class has fewer rows, and by a model that
    knows them where a class has only one.

    References
    ----------
    .. [1] A. Berthon, B. Han, G. Niu, T. Liu, M. Sugiyama, "Confidence Scores Make
       Instance-dependent Label-noise Learning Possible", ICML 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skpoison.attacks import InstanceDependentFlipAttack
    >>> X, y = load_iris(return_X_y=True)
    >>> attack = InstanceDependentFlipAttack(rate=20, random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(X, y)
    >>> flipped = y[attack.sample_indices_[attack.poison_mask_]]
    >>> int((flipped == 0).sum())  # setosa looks like no other iris
    1
    """

    short_names = {"instance-flipping": {}}

    _parameter_constraints = {
        **BaseFlipAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        rate: float = 0.3,
        confusion: dict | ArrayLike | None = None,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(
            rate=rate, confusion=confusion, injection=injection, random_state=random_state
        )
        self.estimator = estimator

    def _choose_flips(self, X, y, n_flips, pool, weights, random_state):
        seed = random_state.randint(np.iinfo(np.int32).max)
        model = self.estimator
        if model is None:
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        model = clone(model)
        if model.get_params().get("random_state", 0) is None:
            model.set_params(random_state=seed)
        n_folds = min(N_FOLDS, np.bincount(y).min())
        if pool[0] is X and n_folds > 1:
            folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
            probability = cross_val_predict(model, X, y, cv=folds, method="predict_proba")
        else:
            probability = model.fit(X, y).predict_proba(pool[0])
        self.flip_probabilities_ = weights * probability
        chances = np.maximum(self.flip_probabilities_, SMALLEST_CHANCE * weights)
        return draw_flips(chances, n_flips, random_state)
