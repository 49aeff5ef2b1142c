import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.neighbors import KNeighborsClassifier

from skpoison.attacks import SubpopulationFlipAttack

CENTERS = np.array([[0, 0], [0, 10], [10, 0], [10, 10]])
X, BLOB = make_blobs([40, 40, 40, 40], centers=CENTERS, random_state=0)
Y = np.array(["a", "b", "b", "a"])[BLOB]


def test_the_victim_errs_in_one_cluster_and_nowhere_else():
    victim = KNeighborsClassifier(3)
    attack = SubpopulationFlipAttack(victim, n_clusters=4, rate=80, random_state=0)
    X_out, y_out = attack.fit_resample(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    hit = attack.in_subpopulation(X)
    assert len(set(BLOB[hit])) == 1 and hit.sum() == 40
    wrong = victim.fit(X_out, y_out).predict(X) != Y
    assert wrong[hit].mean() > 0.7 and not wrong[~hit].any()
    assert attack.damage_[attack.cluster_] == np.nanmax(attack.damage_) > 0.7
    assert (attack.sample_indices_[-80:] == -1).all()  # 20 rows, four times each


def test_a_given_cluster_and_flips_it_cannot_make():
    attack = SubpopulationFlipAttack(n_clusters=4, cluster=2, rate=10, random_state=0)
    attack.fit_resample(X, Y)
    sources = attack.sample_indices_[-10:]
    assert (attack.kmeans_.predict(X[sources]) == 2).all() and len(set(sources)) == 10
    label = Y[sources[0]]
    other = {"a": "b", "b": "a"}[label]
    with pytest.raises(ValueError, match="flips no label that cluster 2 holds"):
        attack.set_params(confusion={other: label}).fit_resample(X, Y)
    with pytest.raises(ValueError, match="cluster=7 must be below 4"):
        attack.set_params(cluster=7, confusion=None).fit_resample(X, Y)
    few = SubpopulationFlipAttack(rate=3, random_state=0, injection="replace")
    assert len(few.fit_resample(X[:5], list("abaab"))[0]) == 5
