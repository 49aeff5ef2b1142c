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
    assert attack.y_target_ != OWN[1][3] and (Y[sources] == attack.y_target_).all()
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
    model = attack._model(CLEAN[0], (CLEAN[1] == 9).astype(int), random_state)
    loss = attack._loss(model, X[90], 1, bases)
    rows = bases + random_state.uniform(0, 0.1, size=bases.shape)
    _, found = loss(rows)
    expected = approx_fprime(rows.ravel(), lambda flat: loss(flat.reshape(3, 64))[0], 1e-7)
    np.testing.assert_allclose(found.ravel(), expected, atol=2e-4 * np.abs(expected).max() + 1e-7)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_a_keras_network_is_attacked_as_a_perceptron_of_the_same_weights(attack):
    labels = np.arange(80) % 3
    keras_victim = NetworkClassifier((9, 5), epochs=5, random_state=0).fit(CLEAN[0], labels)
    perceptron = MLPClassifier((9, 5), max_iter=1, random_state=0).fit(CLEAN[0], labels)
    weights = keras_victim.network_.weights
    perceptron.coefs_, perceptron.intercepts_ = weights[::2], weights[1::2]
    values, slopes = [], []
    for victim in (keras_victim, perceptron):
        copy = type(attack)(**attack.get_params() | {"estimator": FrozenEstimator(victim)})
        loss = copy._loss(copy._model(CLEAN[0], labels, None), X[90], 2, X[:70])
        value, slope = loss(X[:70] + 0.05)
        values.append(value), slopes.append(slope)
    np.testing.assert_allclose(*values, rtol=1e-4)
    np.testing.assert_allclose(*slopes, rtol=1e-3, atol=1e-4 * np.abs(slopes[1]).max())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "victim",
    [LogisticRegression(), MLPClassifier((4,), activation="tanh", max_iter=50, random_state=0)],
    ids=["linear", "perceptron"],
)
def test_what_is_matched_is_the_gradient_of_the_victim_s_loss(victim):
    """One less the cosine of gradients by finite differences of log-losses, of all parameters."""
    victim.fit(*CLEAN)
    attack = GradientMatchingAttack(
        FrozenEstimator(victim), target=3, epsilon=0.2, rate=5, random_state=0
    )
    made, bases = poison_and_bases(attack)
    code = int(attack.y_target_ == 9)
    if isinstance(victim, LogisticRegression):
        parts = [victim.coef_.T, victim.intercept_]
    else:
        parts = [*victim.coefs_, *victim.intercepts_]
    n_layers = (len(parts) + 1) // 2
    layers = [(0, 1)] if n_layers == 1 else [(0, 2), (1, 3)]

    def gradient(rows):
        def mean_loss(values):
            ends = np.cumsum([part.size for part in parts])[:-1]
            own = [v.reshape(p.shape) for v, p in zip(np.split(values, ends), parts, strict=True)]
            hidden = rows
            for number, (weights, bias) in enumerate(layers):
                hidden = (np.tanh(hidden) if number else hidden) @ own[weights] + own[bias]
            return np.mean(np.logaddexp(0, -hidden if code else hidden))

        return approx_fprime(np.concatenate([part.ravel() for part in parts]), mean_loss, 1e-7)

    wanted = gradient(OWN[0][[3]])
    for rows, value in ((bases, attack.loss_path_[0]), (made, attack.loss_path_[-1])):
        own = gradient(rows)
        cosine = own @ wanted / np.linalg.norm(own) / np.linalg.norm(wanted)
        assert 1 - cosine == pytest.approx(value, abs=1e-3)


def test_gradients_are_matched_by_the_rows_that_the_victim_is_least_sure_of():
    victim = LogisticRegression().fit(*CLEAN)
    attack = GradientMatchingAttack(FrozenEstimator(victim), target=3, rate=5, random_state=0)
    attack.fit_resample(*CLEAN, *OWN)
    sure = victim.predict_proba(CLEAN[0])[:, int(attack.y_target_ == 9)]
    of_label = np.flatnonzero(CLEAN[1] == attack.y_target_)
    chosen = attack.sample_indices_[attack.poison_mask_]
    assert set(chosen) == set(of_label[np.argsort(sure[of_label])[:5]])


@pytest.mark.parametrize("strategy", ["collision", "bullseye"])
def test_targets_of_a_linear_victim_are_misclassified(strategy):
    victim, fooled = SVC(kernel="linear").fit(*CLEAN), []
    for target in np.flatnonzero(victim.predict(OWN[0]) == OWN[1])[:10]:
        attack = FeatureCollisionAttack(
            strategy=strategy, target=int(target), epsilon=0.5, rate=0.3, random_state=0
        )
        poisoned = SVC(kernel="linear").fit(*attack.fit_resample(*CLEAN, *OWN))
        fooled.append(poisoned.predict(OWN[0][[target]])[0] == attack.y_target_)
    assert np.mean(fooled) >= 0.5


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"target": 40}, ValueError, "target=40.*X_val, which has 40 rows"),
        ({"y_target": 7}, ValueError, "y_target=7 is no label of y"),
        ({"y_target": OWN[1][0]}, ValueError, "the label that the target row has"),
        ({"estimator": SVC()}, TypeError, "MLPClassifier or NetworkClassifier, got SVC"),
        ({"epsilon": 0.0}, ValueError, "'epsilon' parameter"),
    ],
)
def test_impossible_settings_are_refused(settings, error, message):
    for attack in (FeatureCollisionAttack(rate=2), GradientMatchingAttack(rate=2)):
        with pytest.raises(error, match=message):
            attack.set_params(**settings).fit_resample(*CLEAN, *OWN)
