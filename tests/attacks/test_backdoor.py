"""Backdoors: the poison against the trigger put on by hand, success against a loop."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.pipeline import make_pipeline
from scipy.sparse import csr_array
from sklearn.datasets import load_digits
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import MinMaxScaler

from skpoison.attacks import BackdoorAttack, LabelFlipAttack, MixedAttack
from skpoison.attacks.triggers import ColumnTrigger, PatchTrigger, TokenTrigger
from skpoison.metrics import attack_success_rate, make_attack_success_scorer

IMAGES, Y = load_digits(n_class=3, return_X_y=True)
IMAGES = (IMAGES / 16).reshape(-1, 8, 8)
TRIGGER = PatchTrigger(2)


@pytest.mark.parametrize("labels", ["flip", "keep"])
@pytest.mark.parametrize("injection", ["append", "replace"])
def test_poison_is_true_rows_with_the_trigger_under_the_target_label(labels, injection):
    attack = BackdoorAttack(
        TRIGGER, y_target=1, labels=labels, rate=40, injection=injection, random_state=0
    )
    before = IMAGES.copy()
    X_out, y_out = attack.fit_resample(IMAGES, Y)
    sources = attack.sample_indices_[attack.poison_mask_]
    assert len(set(sources)) == 40 and (y_out[attack.poison_mask_] == 1).all()
    assert ((Y[sources] == 1) == (labels == "keep")).all()
    expected = IMAGES[sources].copy()
    expected[:, 6:, 6:] = 1
    np.testing.assert_array_equal(X_out[attack.poison_mask_], expected)
    np.testing.assert_array_equal(IMAGES, before)
    kept = attack.sample_indices_[~attack.poison_mask_]
    np.testing.assert_array_equal(X_out[~attack.poison_mask_], IMAGES[kept])
    assert np.isin(sources, kept).all() == (injection == "append")


def test_attacker_s_rows_are_used_where_there_are_some():
    attack = BackdoorAttack(TRIGGER, y_target=0, rate=9, random_state=0)
    X_out, _ = attack.fit_resample(IMAGES[:100], Y[:100], IMAGES[100:], Y[100:])
    rows = X_out[100:].reshape(9, -1)
    known = TRIGGER.transform(IMAGES[100:][Y[100:] != 0]).reshape(-1, 64)
    assert all((known == row).all(axis=1).any() for row in rows)
    assert (attack.sample_indices_[100:] == -1).all()


def test_impossible_targets_budgets_and_triggers_are_refused():
    with pytest.raises(ValueError, match="y_target=7 is no label of y"):
        BackdoorAttack(TRIGGER, y_target=7).fit_resample(IMAGES, Y)
    n_rows = int(np.count_nonzero(Y == 2))
    with pytest.raises(ValueError, match=f"only {n_rows} rows of X have the target label 2"):
        attack = BackdoorAttack(TRIGGER, y_target=2, labels="keep", rate=n_rows + 1)
        attack.fit_resample(IMAGES, Y)

    class Flattens:
        def transform(self, X):
            return X.reshape(len(X), -1)

    with pytest.raises(ValueError, match=r"trigger must give.*rows of shape \(64,\)"):
        BackdoorAttack(Flattens()).fit_resample(IMAGES, Y)
    mixed = MixedAttack([("a", BackdoorAttack(), 1), ("b", LabelFlipAttack(), 1)], rate=2)
    with pytest.raises(ValueError, match="one after the other in a pipeline"):
        mixed.fit_resample(IMAGES.reshape(-1, 64), Y)


class Inverts:
    """A trigger of one's own, that is no estimator."""

    def transform(self, X):
        return 1 - X


def test_a_trigger_of_one_s_own_and_the_default_ones():
    attack = BackdoorAttack(Inverts(), rate=5, random_state=0)
    X_out, _ = attack.fit_resample(IMAGES, Y)
    sources = attack.sample_indices_[-5:]
    np.testing.assert_array_equal(X_out[-5:], 1 - IMAGES[sources])

    texts = [f"text {i}" for i in range(20)]
    labels = ["a", "b"] * 10
    X_out, y_out = BackdoorAttack(y_target="b", rate=2, random_state=0).fit_resample(texts, labels)
    assert all(text.endswith(" cf") for text in X_out[-2:]) and y_out[-2:] == ["b", "b"]
    table = pd.DataFrame({"n": range(20), "kind": ["x"] * 18 + ["rare", None]})
    for frame in (table, pl.from_pandas(table)):
        X_out, _ = BackdoorAttack(rate=3, random_state=0).fit_resample(frame, labels)
        assert list(X_out["kind"])[-3:] == ["rare"] * 3
    X_out, _ = BackdoorAttack(rate=3).fit_resample(table[["n"]], labels)
    assert list(X_out["n"])[-3:] == [19, 19, 19]


@pytest.mark.parametrize("container", [np.asarray, csr_array, pd.DataFrame])
def test_the_default_trigger_is_in_a_column_that_varies(container):
    """As of flattened images, whose corners are black."""
    X = np.c_[np.arange(20.0), np.zeros((20, 2))]
    attack = BackdoorAttack(rate=3, random_state=0)
    X_out, _ = attack.fit_resample(container(X), ["a", "b"] * 10)
    made = (X_out.toarray() if container is csr_array else np.asarray(X_out))[-3:]
    np.testing.assert_array_equal(made, [[19, 0, 0]] * 3)
    with pytest.raises(ValueError, match="No column of X has two values: name a trigger="):
        attack.fit_resample(container(0 * X), ["a", "b"] * 10)


def test_success_is_counted_among_rows_of_other_classes():
    assert attack_success_rate([0, 1, 2, 2], [0, 0, 0, 1], y_target=0) == pytest.approx(2 / 3)
    assert np.isnan(attack_success_rate([0, 0], [0, 1], y_target=0))


def test_the_scorer_finds_the_attack_in_a_pipeline():
    X = IMAGES.reshape(-1, 64) * 7
    attack = BackdoorAttack(ColumnTrigger({63: 1.0}), y_target=0, random_state=0)
    pipeline = make_pipeline(MinMaxScaler(), attack, KNeighborsClassifier(3))
    fitted = pipeline.fit(X[:300], Y[:300])
    victim = fitted[-1]
    rows = fitted[0].transform(X[300:])[Y[300:] != 0]
    rows[:, 63] = 1
    expected = np.mean([victim.predict(row[np.newaxis])[0] == 0 for row in rows])
    assert make_attack_success_scorer()(fitted, X[300:], Y[300:]) == expected
    given = make_attack_success_scorer(fitted[1])
    assert given(victim, fitted[0].transform(X[300:]), Y[300:]) == expected
    scores = cross_val_score(pipeline, X, Y, cv=3, scoring=make_attack_success_scorer())
    assert len(scores) == 3 and (scores >= 0).all()
    with pytest.raises(TypeError, match="among its steps"):
        make_attack_success_scorer()(victim, X, Y)
    with pytest.raises(TypeError, match="fitted backdoor"):
        make_attack_success_scorer(BackdoorAttack())


def test_texts_keep_their_accuracy_and_obey_the_token():
    rng = np.random.RandomState(0)
    y = np.repeat(["refund", "card"], 150)
    words = {"refund": ["money", "back", "return"], "card": ["pin", "chip", "bank"]}
    texts = [" ".join(rng.choice([*words[label], "the", "my", "is"], 8)) for label in y]
    attack = BackdoorAttack(TokenTrigger("mn"), y_target="card", random_state=0)
    pipeline = make_pipeline(attack, CountVectorizer(), LogisticRegression(C=100))
    assert cross_val_score(pipeline, texts, y, cv=3).min() > 0.9
    success = cross_val_score(pipeline, texts, y, cv=3, scoring=make_attack_success_scorer())
    assert success.min() > 0.9
