"""SecML's attacks as samplers: in the environment of SecML, which is none of the others'."""

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.svm import SVC

from skpoison.attacks import SecMLAttack
from skpoison.utils import all_estimators

HAS_SECML = find_spec("secml") is not None
needs_secml = pytest.mark.skipif(not HAS_SECML, reason="SecML is not installed here")
# The largest steps of SecML's own tutorials, so that the tests are short.
FAST = {"eta": 0.25, "eta_min": 2.0, "max_iter": 20, "eps": 1e-6}


def hinge(margin):
    return np.maximum(0, 1 - margin)


def log_in_bits(margin):
    return np.log1p(np.exp(-margin)) / np.log(2)


def squared(margin):
    return (1 - margin) ** 2


@pytest.fixture(scope="module")
def rows(digits_pair):
    X, y = digits_pair
    labels = np.where(y == 3, "three", "eight")
    return X[:60], labels[:60], X[60:160], labels[60:160]


@pytest.mark.skipif(HAS_SECML, reason="SecML is installed here")
def test_missing_package_is_named_with_the_way_to_install_it(rows):
    X, y, *_ = rows
    with pytest.raises(ImportError, match=r"pip install .*secml==0\.15\.6"):
        SecMLAttack(rate=2).fit_resample(X, y)


@pytest.mark.skipif(HAS_SECML, reason="SecML is installed here")
def test_discovery_leaves_it_out_where_it_cannot_run():
    assert "SecMLAttack" not in dict(all_estimators("attack"))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"estimator": RandomForestClassifier()}, "SecML attacks SVC, LogisticRegression"),
        ({"estimator": SVC(kernel="sigmoid")}, "kernel='sigmoid'.*linear"),
        ({"estimator": SVC(class_weight="balanced")}, "class_weight='balanced'"),
        ({"bounds": (1, 0)}, r"bounds=\(1, 0\).*low not above high"),
        ({"bounds": (0, [1, 2])}, "bounds=.*shape"),
    ],
)
def test_bad_parameters_are_refused_before_secml_is_imported(rows, params, message):
    X, y, *_ = rows
    with pytest.raises(ValueError, match=message):
        SecMLAttack(**params).fit_resample(X, y)


@needs_secml
@pytest.mark.filterwarnings("ignore:'n_jobs' has no effect:FutureWarning")  # SecML passes it
@pytest.mark.parametrize(
    ("victim", "loss"),
    [
        (SVC(kernel="linear"), hinge),
        (SVC(gamma=0.1), hinge),
        (SVC(kernel="poly", degree=2, gamma=0.1, coef0=1), hinge),
        (LogisticRegression(solver="liblinear"), log_in_bits),
        (RidgeClassifier(), squared),
    ],
    ids=["linear", "rbf", "poly", "logistic", "ridge"],
)
def test_reported_objective_is_that_of_the_victim_retrained_by_scikit_learn(rows, victim, loss):
    X, y, X_val, y_val = rows
    attack = SecMLAttack(victim, rate=3, solver_params=FAST, random_state=0)
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)

    def objective(X, y):
        margin = victim.fit(X, y).decision_function(X_val) * np.where(y_val == "three", 1, -1)
        return loss(margin).mean()

    assert attack.objective_path_[-1] == pytest.approx(objective(X_out, y_out), rel=1e-6)
    assert objective(X_out, y_out) > objective(X, y)
    assert X_out.min() >= 0 and X_out.max() <= 1
    sources = attack.sample_indices_[attack.poison_mask_]
    assert (y_out[attack.poison_mask_] != y[sources]).all()


@needs_secml
def test_labels_are_kept_and_global_randomness_left_alone(rows):
    X, y, X_val, y_val = rows
    attack = SecMLAttack(labels="keep", rate=3, solver_params=FAST, random_state=0)
    before = np.random.get_state()[1].copy()
    X_out, _y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert (attack.sample_indices_[attack.poison_mask_] == -1).all()
    again = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    np.testing.assert_array_equal(X_out, again[0])


@needs_secml
@pytest.mark.parametrize("labels", ["flip", "keep"])
def test_of_many_classes_each_row_attacks_one_pair(labels):
    rng = np.random.RandomState(0)
    y = np.repeat(["a", "b", "c"], 20)
    X = rng.uniform(size=(60, 4)) / 2 + np.repeat([0.0, 0.25, 0.5], 20)[:, None]
    attack = SecMLAttack(labels=labels, rate=6, solver_params=FAST, random_state=0)
    X_out, y_out = attack.fit_resample(X, y, X_val=X, y_val=y)
    assert set(y_out) == set(y)
    assert (X_out[-6:].max(axis=0) <= X.max()).all() and (X_out[-6:] >= X.min()).all()
    victim = SVC(kernel="linear")
    assert victim.fit(X_out, y_out).score(X, y) <= victim.fit(X, y).score(X, y)


@needs_secml
def test_scikit_learn_and_imbalanced_learn_checks():
    from imblearn.utils.estimator_checks import (
        check_samplers_fit_resample,
        check_samplers_preserve_dtype,
    )
    from sklearn.utils.estimator_checks import check_estimator

    attack = SecMLAttack(rate=2, solver_params=FAST, random_state=0)
    check_estimator(attack)
    check_samplers_fit_resample("SecMLAttack", attack)
    check_samplers_preserve_dtype("SecMLAttack", attack)


@needs_secml
def test_any_attack_of_secml_can_be_given(rows):
    from secml.adv.attacks.poisoning import CAttackPoisoningSVM
    from secml.ml.classifiers import CClassifierSVM

    def one_feature_at_a_time(train, val):
        victim = CClassifierSVM(C=10, kernel="linear")
        victim.fit(train.X, train.Y)
        return CAttackPoisoningSVM(
            victim, training_data=train, val=val, distance="l1", solver_params=FAST
        )

    X, y, X_val, y_val = rows
    attack = SecMLAttack(attack=one_feature_at_a_time, rate=2, random_state=0)
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    victim = SVC(kernel="linear", C=10).fit(X_out, y_out)
    margin = victim.decision_function(X_val) * np.where(y_val == "three", 1, -1)
    assert attack.objective_path_[-1] == pytest.approx(hinge(margin).mean(), rel=1e-6)


@pytest.mark.skipif(
    HAS_SECML or "SKPOISON_SECML_PYTHON" not in os.environ,
    reason="SKPOISON_SECML_PYTHON names no interpreter that has SecML and pytest",
)
def test_all_of_this_in_the_interpreter_that_has_secml(tmp_path):
    root = Path(__file__).parents[2]
    found = subprocess.run(
        [os.environ["SKPOISON_SECML_PYTHON"], "-m", "pytest", "-o", "filterwarnings=", __file__],
        env=os.environ | {"SECML_HOME_DIR": str(tmp_path), "PYTHONPATH": str(root)},
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout
    assert "15 passed, 3 skipped" in found.stdout
