"""The checks that every estimator of the library passes; estimators are found by discovery."""

import copy
import os
import pickle
import random
from importlib.util import find_spec

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.utils.estimator_checks import parametrize_with_checks as parametrize_sampler_checks
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from skpoison.attacks import LabelFlipAttack, MixedAttack
from skpoison.detectors import CentroidDetector, DataOOBDetector
from skpoison.filtering import PoisonFilter
from skpoison.persistence import load, save
from skpoison.utils import all_estimators, make_estimator, short_names
from tests.quick import quick

ATTACKS = [quick(attack) for _, attack in all_estimators("attack")]
DETECTORS = [quick(detector) for _, detector in all_estimators("detector")]
# scikit-learn's checks ask for outliers among any three blobs; "auto" flags none without evidence.
FLAGGING = [clone(detector).set_params(contamination=0.1) for detector in DETECTORS]
FILTER = PoisonFilter(quick(CentroidDetector))
# PyTorch's training steps may differ in the last bit between two fits with one seed.
REFIT = {"rtol": 1e-5 if os.environ.get("KERAS_BACKEND") == "torch" else 0}
OTHERS = [quick(other) for _, other in all_estimators("other") if other is not PoisonFilter]
LEARNERS = [quick(learner) for _, learner in all_estimators("learner")]
REGRESSION_ATTACKS = [quick(attack) for _, attack in all_estimators("regression attack")]
REGRESSION_DETECTORS = [
    quick(detector).set_params(contamination=0.1)
    for _, detector in all_estimators("regression detector")
]


@pytest.mark.filterwarnings("ignore:.*(judges labels, but|without the truth):UserWarning")
@parametrize_with_checks(
    [
        *ATTACKS,
        *REGRESSION_ATTACKS,
        *FLAGGING,
        *REGRESSION_DETECTORS,
        *LEARNERS,
        *OTHERS,
        FILTER,
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@parametrize_sampler_checks([*ATTACKS, FILTER])
def test_imbalanced_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("injection", ["append", "replace"])
def test_attack_contract(attack, injection, digits_pair, tmp_path):
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

    save(attack, tmp_path / "attack.skpoison")
    saved = load(tmp_path / "attack.skpoison")
    np.testing.assert_array_equal(saved.poison_mask_, attack.poison_mask_)
    np.testing.assert_array_equal(saved.sample_indices_, attack.sample_indices_)

    again = clone(attack).fit_resample(X_train, y_train, X_val=X[60:160], y_val=labels[60:160])
    np.testing.assert_array_equal(X_out, again[0])
    np.testing.assert_array_equal(y_out, again[1])


@pytest.mark.parametrize("attack", REGRESSION_ATTACKS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("injection", ["append", "replace"])
def test_regression_attack_contract(attack, injection):
    rng = np.random.RandomState(0)
    X = pd.DataFrame(
        rng.normal(size=(60, 3)), columns=list("abc"), index=[f"r{i}" for i in range(60)]
    )
    y = pd.Series(X["a"] - X["b"] + 0.1 * rng.normal(size=60), name="price")
    before = X.copy(), y.copy()
    attack = clone(attack).set_params(rate=0.2, injection=injection)
    X_out, y_out = attack.fit_resample(X, y)

    clean = ~attack.poison_mask_
    kept = attack.sample_indices_[clean]
    assert attack.poison_mask_.sum() == 12 and not attack.poison_mask_[: clean.sum()].any()
    assert len(X_out) == len(y_out) == (72 if injection == "append" else 60)
    pd.testing.assert_frame_equal(X_out[clean], X.iloc[kept])
    pd.testing.assert_series_equal(y_out[clean], y.iloc[kept])
    assert list(X_out.index) == list(y_out.index)
    assert (X_out.max() <= X.max()).all() and (X_out.min() >= X.min()).all()
    assert y_out.between(y.min(), y.max()).all()
    pd.testing.assert_frame_equal(X, before[0])
    pd.testing.assert_series_equal(y, before[1])
    again = clone(attack).fit_resample(X, y)
    pd.testing.assert_frame_equal(X_out, again[0])
    pd.testing.assert_series_equal(y_out, again[1])

    with pytest.raises(ValueError, match=r"y must hold one finite number.*such as 'x'"):
        clone(attack).fit_resample(X, ["x"] * 60)


@pytest.mark.parametrize("attack", REGRESSION_ATTACKS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(
    "container", [list, np.float32, lambda y: np.round(y).astype(np.int16), pl.Series, pd.Series]
)
def test_targets_come_back_as_they_went_in(attack, container):
    rng = np.random.RandomState(0)
    X, values = rng.normal(size=(40, 3)), 20 * rng.normal(size=40)
    y = container(values)
    X_out, y_out = clone(attack).set_params(rate=0.0).fit_resample(X, y)
    np.testing.assert_array_equal(X_out, X)
    np.testing.assert_array_equal(y_out, y)
    _, y_out = clone(attack).set_params(rate=4).fit_resample(X, y, X_val=X[:9], y_val=y[:9])
    assert type(y_out) is type(y) and len(y_out) == 44
    assert getattr(y_out, "dtype", None) == getattr(y, "dtype", None)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda e: type(e).__name__)
def test_no_poison_at_rate_zero(attack, digits_pair):
    X, y = digits_pair
    attack = clone(attack).set_params(rate=0.0)
    X_out, y_out = attack.fit_resample(X, y)
    np.testing.assert_array_equal(X_out, X)
    np.testing.assert_array_equal(y_out, y)
    assert not attack.poison_mask_.any()


NAMES = pd.DataFrame({"name": [f"n{i}" for i in range(24)]})
NUMBERS = np.random.RandomState(0).uniform(size=(24, 4))
ROWS_BY_TAG = {
    "two_d_array": NUMBERS,
    "three_d_array": NUMBERS.reshape(-1, 2, 2),
    "sparse": sparse.csr_array(NUMBERS),
    "string": NAMES,
    "categorical": NAMES.astype("category"),
    "allow_nan": np.where(NUMBERS > 0.9, np.nan, NUMBERS),
}


@pytest.mark.filterwarnings("ignore:.*did not move")
@pytest.mark.parametrize("tag", ROWS_BY_TAG)
@pytest.mark.parametrize(
    "attack",
    [
        *ATTACKS,
        MixedAttack([("flips", LabelFlipAttack(), 1)]),
    ],
    ids=lambda e: type(e).__name__,
)
def test_tags_say_what_rows_an_attack_takes(attack, tag):
    X, y = ROWS_BY_TAG[tag], np.repeat(["three", "eight"], 12)
    if getattr(get_tags(attack).input_tags, tag):
        X_out, _ = clone(attack).fit_resample(X, y)
        assert type(X_out) is type(X) and X_out.shape[1:] == X.shape[1:]
    else:
        with pytest.raises((ValueError, TypeError), match="works on numbers"):
            clone(attack).fit_resample(X, y)


RNG = np.random.RandomState(1)
COLUMNS = np.round(RNG.normal(size=(40, 4)) + np.repeat([[0], [4]], 20, axis=0), 2)
MIXED = pd.DataFrame(COLUMNS, columns=list("abcd")).assign(
    kind=["ham", "spam", "eggs", None] * 10,
    day=pd.date_range("2024-02-20", periods=40),
    size=pd.Categorical(["S", "M"] * 20),
)
MIXED.loc[3, "a"] = np.nan
SAME_ROWS = {
    "float32": lambda X: X.astype(np.float32),
    "big-endian": lambda X: X.astype(">f8"),
    "objects": lambda X: X.astype(object),
    "list": lambda X: X.tolist(),
    "images": lambda X: X.reshape(-1, 2, 2),
    "pandas": lambda X: pd.DataFrame(X, index=[f"row {i}" for i in range(len(X))]),
    "nullable": lambda X: pd.DataFrame(X, columns=list("abcd")).astype("Float64"),
    "arrow": lambda X: pd.DataFrame(X, columns=list("abcd")).astype("double[pyarrow]"),
    "polars": lambda X: pl.DataFrame(X, schema=list("abcd")),
    "sparse": sparse.csc_array,
}
HARD_ROWS = {
    "mixed pandas": MIXED,
    "mixed polars": pl.from_pandas(MIXED),
    "mixed array": MIXED.drop(columns="day").to_numpy(),
    "gaps": np.where(COLUMNS > 5, np.nan, COLUMNS),
    "texts": [f"{'money' if i % 2 else 'hello'} seven{i % 7} three{i % 3}" for i in range(40)],
}
FAST = [detector for detector in DETECTORS if "epochs" not in detector.get_params()]
NETWORKS = [detector for detector in DETECTORS if "epochs" in detector.get_params()]


@pytest.mark.parametrize("container", SAME_ROWS)
@pytest.mark.parametrize("detector", FAST, ids=lambda e: type(e).__name__)
def test_the_same_rows_in_another_container_are_judged_alike(detector, container):
    y = np.repeat(["ham", "spam"], 20)
    plain = clone(detector).fit(COLUMNS, y)
    rows = SAME_ROWS[container](COLUMNS)
    other = clone(detector).fit(rows, y)
    np.testing.assert_allclose(other.training_scores_, plain.training_scores_, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(other.score_samples(rows, list(y)), other.training_scores_)


@pytest.mark.parametrize(
    ("detector", "rows"),
    [(detector, rows) for detector in FAST for rows in HARD_ROWS]
    + [(detector, "mixed polars") for detector in NETWORKS],
    ids=lambda e: e if isinstance(e, str) else type(e).__name__,
)
def test_rows_that_are_no_numbers_are_judged_and_known_again(detector, rows):
    X, y = HARD_ROWS[rows], np.repeat(["ham", "spam"], 20)
    before = copy.deepcopy(X)
    detector = clone(detector).fit(X, y)
    np.testing.assert_array_equal(detector.score_samples(X, y), detector.training_scores_)
    assert np.isfinite(detector.training_scores_).all()
    pd.testing.assert_frame_equal(pd.DataFrame(X), pd.DataFrame(before))


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda e: type(e).__name__)
def test_labels_that_are_none_are_refused_before_work(detector):
    X = HARD_ROWS["texts"]
    for y, message in {
        "continuous": (np.linspace(0, 1, 40), "one per row.*'continuous'"),
        "several": (np.repeat([[1, 1, 0], [0, 0, 1]], 20, axis=0), "row 0 carries 2 labels"),
        "missing": ([None, *"ab" * 19, "a"], "None or NaN.*1 of 40 rows: 0"),
    }.values():
        with pytest.raises(ValueError, match=message):
            clone(detector).fit(X, y)


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


@pytest.mark.parametrize(
    "detector",
    [detector for detector in DETECTORS if "n_jobs" in detector.get_params()],
    ids=lambda e: type(e).__name__,
)
def test_verdicts_are_equal_for_any_n_jobs(detector, digits_pair, capsys):
    X, y = digits_pair
    alone = clone(detector).fit(X, y)
    assert not capsys.readouterr().err
    with joblib.parallel_config("threading"):
        together = clone(detector).set_params(n_jobs=2, verbose=1).fit(X, y)
    np.testing.assert_array_equal(together.training_scores_, alone.training_scores_)
    np.testing.assert_array_equal(together.predict(X, y), alone.predict(X, y))
    assert "100%" in capsys.readouterr().err


# What a detector holds of scikit-learn's compiled code: the reader says that it trusts it.
COMPILED = {DataOOBDetector: ["sklearn.tree._tree.Tree"]}


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda e: type(e).__name__)
def test_fitted_detector_survives_copies(detector, digits_pair, tmp_path):
    X, y = digits_pair
    detector = clone(detector).fit(X, y)
    joblib.dump(detector, tmp_path / "detector.joblib")
    save(detector, tmp_path / "detector.skpoison")
    copies = [
        pickle.loads(pickle.dumps(detector)),
        copy.deepcopy(detector),
        joblib.load(tmp_path / "detector.joblib"),
        load(tmp_path / "detector.skpoison", trusted=COMPILED.get(type(detector), ())),
    ]
    expected, new = detector.score_samples(X, y), 0.9 * X[:40]
    for other in copies:
        np.testing.assert_array_equal(other.score_samples(X, y), expected)
        np.testing.assert_array_equal(other.predict(new, y[:40]), detector.predict(new, y[:40]))
        np.testing.assert_allclose(
            other.score_samples(new), detector.score_samples(new), rtol=1e-9, atol=1e-9
        )
        assert str(other.contamination_interval_) == str(detector.contamination_interval_)
    assert type(detector).__name__ in detector._repr_html_()
    assert not hasattr(clone(detector), "offset_")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda e: type(e).__name__)
def test_an_attack_is_saved_with_what_it_did(attack, digits_pair, tmp_path):
    X, y = digits_pair
    attack = clone(attack)
    _, y_poisoned = attack.fit_resample(X, y)
    save(attack, tmp_path / "attack.skpoison")
    loaded = load(tmp_path / "attack.skpoison")
    np.testing.assert_array_equal(loaded.poison_mask_, attack.poison_mask_)
    np.testing.assert_array_equal(loaded.sample_indices_, attack.sample_indices_)
    np.testing.assert_array_equal(loaded.fit_resample(X, y)[1], y_poisoned)


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda e: type(e).__name__)
def test_a_learner_is_saved(learner, digits_pair, tmp_path):
    X, y = digits_pair
    learner = clone(learner).fit(X, y)
    save(learner, tmp_path / "learner.skpoison")
    loaded = load(tmp_path / "learner.skpoison", trusted=["sklearn.tree._tree.Tree"])
    np.testing.assert_array_equal(loaded.predict(X), learner.predict(X))


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
    of_networks = {"rae", "cae", "cae+", "magnet"} if find_spec("keras") else set()
    assert of_networks | {"centroid", "knn"} <= set(short_names("detector"))
    attack = make_estimator("attack", "semi-optimal", rate=3, image_shape=(8, 8, 1))
    assert attack.labels == "keep" and attack.rate == 3
    with pytest.raises(ValueError, match="Did you mean 'optimal'"):
        make_estimator("attack", "optimall")
