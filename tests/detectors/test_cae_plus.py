"""CAEPlusDetector, cross-fitted."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

import skpoison.networks
from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import CAEPlusDetector
from skpoison.detectors._class_reconstruction import ClassReconstruction
from skpoison.thresholds import contradiction_cut
from skpoison.utils import make_estimator

QUICK = {"epochs": 2, "n_folds": 3, "n_repeats": 2, "image_shape": (8, 8), "random_state": 0}


@pytest.fixture(scope="module")
def flipped(digits_pair):
    X, y = digits_pair
    attack = LabelFlipAttack(rate=0.25, random_state=0)
    X, y = attack.fit_resample(X[:160], y[:160])
    return X, (y == 8).astype(int), attack.poison_mask_


def test_the_paper_is_a_set_of_parameters(flipped):
    X, y, _ = flipped
    paper = {
        "alpha": 0.66,
        "n_folds": None,
        "epochs": (300, 100),
        "validation_split": 0.1,
        "contamination": "mixture",
    }
    detector = CAEPlusDetector.from_paper(image_shape=(8, 8), random_state=0)
    assert {name: detector.get_params()[name] for name in paper} == paper
    assert make_estimator("detector", "cae+").get_params() == CAEPlusDetector(**paper).get_params()

    quick = {"image_shape": (8, 8), "epochs": (3, 2), "random_state": 0}
    made = CAEPlusDetector.from_paper(**quick).fit(X, y)
    expected = CAEPlusDetector(**paper | quick).fit(X, y)
    np.testing.assert_array_equal(made.training_scores_, expected.training_scores_)
    assert made.offset_ == expected.offset_


def test_rows_are_judged_by_the_networks_that_have_not_learnt_them(flipped, monkeypatch):
    X, y, _ = flipped
    trained = []
    train = skpoison.networks.train

    def spy(architecture, rows, *args, **kwargs):
        trained.append(
            ({row.tobytes() for row in rows}, train(architecture, rows, *args, **kwargs))
        )
        return trained[-1][1]

    monkeypatch.setattr(skpoison.networks, "train", spy)
    detector = CAEPlusDetector(alpha=0.0, **QUICK).fit(X, y)
    assert len(trained) == 6

    log_odds = np.zeros((2, len(X)))  # a repeat, a row
    n_judges = np.zeros((2, len(X)), dtype=int)
    for number, (learnt, network) in enumerate(trained):
        probabilities = network.predict(X)[1].astype(float)
        unseen = np.array([row.tobytes() not in learnt for row in X])
        odds = probabilities[np.arange(len(X)), 1 - y] / probabilities[np.arange(len(X)), y]
        log_odds[number // 3] += np.where(unseen, np.log(odds), 0)
        n_judges[number // 3] += unseen
    assert (n_judges == 1).all()
    margins = log_odds.mean(axis=0)
    expected = -margins / np.linalg.norm(margins)
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


def test_suspicion_joins_both_margins(flipped):
    X, y, _ = flipped
    X, y, new, claimed = X[:150], y[:150], X[150:160], y[150:160]
    detector = CAEPlusDetector(alpha=0.3, trimmed=False, **QUICK).fit(X, y)
    rows, other = np.arange(10), 1 - claimed
    networks = [network for judges in detector.judges_ for network in judges.models]
    linear = [model for judges in detector.reconstruction_judges_ for model in judges.models]
    class_margin, reconstruction_margin = np.zeros(10), np.zeros(10)
    for network, model in zip(networks, linear, strict=True):
        probabilities = network.predict(new)[1]
        errors = model.errors(new)
        class_margin += np.log(probabilities[rows, other] / probabilities[rows, claimed]) / 6
        reconstruction_margin += np.log(errors[rows, claimed] / errors[rows, other]) / 6
    by_reconstruction, by_class = detector.norms_
    expected = 0.3 * reconstruction_margin / by_reconstruction + 0.7 * class_margin / by_class
    close = {"rtol": 1e-4, "atol": 1e-6}  # of float32, near 0 too
    np.testing.assert_allclose(-detector.score_samples(new, claimed), expected, **close)
    # the same margin from the other side
    np.testing.assert_allclose(detector.score_samples(new, other), expected, **close)


def test_flipped_labels_are_found_and_reconstruction_gains_by_leaving_them_out(flipped):
    X, y, poison = flipped
    settings = {"alpha": 1.0, "n_repeats": 1, "image_shape": (8, 8), "random_state": 0}
    trimmed = CAEPlusDetector(**settings).fit(X, y)
    trusting = CAEPlusDetector(trimmed=False, **settings).fit(X, y)
    scores = [roc_auc_score(poison, -d.training_scores_) for d in (trimmed, trusting)]
    assert scores[0] > scores[1]

    both = CAEPlusDetector(**settings | {"alpha": 0.5, "n_repeats": 2})
    assert f1_score(poison, both.fit_predict(X, y) == -1) > 0.9
    low, high = both.contamination_interval_
    assert low < 0.2 < high


def test_clean_rows_are_left_alone(flipped):
    X, y, poison = flipped
    detector = CAEPlusDetector(n_repeats=2, image_shape=(8, 8), random_state=0)
    assert (detector.fit_predict(X[~poison], y[~poison]) == 1).all()
    assert detector.contamination_ == 0


def test_flips_among_overlapping_classes():
    """Those deep in either class are contradicted with confidence, so all contradicted rows go."""
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1], 60)
    X = rng.normal(size=(120, 4)) + 2.2 * np.outer(y, [1, 0, 0, 0])
    detector = CAEPlusDetector(n_repeats=1, random_state=0)
    assert (detector.fit_predict(X, y) == 1).all()
    attack = LabelFlipAttack(rate=0.3, random_state=0)
    X, y = attack.fit_resample(X, y)
    flagged = detector.fit_predict(X, y) == -1
    np.testing.assert_array_equal(flagged, detector.training_scores_ < 0)
    assert flagged[attack.poison_mask_].mean() > 0.5 > flagged.mean()


def test_little_poison_is_cut_off_at_its_mirror_image(flipped):
    """One flip in 20 rows is too little for the other cut."""
    X, y, poison = flipped
    rows = np.append(np.flatnonzero(~poison), np.flatnonzero(poison)[:8])
    detector = CAEPlusDetector(n_repeats=1, image_shape=(8, 8), random_state=0)
    flagged = detector.fit_predict(X[rows], y[rows]) == -1
    assert contradiction_cut(-detector.training_scores_).contamination == 0
    assert flagged[-8:].all() and flagged.sum() < 12


def test_a_class_of_one_row():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(31, 3)), np.append(np.arange(30) % 2, 2)
    detector = CAEPlusDetector(epochs=1, n_repeats=1, random_state=0).fit(X, y)
    assert np.isfinite(detector.training_scores_).all()
    np.testing.assert_allclose(detector.score_samples(X, y), detector.training_scores_, rtol=1e-6)


@pytest.mark.parametrize("params", [{"n_folds": 1}, {"n_repeats": 0}, {"n_components": 0}])
def test_parameters_out_of_range(params, flipped):
    X, y, _ = flipped
    with pytest.raises(ValueError, match=next(iter(params))):
        CAEPlusDetector(**params).fit(X, y)
