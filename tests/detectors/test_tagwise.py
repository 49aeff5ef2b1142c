import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from scipy import sparse
from scipy.special import expit
from sklearn.datasets import load_digits, make_multilabel_classification
from sklearn.metrics import f1_score
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from skpoison.detectors import MarginDetector, TagwiseDetector
from skpoison.filtering import PoisonFilter


@pytest.fixture(scope="module")
def tagged():
    """Digits tagged odd, large and round, one often wrong, one seldom, one never."""
    X, digits = load_digits(return_X_y=True)
    X, digits = X[:500] / 16, digits[:500]
    tags = np.column_stack([digits % 2, digits > 4, np.isin(digits, (0, 6, 8, 9))]).astype(int)
    wrong = np.random.RandomState(0).uniform(size=tags.shape) < [0.15, 0.04, 0.0]
    return X, tags, wrong


def test_each_tag_is_judged_as_by_a_detector_of_its_own(tagged):
    X, tags, wrong = tagged
    y = np.where(wrong, 1 - tags, tags)
    detector = TagwiseDetector(MarginDetector(random_state=0)).fit(X, y)
    alone = [MarginDetector(random_state=0).fit(X, column) for column in y.T]
    expected = np.column_stack([d.predict(X, c) for d, c in zip(alone, y.T, strict=True)])
    np.testing.assert_array_equal(detector.predict_tags(X, y), expected)
    np.testing.assert_array_equal(detector.predict(X, y), expected.min(axis=1))
    np.testing.assert_array_equal(
        detector.tag_contamination_, [found.contamination_ for found in alone]
    )
    np.testing.assert_allclose(detector.tag_contamination_, [0.15, 0.04, 0.0], atol=0.04)
    assert ((detector.predict_tags(X, y) == -1) == wrong).mean() > 0.97


def test_tags_that_tell_nothing_alone_take_the_share_of_all():
    X, tags = make_multilabel_classification(
        400, n_features=20, n_classes=6, n_labels=3, random_state=1
    )
    wrong = np.random.RandomState(1).uniform(size=tags.shape) < 0.15
    y = np.where(wrong, 1 - tags, tags)
    alone = [MarginDetector(random_state=0).fit(X, column) for column in y.T]
    shares_alone = np.array([found.contamination_ for found in alone])
    undecided = shares_alone == 0
    assert 0 < undecided.sum() < 6

    # the likelihood of all tags, written out
    rule = MarginDetector.auto_threshold
    shares, temperatures = np.arange(0, 0.5, 0.01), np.geomspace(0.01, 100, 400)
    prior = -np.log1p((np.log(temperatures / rule.temperature) / rule.temperature_scale) ** 2)
    total, rights = np.zeros(len(shares)), []
    for found, column in zip(alone, y.T, strict=True):
        gap = found.training_class_scores_ @ [1, -1] * (2 * column - 1)
        right = expit(np.outer(temperatures, gap))
        likelihood = np.array(
            [np.log((1 - share) * right + share * (1 - right)).sum(axis=1) for share in shares]
        )
        total += (likelihood + prior).max(axis=1)
        rights.append((likelihood + prior, right))
    best = total.argmax()

    together = TagwiseDetector(MarginDetector(random_state=0)).fit(X, y)
    found = together.tag_contamination_
    np.testing.assert_array_equal(found[~undecided], shares_alone[~undecided])
    np.testing.assert_allclose(found[undecided], shares[best], atol=0.011)
    flagged = together.predict_tags(X, y) == -1
    for tag in np.flatnonzero(undecided):
        likelihood, right = rights[tag]
        right = right[likelihood[best].argmax()]
        expected = shares[best] * (1 - right) > (1 - shares[best]) * right
        assert (flagged[:, tag] == expected).mean() > 0.97
    np.testing.assert_array_equal(together.predict(X, y), np.where(flagged.any(axis=1), -1, 1))
    flagged_alone = np.column_stack([one.training_scores_ < one.offset_ for one in alone])
    assert f1_score(wrong.ravel(), flagged.ravel()) > f1_score(wrong.ravel(), flagged_alone.ravel())


@pytest.mark.parametrize(
    "container",
    [sparse.csr_array, lambda y: pd.DataFrame(y, columns=list("abc")), lambda y: y.tolist()],
)
def test_a_filter_takes_indicators_of_any_container(tagged, container):
    X, tags, wrong = tagged
    y = np.where(wrong, 1 - tags, tags)
    plain, other = (PoisonFilter(TagwiseDetector(MarginDetector(), random_state=0)) for _ in "ab")
    _, kept = plain.fit_resample(X, y)
    _, found = other.fit_resample(X, container(y))
    assert type(found) is type(container(y))
    np.testing.assert_array_equal(found.toarray() if sparse.issparse(found) else found, kept)
    assert 0 < plain.poison_mask_.sum() < 200


def test_a_filter_of_tags_works_under_cross_validation(tagged):
    X, tags, wrong = tagged
    y = np.where(wrong, 1 - tags, tags)
    filtered = make_pipeline(
        PoisonFilter(TagwiseDetector(MarginDetector(), random_state=0)), KNeighborsClassifier(1)
    )

    def score(model, X_test, y_test):  # against the right tags
        rows = [np.flatnonzero((X == row).all(axis=1))[0] for row in X_test]
        return (model.predict(X_test) == tags[rows]).all(axis=1).mean()

    plain = cross_val_score(KNeighborsClassifier(1), X, y, scoring=score, cv=2).mean()
    assert cross_val_score(filtered, X, y, scoring=score, cv=2).mean() > plain + 0.05


def test_tags_that_nobody_has_are_not_judged(tagged):
    X, tags, _ = tagged
    y = np.column_stack([tags[:, 0], np.zeros(500, dtype=int)])
    detector = TagwiseDetector(MarginDetector(), random_state=0).fit(X, y)
    assert detector.detectors_[1] is None and detector.tag_contamination_[1] == 0
    assert (detector.predict_tags(X, y)[:, 1] == 1).all()
    with pytest.raises(ValueError, match="y has 1 tags, but had 2 in fit"):
        detector.predict(X, y[:, 0])
    with pytest.raises(ValueError, match="no tag to judge"):
        TagwiseDetector().fit(X, np.zeros((500, 2)))
    with pytest.raises(ValueError, match=r"misses tags.*1 rows: first 0"):
        TagwiseDetector().fit(X, np.where(np.arange(1000).reshape(500, 2) == 1, np.nan, 0.0))
