"""Subpopulation poisoning: labels flipped in one cluster."""

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import HasMethods, Interval

from skpoison._typing import BoolArray, Estimator, Injection, RandomState, Rows
from skpoison.attacks._base import BasePoisoningAttack
from skpoison.attacks._flips import confusion_weights, draw_flips


class SubpopulationFlipAttack(BasePoisoningAttack):
    """Flip labels in one subpopulation and leave the rest as it is.

    The cluster match of [1]_: the attacker's rows (`X_val`; `X`, without them) are clustered, and
    rows of one cluster are added under wrong labels. The victim errs there, while its accuracy
    elsewhere hardly tells. Subpopulations that a column names are the business of
    ``LabelFlipAttack(groups=...)``.

    Parameters
    ----------
    estimator : classifier, default=None
        The victim, which is trained once a cluster to find the one that suffers the most; read
        where `cluster` is None. None stands for a
        :class:`~sklearn.linear_model.LogisticRegression` of standardised columns.

    n_clusters : int, default=8
        Clusters of k-means; as many as there are rows where those are fewer.

    cluster : int, default=None
        The cluster that is attacked. None: the one in which the victim loses the most accuracy.

    confusion : dict, array-like of shape (n_classes, n_classes) or None, default=None
        Which label may become which, as in :class:`LabelFlipAttack`. None: every label any other.

    rate : float or int, default=0.3
        How much poison: a float in [0, 1] is a share of the clean rows, an int a number of rows.
        Where this is more than the cluster has rows, rows are used again.

    injection : {"append", "replace"}, default="append"
        "append" adds the poison to the clean rows; "replace" takes one clean row out for each.

    random_state : int, RandomState instance or None, default=None
        Seed of the clusters, the draw, and a victim without a seed.

    Attributes
    ----------
    cluster_ : int
        The cluster that is attacked.

    kmeans_ : KMeans
        The clusters.

    damage_ : ndarray of shape (n_clusters,)
        Accuracy that the victim loses on the attacker's rows in each cluster when that one is
        attacked; NaN where none can be flipped, and everywhere if `cluster` is given.

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
    LabelFlipAttack : Flips everywhere, or by a column.
    AdversarialFlipAttack : Flips against single rows, with `target`.

    References
    ----------
    .. [1] M. Jagielski, G. Severi, N. Pousette Harger, A. Oprea, "Subpopulation Data Poisoning
       Attacks", CCS 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skpoison.attacks import SubpopulationFlipAttack
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> attack = SubpopulationFlipAttack(rate=40, random_state=0)
    >>> X_poisoned, y_poisoned = attack.fit_resample(X, y)
    >>> hit = attack.in_subpopulation(X_poisoned)
    >>> bool(hit[attack.poison_mask_].all()), bool(hit.all())
    (True, False)
    """

    short_names = {"subpopulation": {}}

    _parameter_constraints = {
        **BasePoisoningAttack._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "cluster": [Interval(Integral, 0, None, closed="left"), None],
        "confusion": [dict, "array-like", None],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        n_clusters: int = 8,
        cluster: int | None = None,
        confusion: dict | ArrayLike | None = None,
        rate: float = 0.3,
        injection: Injection = "append",
        random_state: RandomState = None,
    ):
        super().__init__(rate=rate, injection=injection, random_state=random_state)
        self.estimator = estimator
        self.n_clusters = n_clusters
        self.cluster = cluster
        self.confusion = confusion

    def in_subpopulation(self, X: Rows) -> BoolArray:
        """Tell which rows lie in the attacked cluster.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows of numbers.

        Returns
        -------
        inside : ndarray of shape (n_samples,), dtype=bool
        """
        rows = np.asarray(X, dtype=np.float64).reshape(len(X), -1)
        return self.kmeans_.predict(rows) == self.cluster_

    def _make_poison(self, X, y, n_poison, X_val, y_val, random_state):
        pool, labels = (X, y) if X_val is None else (X_val, y_val)
        n_clusters = min(self.n_clusters, len(np.unique(pool, axis=0)))
        if self.cluster is not None and self.cluster >= n_clusters:
            raise ValueError(f"cluster={self.cluster} must be below {n_clusters}, the clusters.")
        weights = confusion_weights(self.confusion, self.classes_)[labels]
        seed = random_state.randint(np.iinfo(np.int32).max)
        pool_rows = pool.astype(np.float64)
        self.kmeans_ = KMeans(n_clusters, random_state=seed, n_init=3).fit(pool_rows)
        clusters = self.kmeans_.predict(pool_rows)
        attacked = range(n_clusters) if self.cluster is None else [self.cluster]
        flips = {
            cluster: _flips(weights * (clusters == cluster)[:, None], n_poison, random_state)
            for cluster in attacked
        }
        flips = {cluster: found for cluster, found in flips.items() if found is not None}
        if not flips:
            where = "no cluster" if self.cluster is None else f"cluster {self.cluster}"
            raise ValueError(f"confusion={self.confusion!r} flips no label that {where} holds.")
        self.damage_ = np.full(n_clusters, np.nan)
        self.cluster_ = self.cluster
        if self.cluster is None:
            victim = self._victim(seed)
            clean = clone(victim).fit(X, y).predict(pool) == labels
            for cluster, (rows, codes) in flips.items():
                poisoned = clone(victim).fit(np.concatenate([X, pool[rows]]), np.append(y, codes))
                inside = clusters == cluster
                hit = poisoned.predict(pool[inside]) == labels[inside]
                self.damage_[cluster] = clean[inside].mean() - hit.mean()
            self.cluster_ = int(np.nanargmax(self.damage_))
        rows, codes = flips[self.cluster_]
        return pool[rows], codes, rows if X_val is None else len(X) + rows

    def _victim(self, seed):
        victim = self.estimator
        if victim is None:
            victim = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        victim = clone(victim)
        if victim.get_params().get("random_state", 0) is None:
            victim.set_params(random_state=seed)
        return victim


def _flips(weights, n_flips, random_state):
    """Rows and new labels, rows again when there are none left; None if none has a weight."""
    n_eligible = np.count_nonzero(weights.sum(axis=1))
    if not n_eligible:
        return None
    parts, left = [], n_flips
    while left:
        parts.append(draw_flips(weights, min(left, n_eligible), random_state))
        left -= len(parts[-1][0])
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))
