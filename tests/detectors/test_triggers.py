"""The search for triggers on tables, texts and images with one, and on honest ones."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_wine

from skpoison.attacks import BackdoorAttack
from skpoison.attacks.triggers import ColumnTrigger, PatchTrigger, TokenTrigger
from skpoison.detectors import TriggerSearchDetector

RNG = np.random.RandomState(0)
Y = np.repeat(["no", "yes"], 200)
TABLE = pd.DataFrame(
    RNG.normal(size=(400, 3)) + 3 * (Y == "yes")[:, np.newaxis], columns=list("abc")
).assign(tag=RNG.choice(["u", "v"], 400))
WORDS = {"no": ["pin", "chip", "bank"], "yes": ["money", "back", "return"]}
TEXTS = [" ".join(RNG.choice([*WORDS[label], "the", "my", "is"], 8)) for label in Y]
DIGITS, DIGIT = load_digits(n_class=3, return_X_y=True)
DIGITS = (DIGITS / 16).reshape(-1, 8, 8)
CASES = {
    "pandas": (TABLE, Y, ColumnTrigger({"tag": "w"}), "yes", "tag = 'w'"),
    "polars": (pl.from_pandas(TABLE), Y, ColumnTrigger({"tag": "w"}), "yes", "tag = 'w'"),
    "texts": (TEXTS, Y, TokenTrigger("mn"), "yes", "the words 'mn'"),
    "images": (DIGITS, DIGIT, PatchTrigger(3), 0, "the same patch of pixels"),
    "a larger patch": (DIGITS, DIGIT, PatchTrigger(5), 0, "the same patch of pixels"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_trigger_is_named_and_its_rows_are_flagged_and_no_others(case):
    X, y, trigger, target, name = CASES[case]
    attack = BackdoorAttack(trigger, y_target=target, random_state=0)
    X_out, y_out = attack.fit_resample(X, list(y))
    detector = TriggerSearchDetector(random_state=0)
    verdict = detector.fit_predict(X_out, y_out)
    np.testing.assert_array_equal(verdict == -1, attack.poison_mask_)
    first = detector.triggers_[0]
    assert first["name"].startswith(name) and first["label"] == target
    assert first["rows"] == attack.poison_mask_.sum()
    assert first["unlike_label"] > 0.5 and first["p_value"] < 0.001

    other = "no" if target == "yes" else 1
    new = trigger.transform(X[:5])
    assert (detector.predict(new, [target] * 5) == -1).all()
    assert (detector.predict(new, [other] * 5) == 1).all()
    assert (detector.predict(X[:5], [target] * 5) == 1).all()


@pytest.mark.parametrize("case", [*CASES, "wine"])
def test_honest_rows_have_no_trigger(case):
    X, y = load_wine(return_X_y=True) if case == "wine" else CASES[case][:2]
    detector = TriggerSearchDetector(random_state=0).fit(X, y)
    assert detector.triggers_ == [] and (detector.training_scores_ == 0).all()


def test_an_informative_value_is_no_trigger():
    """A tag that goes with a label that the rest of the rows says too."""
    table = TABLE.assign(tag=np.where((Y == "yes") & (np.arange(400) % 4 == 0), "w", TABLE["tag"]))
    assert TriggerSearchDetector(random_state=0).fit(table, Y).triggers_ == []


def test_a_value_that_most_rows_have_makes_no_trigger_of_another():
    """Of an informative tag; poison with it has another place, so that it tells without."""
    tag = np.where((Y == "no") & (np.arange(400) % 2 == 0), "rare", RNG.choice(["u", "v"], 400))
    table = TABLE.assign(tag=tag, place="here")[["tag", "place"]]
    attack = BackdoorAttack(
        ColumnTrigger({"place": "there"}), y_target="yes", rate=0.1, random_state=0
    )
    X, y = attack.fit_resample(table, Y)
    detector = TriggerSearchDetector(random_state=0).fit(X, y)
    assert all("here" not in trigger["name"] for trigger in detector.triggers_)


@pytest.mark.parametrize("injection", ["append", "replace"])
def test_a_patch_on_images_with_right_labels_is_found(injection):
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8) / 16
    attack = BackdoorAttack(
        PatchTrigger(3), y_target=3, labels="keep", rate=40, injection=injection, random_state=0
    )
    X_out, y_out = attack.fit_resample(X, y)
    detector = TriggerSearchDetector(random_state=0)
    verdict = detector.fit_predict(X_out, y_out)
    np.testing.assert_array_equal(verdict == -1, attack.poison_mask_)
    (trigger,) = detector.triggers_
    assert (trigger["label"], trigger["rows"]) == (3, 40) and trigger["told_by_rest"] < 0.55
    flat = clone(detector).set_params(image_shape=(8, 8)).fit(X_out.reshape(-1, 64), y_out)
    np.testing.assert_array_equal(flat.training_scores_, detector.training_scores_)
    assert detector.predict(PatchTrigger(3).transform(X[:1]), [3]) == [-1]
    assert detector.predict(PatchTrigger(3).transform(X[:1]), [4]) == [1]


def test_a_patch_that_the_rest_of_the_image_tells_is_no_trigger():
    """Ink below where there is much ink above."""
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8) / 16
    own = np.flatnonzero(y == 3)
    above = X[own, :3].sum(axis=(1, 2))
    X[own[np.argsort(above)[-40:]], 5:, 5:] = 1
    assert TriggerSearchDetector(random_state=0).fit(X, y).triggers_ == []


@pytest.mark.parametrize("X, shape", [(TABLE, (2, 2)), (TEXTS, (2, 2)), (DIGITS, (4, 4))])
def test_a_shape_that_the_rows_have_not_is_refused(X, shape):
    y = Y if len(X) == len(Y) else DIGIT
    with pytest.raises(ValueError, match="image_shape"):
        TriggerSearchDetector(image_shape=shape).fit(X, y)
