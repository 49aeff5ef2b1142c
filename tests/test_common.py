"""The checks that every estimator of the library passes; estimators are found by discovery."""

import copy
import pickle
import random
import subprocess
import sys

import joblib
import keras
import numpy as np
import pytest
from imblearn.utils.estimator_checks import parametrize_with_checks as parametrize_sampler_checks
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from skpoison.detectors import CAEPlusDetector, CentroidDetector
from skpoison.filtering import PoisonFilter
from skpoison.utils import all_estimators, make_estimator, short_names

# Settings that keep the checks short; none of them changes what is checked.
QUICK = {
    "block_size": 32,
    "detector": CentroidDetector(contamination=0.1),
    "epochs": 3,
    "max_iter": 3,
    "n_repeats": 1,
    "n_rounds": 2,
    "rate": 5,
    "random_state": 0,
}


def quick(estimator):
    """Make an estimator of this class with settings that keep the checks short."""
    accepted = estimator._get_param_names()
    return estimator(**{key: value for key, value in QUICK.items() if key in accepted})


ATTACKS = [quick(attack) for _, attack in all_estimators("attack")]
DETECTORS = [quick(detector) for _, detector in all_estimators("detector")]
# scikit-learn's checks ask for outliers among any three blobs; "auto" flags none without evidence.
FLAGGING = [clone(detector).set_params(contamination=0.1) for detector in DETECTORS]
FILTER = PoisonFilter(quick(CAEPlusDetector))
# PyTorch's training steps may differ in the last bit between two fits with one seed.
REFIT = {"rtol": 1e-5 if keras.backend.backend() == "torch" else 0}
OTHERS = [quick(other) for _, other in all_estimators("other") if other is not PoisonFilter]


@parametrize_with_checks([*ATTACKS, *FLAGGING, *OTHERS, FILTER])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@parametrize_sampler_checks([*ATTACKS, FILTER])
def test_imbalanced_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("injection", ["append", "replace"])
def test_attack_contract(attack, injection, digits_pair):
    X, y = digits_pair
    labels = np.where(y == 3, "three", "eight")
    X_train, y_train = X[:60], labels[:60]
    attack = clone(attack).set_params(rate=0.2, injection=injection)
    X_out, y_out = attack.fit_resample(X_train, y_train, X_val=X[60:160], y_val=labels[60:160])

    clean = ~attack.poison_mask_
    kept = attack.sample_indices_[clean]
    assert attack.poison_mask_.sum() == 12
    assert len(X_out) == (72 if injection == "append" else 60)
    assert not attack.poison_mask_[: clean.sum()].any()
    assert (np.diff(kept) > 0).all()
    np.testing.assert_array_equal(X_out[clean], X_train[kept])
    np.testing.assert_array_equal(y_out[clean], y_train[kept])
    assert set(y_out) <= {"three", "eight"}
    assert y_out.dtype == y_train.dtype
    assert X_out.min() >= 0 and X_out.max() <= 1
    if hasattr(attack, "objective_path_"):  # the best so far, from the starting rows on
        assert (np.diff(attack.objective_path_) >= 0).all()

    again = clone(attack).fit_resample(X_train, y_train, X_val=X[60:160], y_val=labels[60:160])
    np.testing.assert_array_equal(X_out, again[0])
    np.testing.assert_array_equal(y_out, again[1])


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda e: type(e).__name__)
def test_no_poison_at_rate_zero(attack, digits_pair):
    X, y = digits_pair
    attack = clone(attack).set_params(rate=0.0)
    X_out, y_out = attack.fit_resample(X, y)
    np.testing.assert_array_equal(X_out, X)
    np.testing.assert_array_equal(y_out, y)
    assert not attack.poison_mask_.any()


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda e: type(e).__name__)
def test_detector_contract(detector, digits_pair):
    X, y = digits_pair
    labels = np.where(y == 3, "three", "eight")
    detector = clone(detector).fit(X, labels)
    scores = detector.score_samples(X, labels)
    assert list(detector.classes_) == ["eight", "three"]
    np.testing.assert_allclose(scores, detector.training_scores_, rtol=1e-5, atol=1e-7)
    decision = detector.decision_function(X, labels)
    np.testing.assert_allclose(decision, scores - detector.offset_)
    np.testing.assert_array_equal(detector.predict(X, labels) == 1, decision >= 0)

    under_each = [detector.score_samples(X, np.full(len(X), label)) for label in detector.classes_]
    np.testing.assert_allclose(
        detector.score_samples(X), np.max(under_each, axis=0), rtol=1e-5, atol=1e-7
    )

    with pytest.warns(UserWarning, match="not seen in fit.*nine"):
        assert detector.predict(X[:1], ["nine"]) == -1


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda e: type(e).__name__)
def test_fitting_twice_gives_equal_scores_and_leaves_global_randomness_alone(detector, digits_pair):
    X, y = digits_pair
    numpy_state, python_state = np.random.get_state()[1].copy(), random.getstate()
    first = clone(detector).fit(X, y)
    second = clone(detector).fit(X, y)
    np.testing.assert_allclose(first.training_scores_, second.training_scores_, **REFIT)
    np.testing.assert_allclose(first.offset_, second.offset_, **REFIT)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
    assert random.getstate() == python_state


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda e: type(e).__name__)
def test_fitted_detector_survives_copies(detector, digits_pair, tmp_path):
    X, y = digits_pair
    detector = clone(detector).fit(X, y)
    joblib.dump(detector, tmp_path / "detector.joblib")
    copies = [
        pickle.loads(pickle.dumps(detector)),
        copy.deepcopy(detector),
        joblib.load(tmp_path / "detector.joblib"),
    ]
    expected = detector.score_samples(X, y)
    for other in copies:
        np.testing.assert_array_equal(other.score_samples(X, y), expected)
    assert type(detector).__name__ in detector._repr_html_()
    assert not hasattr(clone(detector), "offset_")


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda e: type(e).__name__)
def test_images_and_their_flattened_rows_are_judged_alike(detector, digits_pair):
    X, y = digits_pair
    images = X.reshape(-1, 8, 8, 1)
    flattened = clone(detector)
    if "image_shape" in detector.get_params():
        flattened.set_params(image_shape=(8, 8, 1))
    np.testing.assert_allclose(
        clone(detector).fit(images, y).score_samples(images, y),
        flattened.fit(X, y).score_samples(X, y),
        **REFIT,
    )


def test_short_names_are_those_of_the_design():
    assert {"flipping", "optimal", "semi-optimal", "mixed"} <= set(short_names("attack"))
    assert {"rae", "cae", "cae+", "magnet", "centroid", "knn"} <= set(short_names("detector"))
    attack = make_estimator("attack", "semi-optimal", rate=3, image_shape=(8, 8, 1))
    assert attack.labels == "keep" and attack.rate == 3
    with pytest.raises(ValueError, match="Did you mean 'optimal'"):
        make_estimator("attack", "optimall")


def test_importing_attacks_imports_no_keras():
    code = (
        "import sys, skpoison, skpoison.attacks;"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
