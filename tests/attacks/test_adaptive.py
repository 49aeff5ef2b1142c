"""The adaptive attack against detectors that are fitted again from outside."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from skpoison.attacks import (
    AdaptivePoisoningAttack,
    AdversarialFlipAttack,
    GradientPoisoningAttack,
    LabelFlipAttack,
)
from skpoison.detectors import CentroidDetector, InfluenceDetector

DETECTORS = [
    CentroidDetector(contamination=0.2),
    InfluenceDetector(contamination=0.2, random_state=0),
]


class LabelDisagreement(BaseEstimator):
    """A detector of its own: rows that their five nearest others outvote; counts its fits."""

    n_fits = 0

    def fit_predict(self, X, y):
        type(self).n_fits += 1
        others = KNeighborsClassifier(n_neighbors=6).fit(X, y).kneighbors(X)[1][:, 1:]
        return np.where((y[others] == y[:, None]).mean(axis=1) > 0.5, 1, -1)


class Nothing(BaseEstimator):
    def fit_predict(self, X, y):
        return np.ones(len(X), dtype=int)


class Everything(BaseEstimator):
    def fit_predict(self, X, y):
        return -np.ones(len(X), dtype=int)


@pytest.fixture(scope="module")
def attacked(digits_pair):
    X, y = digits_pair
    return {"X": X[:100], "y": y[:100], "X_val": X[100:200], "y_val": y[100:200]}


@pytest.mark.parametrize("injection", ["append", "replace"])
@pytest.mark.parametrize("detector", [*DETECTORS, LabelDisagreement()])
def test_what_is_flagged_of_plain_poison_passes(detector, injection, attacked):
    plain = AdversarialFlipAttack(rate=0.2, injection=injection, random_state=0)
    flagged = clone(detector).fit_predict(*plain.fit_resample(**attacked)) == -1
    assert flagged[plain.poison_mask_].mean() > 0.4

    attack = AdaptivePoisoningAttack(
        plain, detector, n_rounds=12, rate=0.2, injection=injection, random_state=0
    )
    X_out, y_out = attack.fit_resample(**attacked)
    flagged = clone(detector).fit_predict(X_out, y_out) == -1
    assert attack.poison_mask_.sum() == 20
    assert attack.evaded_ == pytest.approx(1 - flagged[attack.poison_mask_].mean())
    assert attack.evaded_ >= 0.9
    assert attack.damage_["adaptive"] > attack.damage_["filtered"]


def test_damage_is_what_a_victim_loses_that_is_trained_again(attacked):
    victim, detector = LogisticRegression(C=0.5), CentroidDetector(contamination=0.2)
    X, y, X_val, y_val = attacked.values()
    attack = AdaptivePoisoningAttack(
        LabelFlipAttack(), detector, estimator=victim, n_rounds=4, random_state=0
    )
    X_out, y_out = attack.fit_resample(**attacked)
    kept = detector.fit_predict(X_out, y_out) == 1
    clean = victim.fit(X, y).score(X_val, y_val)
    adaptive = clean - victim.fit(X_out[kept], y_out[kept]).score(X_val, y_val)
    X_plain, y_plain = attack.attack_.fit_resample(**attacked)
    undefended = clean - victim.fit(X_plain, y_plain).score(X_val, y_val)
    kept = detector.fit_predict(X_plain, y_plain) == 1
    filtered = clean - victim.fit(X_plain[kept], y_plain[kept]).score(X_val, y_val)
    assert attack.damage_ == pytest.approx(
        {"undefended": undefended, "filtered": filtered, "adaptive": adaptive}
    )


@pytest.mark.parametrize("n_rounds", [1, 3])
def test_the_detector_is_fitted_once_a_round(n_rounds, attacked):
    LabelDisagreement.n_fits = 0
    attack = AdaptivePoisoningAttack(
        LabelFlipAttack(), LabelDisagreement(), n_rounds=n_rounds, random_state=0
    )
    attack.fit_resample(**attacked)
    assert LabelDisagreement.n_fits == attack.n_detector_fits_ == n_rounds


def test_poison_that_passes_at_once_is_left_alone(attacked):
    plain = LabelFlipAttack(random_state=3)
    attack = AdaptivePoisoningAttack(plain, Nothing(), random_state=0)
    np.testing.assert_array_equal(
        attack.fit_resample(**attacked)[0], plain.fit_resample(**attacked)[0]
    )
    assert attack.evaded_ == 1.0
    assert attack.damage_["adaptive"] == attack.damage_["undefended"]


def test_against_a_detector_that_flags_everything_nothing_passes(attacked):
    attack = AdaptivePoisoningAttack(LabelFlipAttack(), Everything(), n_rounds=3, random_state=0)
    X_out, _ = attack.fit_resample(**attacked)
    assert attack.evaded_ == 0.0
    assert len(X_out) == 130


@pytest.mark.filterwarnings("ignore:.*did not move")
def test_the_victim_is_that_of_the_attack(attacked):
    inner = GradientPoisoningAttack(SVC(kernel="rbf"), max_iter=2)
    attack = AdaptivePoisoningAttack(inner, Nothing(), n_rounds=1, rate=5, random_state=0)
    X_out, y_out = attack.fit_resample(**attacked)
    X, y, X_val, y_val = attacked.values()
    lost = SVC().fit(X, y).score(X_val, y_val) - SVC().fit(X_out, y_out).score(X_val, y_val)
    assert attack.damage_["adaptive"] == pytest.approx(lost)


def test_more_than_two_classes_and_no_attackers_rows():
    rng = np.random.RandomState(0)
    y = np.repeat(["a", "b", "c"], 30)
    X = rng.normal(size=(90, 2)) + 4 * np.repeat([[0, 0], [1, 0], [0, 1]], 30, axis=0)
    detector = CentroidDetector(contamination=0.2)
    attack = AdaptivePoisoningAttack(LabelFlipAttack(), detector, rate=0.2, random_state=0)
    X_out, y_out = attack.fit_resample(X, y)
    assert X_out.shape == (108, 2)
    assert (detector.fit_predict(X_out, y_out)[attack.poison_mask_] == 1).mean() >= 0.9
    assert X_out.min() >= X.min() and X_out.max() <= X.max()


def test_parameters_that_make_no_sense_are_refused(attacked):
    with pytest.raises(ValueError, match="n_rounds"):
        AdaptivePoisoningAttack(n_rounds=0).fit_resample(**attacked)
    with pytest.raises(ValueError, match="'detector'"):
        AdaptivePoisoningAttack(detector="centroid").fit_resample(**attacked)
    with pytest.raises(ValueError, match="'attack'"):
        AdaptivePoisoningAttack("flipping").fit_resample(**attacked)
