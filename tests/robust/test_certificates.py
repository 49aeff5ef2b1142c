"""Certificates against every attack that they speak of, on sets small enough to try them all."""

from itertools import combinations, combinations_with_replacement, product

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import binom
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from skpoison.robust import (
    CertifiedBaggingClassifier,
    CertifiedNeighborsClassifier,
    PartitionAggregationClassifier,
)

GRID = np.linspace(0, 1, 4)


def poisoned_sets(X, y, n_changes, labels):
    """Every set that is `n_changes` insertions (of rows on a grid) and removals away."""
    candidates = list(product(GRID, labels))
    for n_removed in range(n_changes + 1):
        for removed in combinations(range(len(y)), n_removed):
            X_left, y_left = np.delete(X, removed, axis=0), np.delete(y, removed)
            for added in combinations_with_replacement(candidates, n_changes - n_removed):
                rows = np.array([row for row, _ in added]).reshape(-1, 1)
                new = [label for _, label in added]
                X_new = np.vstack([X_left, rows])
                if len(X_new):
                    yield X_new, np.append(y_left, np.array(new, dtype=y.dtype))


@pytest.mark.parametrize(
    ("model", "n_rows"),
    [
        (PartitionAggregationClassifier(KNeighborsClassifier(1), n_partitions=5), 7),
        (PartitionAggregationClassifier(n_partitions=4, random_state=1), 6),
        (
            PartitionAggregationClassifier(
                KNeighborsClassifier(1), n_partitions=4, spread_degree=2, random_state=0
            ),
            7,
        ),
        (CertifiedNeighborsClassifier(3), 6),
        (CertifiedNeighborsClassifier(4), 6),
    ],
    ids=["partitions", "trees", "finite", "3-nn", "4-nn"],
)
def test_no_poison_within_the_radius_changes_a_prediction(model, n_rows):
    X = np.random.RandomState(0).uniform(size=(n_rows, 1))
    y = np.array(["a", "b", "b", "b", "b", "c", "b"])[:n_rows]
    test = np.array([[0.1], [0.8]])
    model.fit(X, y)
    expected, radius = model.predict(test), model.certified_radius(test)
    assert radius.max() >= 1
    for n_changes in range(1, min(radius.max(), 2) + 1):
        safe = radius >= n_changes
        for X_new, y_new in poisoned_sets(X, y, n_changes, "abc"):
            found = model.fit(X_new, y_new).predict(test)
            assert (found == expected)[safe].all()


def worst_case(X, y, row, n_neighbors, n_changes):
    """Whether insertions at the row and removals can change the vote of its neighbours."""
    expected = CertifiedNeighborsClassifier(n_neighbors).fit(X, y).predict([row])[0]
    for n_removed in range(n_changes + 1):
        for removed in combinations(range(len(y)), n_removed):
            for label in range(3):
                n_added = n_changes - n_removed
                X_new = np.vstack([np.delete(X, removed, axis=0), np.tile(row, (n_added, 1))])
                y_new = np.append(np.delete(y, removed), np.full(n_added, label))
                found = CertifiedNeighborsClassifier(n_neighbors).fit(X_new, y_new).predict([row])
                if found[0] != expected:
                    return True
    return False


@pytest.mark.parametrize("seed", range(4))
def test_the_certificate_of_neighbors_is_exact(seed):
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(7, 2)), np.array([0, 1, 2, 2, 1, 2, 0])
    y = np.where(rng.uniform(size=7) < 0.4, 1, y)
    y[:3] = 0, 1, 2
    row = rng.normal(size=2)
    model = CertifiedNeighborsClassifier(4).fit(X, y)
    radius = model.certified_radius([row])[0]
    broken = [worst_case(X, y, row, 4, n_changes) for n_changes in range(1, radius + 2)]
    assert broken == [False] * radius + [True]

    votes = np.sort(4 * model.predict_proba([row])[0])[::-1]
    assert radius >= (votes[0] - votes[1] - 1) // 2  # half the lead: Jia et al.'s certificate


def test_neighbors_predict_as_those_of_scikit_learn():
    rng = np.random.RandomState(0)
    X, y, test = rng.normal(size=(60, 3)), rng.randint(3, size=60), rng.normal(size=(40, 3))
    peer = KNeighborsClassifier(7).fit(X, y)
    model = CertifiedNeighborsClassifier(7).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(test), peer.predict_proba(test))
    np.testing.assert_array_equal(model.predict(test), peer.predict(test))


def test_one_part_a_member_is_half_the_lead_of_the_vote():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(300, 2)), rng.randint(3, size=300)
    model = PartitionAggregationClassifier(n_partitions=31, random_state=0).fit(X, y)
    counts = 31 * model.predict_proba(X)
    winner = counts.argmax(axis=1)
    for row, radius in enumerate(model.certified_radius(X)):
        leads = [
            counts[row, winner[row]] - counts[row, rival] - (rival < winner[row])
            for rival in range(3)
            if rival != winner[row]
        ]
        assert radius == round(min(leads)) // 2  # Levine and Feizi, theorem 1


def test_random_poison_reaches_few_members_and_stays_within_the_certificate():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(400, 5))
    y = (X[:, 0] + 0.3 * rng.normal(size=400) > 0).astype(int)
    X, y, test = X[:300], y[:300], X[300:]
    model = PartitionAggregationClassifier(
        LogisticRegression(), n_partitions=10, spread_degree=2, random_state=0
    )
    before = model.fit(X, y).predict(test)
    radius = model.certified_radius(test)
    for n_changes in (1, 2, 3):
        rows = test[rng.choice(100, n_changes)]
        X_new, y_new = np.vstack([X, rows]), np.append(y, 1 - model.predict(rows))
        after = model.fit(X_new, y_new).predict(test)
        assert (radius >= n_changes).sum() > 20
        assert (before == after)[radius >= n_changes].all()


@pytest.mark.parametrize(
    "container",
    [
        np.asarray,
        lambda X: X.tolist(),
        sparse.csr_matrix,
        lambda X: pd.DataFrame(X, columns=list("ab")),
        lambda X: X.reshape(-1, 1, 2)[:, :, :],
    ],
    ids=["array", "list", "sparse", "frame", "images"],
)
def test_the_order_of_the_rows_does_not_matter(container):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(80, 2)), rng.randint(2, size=80)
    X[40:50], order = X[50:60], rng.permutation(80)  # equal rows, other labels
    inner = DummyClassifier() if container(X[:1]).__class__ is np.ndarray else None
    model = PartitionAggregationClassifier(inner, n_partitions=7, random_state=0)
    first = model.fit(container(X), y).predict_members(container(X))
    second = model.fit(container(X[order]), y[order]).predict_members(container(X))
    np.testing.assert_array_equal(first, second)


def test_texts_are_handed_to_a_pipeline():
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    texts = [f"{'money' if i % 2 else 'hello'} seven{i % 7}" for i in range(60)]
    model = PartitionAggregationClassifier(
        make_pipeline(CountVectorizer(), MultinomialNB()), n_partitions=5
    ).fit(texts, np.resize(["ham", "spam"], 60))
    assert model.score(texts, np.resize(["ham", "spam"], 60)) == 1
    assert (model.certified_radius(texts) >= 1).any()


def exact_shares(n_of_b, n_samples, bag_size):
    """Probability that most of a bag are b: a closed form of `DummyClassifier` on it."""
    return binom.sf(bag_size // 2, bag_size, n_of_b / n_samples)


def test_a_certificate_of_bagging_holds_for_the_exact_vote():
    n_of_b, n_samples, bag_size = 34, 40, 3  # an odd bag has no ties
    X, y = np.zeros((n_samples, 1)), np.repeat(["b", "a"], [n_of_b, n_samples - n_of_b])
    model = CertifiedBaggingClassifier(
        DummyClassifier(), n_estimators=2000, max_samples=bag_size, random_state=0
    ).fit(X, y)
    share = model.predict_proba(X[:1])[0, 1]
    assert share == pytest.approx(exact_shares(n_of_b, n_samples, bag_size), abs=0.03)
    radius = model.certified_radius(X[:1])[0]
    assert radius >= 3
    for n_b_out, n_b_in, n_a_out, n_a_in in product(range(radius + 1), repeat=4):
        n_new = n_samples - n_b_out + n_b_in - n_a_out + n_a_in
        unchanged = n_samples - n_b_out - n_a_out
        if n_a_out <= n_samples - n_of_b and max(n_samples, n_new) - unchanged <= radius:
            assert exact_shares(n_of_b - n_b_out + n_b_in, n_new, bag_size) > 0.5


def test_the_certificate_of_bagging_is_the_paper_s_inequality():
    X, y = np.zeros((100, 1)), np.repeat(["b", "a"], [100, 0])
    y[0] = "a"
    model = CertifiedBaggingClassifier(
        DummyClassifier(), n_estimators=500, max_samples=5, alpha=0.01, random_state=0
    ).fit(X, y)
    assert model.predict_proba(X[:1])[0, 1] == 1
    lower = 0.005 ** (1 / 500)  # Clopper-Pearson where all vote alike, half of alpha a class
    lead = 2 * lower - 1
    holds = [
        all(
            (n / 100) ** 5 - 2 * ((max(100, n) - r) / 100) ** 5 + 1 - lead < 0
            for n in range(100 - r, 100 + r + 1)
        )
        for r in range(100)
    ]
    assert model.certified_radius(X[:1])[0] == holds.index(False) - 1

    few = model.set_params(n_estimators=3).fit(X, y)
    assert few.certified_radius(X[:1])[0] == -1


@pytest.mark.parametrize(
    "model",
    [
        PartitionAggregationClassifier(DecisionTreeClassifier(), n_partitions=4, random_state=0),
        CertifiedBaggingClassifier(n_estimators=4, random_state=0),
    ],
    ids=lambda e: type(e).__name__,
)
def test_members_fitted_at_once_are_the_same(model):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(100, 3)), rng.randint(2, size=100)
    alone = model.fit(X, y).predict_members(X)
    with joblib.parallel_config("threading"):
        together = model.set_params(n_jobs=2).fit(X, y).predict_members(X)
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("n_partitions", PartitionAggregationClassifier),
        ("spread_degree", PartitionAggregationClassifier),
        ("n_estimators", CertifiedBaggingClassifier),
        ("max_samples", CertifiedBaggingClassifier),
        ("n_neighbors", CertifiedNeighborsClassifier),
    ],
)
def test_true_is_one_of_any_number(name, model):
    """As in scikit-learn, for which a bool is an integer."""
    X, y = load_iris(return_X_y=True)
    learner = model(**{name: True})
    if "random_state" in learner.get_params():
        learner.set_params(random_state=0)
    predicted = learner.fit(X, y).predict(X)
    np.testing.assert_array_equal(predicted, learner.set_params(**{name: 1}).fit(X, y).predict(X))


def test_haversine_is_of_two_columns():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="metric='haversine' needs rows of two columns, got 4"):
        CertifiedNeighborsClassifier(metric="haversine").fit(X, y)
    learner = CertifiedNeighborsClassifier(1, metric="haversine").fit(X[:, 2:] / 10, y)
    assert learner.score(X[:, 2:] / 10, y) > 0.9
