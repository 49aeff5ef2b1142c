"""Clean-label attacks against closed forms, a bounded least-squares solver and differences."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, lsq_linear
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from skpoison.attacks import FeatureCollisionAttack, GradientMatchingAttack
from skpoison.victims import NetworkClassifier

X, Y = load_digits(return_X_y=True)
X, Y = X[(Y == 4) | (Y == 9)][:120] / 16, Y[(Y == 4) | (Y == 9)][:120]
CLEAN, OWN = (X[:80], Y[:80]), (X[80:], Y[80:])
ATTACKS = [
    FeatureCollisionAttack(strategy="collision"),
    FeatureCollisionAttack(),
    GradientMatchingAttack(),
]


def poison_and_bases(attack):
    X_out, _ = attack.fit_resample(*CLEAN, *OWN)
    return X_out[attack.poison_mask_], X[attack.sample_indices_[attack.poison_mask_]]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_labels_are_right_and_changes_small(attack):
    attack.set_params(target=3, epsilon=0.2, rate=7, random_state=0)
    X_out, y_out = attack.fit_resample(*CLEAN, *OWN)
    sources = attack.sample_indices_[attack.poison_mask_]
    assert (y_out[attack.poison_mask_] == Y[sources]).all()
    assert attack.label_ != OWN[1][3] and (Y[sources] == attack.label_).all()
    seen = np.vstack([CLEAN[0], OWN[0][3]])
    moved = np.abs(X_out[attack.poison_mask_] - X[sources])
    assert (moved <= 0.2 * np.ptp(seen, axis=0) + 1e-12).all() and moved.max() > 0.1
    assert (np.diff(attack.loss_path_) <= 1e-12).all()
    assert attack.loss_path_[-1] < attack.loss_path_[0]


def test_collision_of_rows_is_a_weighted_mean_within_the_box():
    attack = FeatureCollisionAttack(
        strategy="collision", beta=0.5, target=3, epsilon=0.3, rate=6, random_state=0
    )
    made, bases = poison_and_bases(attack)
    seen = np.vstack([CLEAN[0], OWN[0][3]])
    reach = 0.3 * np.ptp(seen, axis=0)
    free = (OWN[0][3] + 0.5 * bases) / 1.5  # where the derivative is zero
    expected = np.clip(free, bases - reach, bases + reach)
    np.testing.assert_allclose(made, np.clip(expected, seen.min(0), seen.max(0)), atol=1e-5)


def test_bullseye_of_rows_reaches_the_optimum_of_bounded_least_squares():
    attack = FeatureCollisionAttack(target=3, epsilon=0.1, rate=4, max_iter=1000, random_state=0)
    _, bases = poison_and_bases(attack)
    seen = np.vstack([CLEAN[0], OWN[0][3]])
    reach = 0.1 * np.ptp(seen, axis=0)
    low = np.maximum(bases - reach, seen.min(axis=0)).ravel()
    high = np.minimum(bases + reach, seen.max(axis=0)).ravel()
    free = high > low
    mean = np.tile(np.eye(64), 4) / 4
    rest = OWN[0][3] - mean[:, ~free] @ low[~free]
    solved = lsq_linear(mean[:, free], rest, (low[free], high[free]), tol=1e-12)
    expected = 2 * solved.cost / np.sum(OWN[0][3] ** 2)
    assert attack.loss_path_[-1] == pytest.approx(expected, abs=1e-4)


NETWORKS = {
    name: FrozenEstimator(
        MLPClassifier((9, 5), activation=name, max_iter=20, random_state=0).fit(*CLEAN)
    )
    for name in ("relu", "tanh", "logistic", "identity")
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("activation", NETWORKS)
@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_derivatives_are_those_of_finite_differences(attack, activation):
    """The loss that the attack minimises, for the network's features and all classes."""
    attack = type(attack)(**attack.get_params() | {"estimator": NETWORKS[activation]})
    random_state = np.random.RandomState(0)
    bases = X[:3] + random_state.uniform(0, 0.1, size=(3, 64))
    loss = attack._loss(*CLEAN[:1], (CLEAN[1] == 9).astype(int), X[90], 1, bases, random_state)
    rows = bases + random_state.uniform(0, 0.1, size=bases.shape)
    _, found = loss(rows)
    expected = approx_fprime(rows.ravel(), lambda flat: loss(flat.reshape(3, 64))[0], 1e-7)
    np.testing.assert_allclose(found.ravel(), expected, atol=2e-4 * np.abs(expected).max() + 1e-7)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_a_keras_network_is_attacked_as_a_perceptron_of_the_same_weights(attack):
    keras_victim = NetworkClassifier((9, 5), epochs=5, random_state=0).fit(*CLEAN)
    perceptron = MLPClassifier((9, 5), max_iter=1, random_state=0).fit(*CLEAN)
    weights = keras_victim.network_.weights
    perceptron.coefs_ = [*weights[0:4:2], np.diff(weights[4], axis=1)]
    perceptron.intercepts_ = [*weights[1:4:2], np.diff(weights[5])]
    settings = attack.get_params() | {"target": 3, "rate": 3, "random_state": 0}
    values, slopes, starts = [], [], []
    for victim in (keras_victim, perceptron):
        copy = type(attack)(**settings | {"estimator": FrozenEstimator(victim), "max_iter": 3})
        loss = copy._loss(*CLEAN[:1], (CLEAN[1] == 9).astype(int), X[90], 1, X[:3], None)
        value, slope = loss(X[:3] + 0.05)
        values.append(value), slopes.append(slope)
        copy.fit_resample(*CLEAN, *OWN)
        starts.append(copy.loss_path_[:2])
    np.testing.assert_allclose(*values, rtol=1e-4)
    np.testing.assert_allclose(*slopes, rtol=1e-3, atol=1e-5 * np.abs(slopes[1]).max())
    np.testing.assert_allclose(*starts, rtol=1e-3)


def test_the_wanted_gradient_is_that_of_the_victim_s_loss():
    """One less the cosine of gradients by finite differences of log-losses."""
    victim = LogisticRegression().fit(*CLEAN)
    attack = GradientMatchingAttack(
        FrozenEstimator(victim), target=3, epsilon=0.2, rate=5, random_state=0
    )
    made, bases = poison_and_bases(attack)
    code = int(attack.label_ == 9)

    def gradient(rows):
        def mean_loss(weights):
            logits = rows @ weights[:-1] + weights[-1]
            return np.mean(np.logaddexp(0, -logits if code else logits))

        return approx_fprime(np.append(victim.coef_[0], victim.intercept_), mean_loss, 1e-7)

    wanted = gradient(OWN[0][[3]])
    for rows, value in ((bases, attack.loss_path_[0]), (made, attack.loss_path_[-1])):
        own = gradient(rows)
        cosine = own @ wanted / np.linalg.norm(own) / np.linalg.norm(wanted)
        assert 1 - cosine == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize("strategy", ["collision", "bullseye"])
def test_targets_of_a_linear_victim_are_misclassified(strategy):
    victim, fooled = SVC(kernel="linear").fit(*CLEAN), []
    for target in np.flatnonzero(victim.predict(OWN[0]) == OWN[1])[:10]:
        attack = FeatureCollisionAttack(
            strategy=strategy, target=int(target), epsilon=0.5, rate=0.3, random_state=0
        )
        poisoned = SVC(kernel="linear").fit(*attack.fit_resample(*CLEAN, *OWN))
        fooled.append(poisoned.predict(OWN[0][[target]])[0] == attack.label_)
    assert np.mean(fooled) >= 0.5


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"target": 40}, ValueError, "target=40.*X_val, which has 40 rows"),
        ({"label": 7}, ValueError, "label=7 must be one of"),
        ({"label": OWN[1][0]}, ValueError, "the label that the target row has"),
        ({"estimator": SVC()}, TypeError, "MLPClassifier or NetworkClassifier, got SVC"),
        ({"epsilon": 0.0}, ValueError, "'epsilon' parameter"),
    ],
)
def test_impossible_settings_are_refused(settings, error, message):
    for attack in (FeatureCollisionAttack(rate=2), GradientMatchingAttack(rate=2)):
        with pytest.raises(error, match=message):
            attack.set_params(**settings).fit_resample(*CLEAN, *OWN)
