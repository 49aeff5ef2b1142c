"""CrossFittedCAEDetector."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

import skpoison.networks
from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import CrossFittedCAEDetector
from skpoison.detectors._class_reconstruction import ClassReconstruction

QUICK = {"epochs": 2, "cv": 3, "n_repeats": 2, "image_shape": (8, 8), "random_state": 0}


@pytest.fixture(scope="module")
def flipped(digits_pair):
    X, y = digits_pair
    attack = LabelFlipAttack(rate=0.25, random_state=0)
    X, y = attack.fit_resample(X[:160], y[:160])
    return X, (y == 8).astype(int), attack.poison_mask_


def test_rows_are_scored_by_the_networks_that_have_not_learnt_them(flipped, monkeypatch):
    X, y, _ = flipped
    trained = []
    train = skpoison.networks.train

    def spy(architecture, rows, *args, **kwargs):
        trained.append(
            ({row.tobytes() for row in rows}, train(architecture, rows, *args, **kwargs))
        )
        return trained[-1][1]

    monkeypatch.setattr(skpoison.networks, "train", spy)
    detector = CrossFittedCAEDetector(alpha=0.0, contamination=0.2, **QUICK).fit(X, y)
    assert len(trained) == 6

    log_odds = np.zeros((2, len(X)))  # a repeat, a row
    n_networks = np.zeros((2, len(X)), dtype=int)
    for number, (learnt, network) in enumerate(trained):
        probabilities = network.predict(X)[1].astype(float)
        unseen = np.array([row.tobytes() not in learnt for row in X])
        odds = probabilities[np.arange(len(X)), 1 - y] / probabilities[np.arange(len(X)), y]
        log_odds[number // 3] += np.where(unseen, np.log(odds), 0)
        n_networks[number // 3] += unseen
    assert (n_networks == 1).all()
    margins = log_odds.mean(axis=0)
    expected = -np.log1p(np.exp(margins / np.sqrt(np.mean(margins**2))))
    np.testing.assert_allclose(detector.training_scores_, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(detector.score_samples(X, y), expected, rtol=1e-4, atol=1e-6)


def test_reconstruction_under_each_label_is_that_of_its_principal_directions():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(40, 12)) * np.arange(1, 13)
    codes = np.where(np.arange(40) < 25, 0, 2)
    other = rng.normal(size=(7, 12))
    made = ClassReconstruction(X, codes, n_classes=3, n_components=2).errors(other)

    def residual(rows):
        centred = rows - rows.mean(axis=0)
        directions = np.linalg.svd(centred)[2][2:]  # all but the first two
        return (((other - rows.mean(axis=0)) @ directions.T) ** 2).sum(axis=1) / 12

    first, last = residual(X[:25]), residual(X[25:])
    expected = np.column_stack([first, np.maximum(first, last), last])  # no rows of the second
    np.testing.assert_allclose(made, expected)


def test_score_joins_both_margins(flipped):
    """Of two labels: minus the log-probability that a logistic curve gives the joint margin."""
    X, y, _ = flipped
    X, y, new, claimed = X[:150], y[:150], X[150:160], y[150:160]
    detector = CrossFittedCAEDetector(alpha=0.3, trimmed=False, contamination=0.2, **QUICK)
    detector.fit(X, y)
    rows, other = np.arange(10), 1 - claimed
    networks = [network for repeat in detector.networks_ for network in repeat.models]
    linear = [model for repeat in detector.reconstructions_ for model in repeat.models]
    class_margin, reconstruction_margin = np.zeros(10), np.zeros(10)
    for network, model in zip(networks, linear, strict=True):
        probabilities = network.predict(new)[1]
        errors = model.errors(new)
        class_margin += np.log(probabilities[rows, other] / probabilities[rows, claimed]) / 6
        reconstruction_margin += np.log(errors[rows, claimed] / errors[rows, other]) / 6
    by_reconstruction, by_class = detector.scales_
    joint = 0.3 * reconstruction_margin / by_reconstruction + 0.7 * class_margin / by_class
    close = {"rtol": 1e-4, "atol": 1e-6}  # of float32, near 0 too
    np.testing.assert_allclose(
        detector.score_samples(new, claimed), -np.log1p(np.exp(joint)), **close
    )
    np.testing.assert_allclose(
        detector.score_samples(new, other), -np.log1p(np.exp(-joint)), **close
    )


def test_flipped_labels_are_found_and_reconstruction_gains_by_leaving_them_out(flipped):
    X, y, poison = flipped
    settings = {"alpha": 1.0, "n_repeats": 1, "image_shape": (8, 8), "random_state": 0}
    trimmed = CrossFittedCAEDetector(**settings).fit(X, y)
    trusting = CrossFittedCAEDetector(trimmed=False, **settings).fit(X, y)
    scores = [roc_auc_score(poison, -d.training_scores_) for d in (trimmed, trusting)]
    assert scores[0] > scores[1]

    both = CrossFittedCAEDetector(**settings | {"alpha": 0.5, "n_repeats": 2})
    assert f1_score(poison, both.fit_predict(X, y) == -1) > 0.9
    low, high = both.contamination_interval_
    assert low < 0.2 < high


def test_clean_rows_are_left_alone(flipped):
    X, y, poison = flipped
    detector = CrossFittedCAEDetector(n_repeats=2, image_shape=(8, 8), random_state=0)
    assert (detector.fit_predict(X[~poison], y[~poison]) == 1).all()
    assert detector.contamination_ == 0


def test_flips_among_overlapping_classes():
    """Those deep in either class give the flips away; rows of the overlap alone do not."""
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1], 60)
    X = rng.normal(size=(120, 4)) + 3 * np.outer(y, [1, 0, 0, 0])
    detector = CrossFittedCAEDetector(n_repeats=3, random_state=0)
    assert (detector.fit_predict(X, y) == 1).all()
    attack = LabelFlipAttack(rate=0.3, random_state=0)
    X, y = attack.fit_resample(X, y)
    flagged = detector.fit_predict(X, y) == -1
    assert flagged[attack.poison_mask_].mean() > 0.5 > flagged.mean()


def test_little_poison_is_found(flipped):
    X, y, poison = flipped
    rows = np.append(np.flatnonzero(~poison), np.flatnonzero(poison)[:8])
    detector = CrossFittedCAEDetector(n_repeats=1, image_shape=(8, 8), random_state=0)
    flagged = detector.fit_predict(X[rows], y[rows]) == -1
    assert flagged[-8:].all() and flagged.sum() < 12


def test_a_single_class_is_scored_by_its_neighbours(flipped):
    X, _, _ = flipped
    detector = CrossFittedCAEDetector(image_shape=(8, 8), random_state=0).fit(X[:50])
    distances = np.sort(np.linalg.norm(X[:50, np.newaxis] - X[:50], axis=2), axis=1)
    scores = detector.training_class_scores_
    np.testing.assert_allclose(scores, distances[:, 1:6].mean(axis=1, keepdims=True))
    np.testing.assert_array_equal(np.argsort(-detector.training_scores_), np.argsort(scores[:, 0]))
    assert (detector.predict(X[:50]) == 1).all() and detector.history_ == {}


def test_a_class_of_one_row():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(31, 3)), np.append(np.arange(30) % 2, 2)
    detector = CrossFittedCAEDetector(epochs=1, n_repeats=1, random_state=0).fit(X, y)
    assert np.isfinite(detector.training_scores_).all()
    np.testing.assert_allclose(detector.score_samples(X, y), detector.training_scores_, rtol=1e-6)


@pytest.mark.parametrize("params", [{"cv": 1}, {"n_repeats": 0}, {"n_components": 0}])
def test_parameters_out_of_range(params, flipped):
    X, y, _ = flipped
    with pytest.raises(ValueError, match=next(iter(params))):
        CrossFittedCAEDetector(**params).fit(X, y)
