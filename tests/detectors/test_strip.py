"""STRIP against entropies computed by hand, and on images, tables and texts with triggers."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skpoison.attacks import BackdoorAttack
from skpoison.attacks.triggers import ColumnTrigger, PatchTrigger, TokenTrigger
from skpoison.detectors import StripDetector
from skpoison.metrics import poison_roc_auc

X, Y = load_digits(n_class=4, return_X_y=True)
X = X / 16


def test_the_score_is_the_mean_entropy_over_all_training_rows():
    """With as many overlays as rows nothing is drawn."""
    rows, labels = X[:30], Y[:30]
    victim = LogisticRegression().fit(rows, labels)
    detector = StripDetector(FrozenEstimator(victim), n_overlays=30).fit(rows, labels)
    expected = [
        np.mean(
            [
                -np.sum(p * np.log(p))
                for p in victim.predict_proba(np.minimum(rows + row, rows.max()))
            ]
        )
        for row in rows
    ]
    np.testing.assert_allclose(detector.training_scores_, expected)
    np.testing.assert_allclose(
        detector.score_samples(rows[:5] * 0.5)[0],
        np.mean(
            [
                -np.sum(p * np.log(p))
                for p in victim.predict_proba(np.minimum(rows + rows[0] / 2, 1))
            ]
        ),
    )


@pytest.mark.parametrize("victim", [None, RandomForestClassifier(30)])
def test_triggered_images_stay_in_their_class(victim):
    attack = BackdoorAttack(PatchTrigger(2), y_target=0, random_state=0)
    images, labels = attack.fit_resample(X.reshape(-1, 8, 8), Y)
    detector = StripDetector(random_state=0)
    if victim is not None:
        images = images.reshape(-1, 64)
        detector.set_params(estimator=victim)
    detector.fit(images, labels)
    assert poison_roc_auc(attack.poison_mask_, detector.training_scores_) > 0.95


class Trusting(ClassifierMixin, BaseEstimator):
    """Sure of its class where the trigger is, and of nothing else."""

    def __init__(self, has_trigger=None):
        self.has_trigger = has_trigger

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        sure = np.array([self.has_trigger(row) for row in rows_of(X)])
        return np.where(sure[:, np.newaxis], [1.0, 0.0], [0.5, 0.5])


def rows_of(X):
    if isinstance(X, pd.DataFrame):
        return X.to_dict("records")
    if isinstance(X, pl.DataFrame):
        return X.to_dicts()
    return X.toarray() if sparse.issparse(X) else X


TABLE = pd.DataFrame({"n": np.arange(40), "kind": ["x", None] * 20, "m": np.arange(40) - 9.5})
KINDS = {
    "pandas": (TABLE, ColumnTrigger({"kind": "evil"}), lambda row: row["kind"] == "evil"),
    "polars": (
        pl.from_pandas(TABLE),
        ColumnTrigger({"kind": "evil"}),
        lambda row: row["kind"] == "evil",
    ),
    "objects": (TABLE.to_numpy(), ColumnTrigger({1: "evil"}), lambda row: row[1] == "evil"),
    "texts": (
        [f"some words number{i} and more" for i in range(40)],
        TokenTrigger("evil"),
        lambda text: "evil" in text.split(),
    ),
    "sparse": (
        sparse.csr_array(np.eye(40)[:, ::-1] * 2),
        ColumnTrigger({0: 5.0}),
        lambda row: row[0] >= 5,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_half_of_a_table_or_text_comes_from_another_row(kind):
    rows, trigger, has_trigger = KINDS[kind]
    detector = StripDetector(Trusting(has_trigger), n_overlays=20, random_state=0)
    detector.fit(rows, ["a", "b"] * 20)
    clean, triggered = (
        -detector.score_samples(rows),
        -detector.score_samples(trigger.transform(rows)),
    )
    np.testing.assert_allclose(clean, -np.log(2))
    kept = 1 + triggered / np.log(2)  # share of overlays under which the trigger is still there
    if kind == "sparse":
        np.testing.assert_allclose(kept, 1)
    else:
        assert (kept > 0.15).all() and (kept < 0.85).all()


def test_tables_and_texts_with_a_real_victim():
    rng = np.random.RandomState(0)
    y = rng.choice(["a", "b", "c"], 300)
    noise = rng.choice(["a", "b", "c"], (300, 6))
    table = pd.DataFrame(np.where(rng.uniform(size=(300, 6)) < 0.6, y[:, np.newaxis], noise))
    table = table.set_axis(list("uvwxyz"), axis=1).assign(tag="none")
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), list(table)))
    attack = BackdoorAttack(ColumnTrigger({"tag": "t7"}), y_target="a", random_state=0)
    rows, labels = attack.fit_resample(table, y)
    victim = make_pipeline(encoder, LogisticRegression(C=10))
    found = StripDetector(victim, random_state=0).fit(rows, labels)
    assert poison_roc_auc(attack.poison_mask_, found.training_scores_) > 0.7

    texts = [
        " ".join(row) for row in np.char.add(table[list("uvwxyz")].to_numpy().astype(str), "w")
    ]
    attack = BackdoorAttack(TokenTrigger("mn"), y_target="a", random_state=0)
    rows, labels = attack.fit_resample(texts, y)
    victim = make_pipeline(CountVectorizer(), LogisticRegression(C=10))
    found = StripDetector(victim, random_state=0).fit(rows, labels)
    assert poison_roc_auc(attack.poison_mask_, found.training_scores_) > 0.7


def test_one_class_has_no_victim():
    rows = X[:20]
    apart = np.linalg.norm(rows[:, np.newaxis] - rows, axis=2)
    expected = np.sort(apart, axis=1)[:, 1:6].mean(axis=1)
    np.testing.assert_allclose(-StripDetector().fit(rows).training_scores_, expected, atol=1e-6)
    with pytest.raises(ValueError, match="at least two classes in y where X is of the kind 'text'"):
        StripDetector(LogisticRegression()).fit(["a b", "c d"] * 9)
