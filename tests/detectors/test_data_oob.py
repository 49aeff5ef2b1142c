"""Data-OOB against the bootstrap samples counted out."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import DataOOBDetector
from skpoison.metrics import poison_average_precision

RNG = np.random.RandomState(0)
X = RNG.normal(size=(40, 2))
Y = np.array(["a", "b", "c"])[RNG.randint(3, size=40)]


def test_values_and_scores_by_hand():
    model = KNeighborsClassifier(1)
    detector = DataOOBDetector(model, n_estimators=15, random_state=0).fit(X, Y)
    counts = detector.bootstrap_counts_
    assert counts.shape == (15, 40) and counts.sum(axis=1).mean() == pytest.approx(40, abs=2)
    new = X[:5] + 0.1
    votes, new_votes = np.zeros((40, 3)), np.zeros((5, 3))
    for drawn in counts:
        sample = np.repeat(np.arange(40), drawn)
        fitted = KNeighborsClassifier(1).fit(X[sample], Y[sample])
        for row in np.flatnonzero(drawn == 0):
            votes[row] += fitted.predict(X[[row]]) == detector.classes_
        new_votes += fitted.predict(new)[:, np.newaxis] == detector.classes_
    judged = votes.sum(axis=1) > 0
    shares = votes[judged] / votes[judged].sum(axis=1, keepdims=True)
    assert judged.sum() > 35
    np.testing.assert_allclose(detector.training_class_scores_[judged], 1 - shares)
    np.testing.assert_allclose(detector.values_[judged], shares[Y[judged, None] == ["a", "b", "c"]])
    np.testing.assert_allclose(detector.training_class_scores_[~judged], 2 / 3)
    np.testing.assert_allclose(detector.class_scores(new), 1 - new_votes / 15)


def test_copies_are_drawn_together():
    rows, labels = np.concatenate([X, X[:10]]), np.concatenate([Y, np.roll(Y[:10], 1)])
    detector = DataOOBDetector(n_estimators=10, random_state=0).fit(rows, labels)
    counts = detector.bootstrap_counts_
    np.testing.assert_array_equal(counts[:, :10], counts[:, 40:])
    assert 0.25 < (counts == 0).mean() < 0.5  # 1 / e of the rows are out of a bag


def test_any_classifier_gets_any_rows(digits_pair):
    rows, labels = digits_pair[0][:120], digits_pair[1][:120]
    texts = [" ".join(f"p{i}" for i in np.flatnonzero(row > 0.5)) for row in rows]
    attack = LabelFlipAttack(rate=0.1, injection="replace", random_state=0)
    texts, labels = attack.fit_resample(texts, labels)
    model = make_pipeline(TfidfVectorizer(), MultinomialNB())
    detector = DataOOBDetector(model, n_estimators=30, random_state=0).fit(texts, labels)
    assert poison_average_precision(attack.poison_mask_, detector.training_scores_) > 0.9


def test_a_sample_of_one_class_votes_for_it():
    rows, labels = np.arange(6.0)[:, np.newaxis], np.array([0, 0, 0, 0, 0, 1])
    detector = DataOOBDetector(n_estimators=20, contamination=0.2, random_state=0)
    detector.fit(np.concatenate([rows, rows + 10]), np.concatenate([labels, labels]))
    lonely = [drawn[[5, 11]].sum() == 0 for drawn in detector.bootstrap_counts_]
    assert any(lonely)  # samples without the rare class
    assert (detector.class_scores([[0.5]])[0] == [0, 1]).all()
