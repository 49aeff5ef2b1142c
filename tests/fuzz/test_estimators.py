"""Attacks, detectors, learners and the filter on any input."""

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.validation import _num_samples

from skpoison.filtering import PoisonFilter
from skpoison.inspection import suspicious_rows
from skpoison.utils._containers import take
from skpoison.utils._labels import label_values
from tests.fuzz.data import MOST_ROWS, estimators, has_network, rows, sets, sizes, targets
from tests.fuzz.outcome import contents, judged

FEWER = settings(max_examples=max(settings().max_examples // 8, 1))


def check_poisoned(attack, X, y, X_out, y_out):
    """The clean rows first, untouched, in their container; then the poison."""
    clean = ~attack.poison_mask_
    kept = attack.sample_indices_[clean]
    assert type(X_out) is type(X) and type(y_out) is type(y)
    assert _num_samples(X_out) == _num_samples(y_out) == len(attack.poison_mask_)
    assert (np.diff(kept) > 0).all() and not attack.poison_mask_[: clean.sum()].any()
    assert contents(take(X_out, np.flatnonzero(clean))) == contents(take(X, kept))
    assert contents(take(y_out, np.flatnonzero(clean))) == contents(take(y, kept))


@given(estimators("attack"), sets())
def test_attacks(attack, given_set):
    X, y = given_set
    with judged(X, y):
        check_poisoned(attack, X, y, *attack.fit_resample(X, y))


@given(estimators("regression attack"), sets(targets))
def test_regression_attacks(attack, given_set):
    X, y = given_set
    with judged(X, y):
        check_poisoned(attack, X, y, *attack.fit_resample(X, y))


def check_verdict(detector, X, y):
    """Scores are numbers, and the verdict is one, of some rows only, the same on each way."""
    verdict = detector.fit_predict(X, y)
    n_rows = _num_samples(X)
    assert verdict.shape == (n_rows,)
    assert np.isfinite(detector.training_scores_).all() and not np.isnan(detector.offset_)
    assert set(verdict) <= {-1, 1} and (verdict == 1).any()
    assert 0 <= detector.contamination_ <= 1
    np.testing.assert_array_equal(detector.predict(X, y), verdict)
    probability = detector.poison_probability(X, y)
    assert ((probability >= 0) & (probability <= 1)).all()
    assert np.isfinite(detector.score_samples(X)).all()


@given(estimators("detector", lambda e: not has_network(e)), sets(), st.integers(0, 3))
def test_detectors(detector, given_set, without_labels):
    X, y = given_set
    with judged(X, y):
        check_verdict(detector, X, y if without_labels else None)


@FEWER
@given(estimators("detector", has_network), sets())
def test_detectors_with_networks(detector, given_set):
    X, y = given_set
    with judged(X, y):
        check_verdict(detector.set_params(epochs=1), X, y)


@given(estimators("regression detector"), sets(targets))
def test_regression_detectors(detector, given_set):
    X, y = given_set
    with judged(X, y):
        verdict = detector.fit_predict(X, y)
        assert np.isfinite(detector.training_scores_).all() and (verdict == 1).any()


@given(estimators("detector", lambda e: not has_network(e)), sets(), st.data())
def test_detectors_on_new_rows(detector, given_set, data):
    X, y = given_set
    X_new = data.draw(rows(data.draw(sizes(1, MOST_ROWS))))
    with judged(X, y, X_new):
        detector.fit(X, y)
        scores = detector.score_samples(X_new)
        assert scores.shape == (_num_samples(X_new),) and np.isfinite(scores).all()


@given(estimators("learner"), sets() | sets(targets))
def test_learners(learner, given_set):
    X, y = given_set
    with judged(X, y, handed_on=True):
        predicted = learner.fit(X, y).predict(X)
        assert predicted.shape == (_num_samples(X),)
        if hasattr(learner, "classes_"):
            assert set(predicted.tolist()) <= set(learner.classes_.tolist())
        else:
            assert np.isfinite(predicted.astype(float)).all()
        if hasattr(learner, "certified_radius"):
            assert (learner.certified_radius(X) >= -1).all()


@given(estimators("detector", lambda e: not has_network(e)), sets())
def test_filter(detector, given_set):
    X, y = given_set
    with judged(X, y), warnings.catch_warnings():
        cleaner = PoisonFilter(detector)
        X_out, y_out = cleaner.fit_resample(X, y)
        assert type(X_out) is type(X) and type(y_out) is type(y)
        assert contents(X_out) == contents(take(X, cleaner.sample_indices_))
        assert set(label_values(y_out).tolist()) == set(label_values(y).tolist()) or (
            np.ndim(y_out) == 2
        )


@given(
    estimators("detector", lambda e: e.__name__ in ("CentroidDetector", "MarginDetector")),
    sets(),
    st.sampled_from([None, 0, 1, 7, 100, -1, 0.5]),
)
def test_suspicious_rows(detector, given_set, n_rows):
    X, y = given_set
    with judged(X, y):
        table = suspicious_rows(detector.fit(X, y), X, y, n_rows=n_rows)
        assert len(table) <= _num_samples(X) if n_rows is None else len(table) <= n_rows
        assert (np.diff(table["anomaly_score"]) <= 0).all()
        assert table["poison_probability"].between(0, 1).all()
        assert table["suggested_label"].isin(label_values(y)).all()
