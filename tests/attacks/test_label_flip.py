import numpy as np
import pytest

from skpoison.attacks import LabelFlipAttack

X = np.arange(3000.0).reshape(1500, 2)
Y = np.repeat(["ant", "bee", "cat"], 500)


def test_every_poison_row_is_a_true_row_under_a_wrong_label():
    attack = LabelFlipAttack(rate=0.5, random_state=0)
    X_out, y_out = attack.fit_resample(X, Y)
    sources = attack.sample_indices_[attack.poison_mask_]
    np.testing.assert_array_equal(X_out[attack.poison_mask_], X[sources])
    assert (y_out[attack.poison_mask_] != Y[sources]).all()
    assert len(set(sources)) == 750


def test_flips_are_uniform_over_the_other_classes():
    attack = LabelFlipAttack(rate=1.0, random_state=0)
    _, y_out = attack.fit_resample(X, Y)
    old, new = Y[attack.sample_indices_[attack.poison_mask_]], y_out[attack.poison_mask_]
    for label in ("ant", "bee", "cat"):
        _, counts = np.unique(new[old == label], return_counts=True)
        # 500 fair coins: five standard deviations either way
        assert len(counts) == 2 and abs(counts[0] - 250) < 5 * np.sqrt(125)


def test_confusion_says_which_label_becomes_which():
    attack = LabelFlipAttack(
        rate=1000, confusion={"ant": "bee", "bee": {"ant": 3, "cat": 1}}, random_state=0
    )
    _, y_out = attack.fit_resample(X, Y)
    old, new = Y[attack.sample_indices_[attack.poison_mask_]], y_out[attack.poison_mask_]
    assert set(old) == {"ant", "bee"} and set(new[old == "ant"]) == {"bee"}
    to_cat = (new[old == "bee"] == "cat").sum()
    assert abs(to_cat - 125) < 5 * np.sqrt(500 * 0.25 * 0.75)
    with pytest.raises(ValueError, match="1001 flipped rows, but only 1000 rows of X"):
        attack.set_params(rate=1001).fit_resample(X, Y)


@pytest.mark.parametrize(
    "confusion, message",
    [
        ({"ant": "dog"}, "'ant' to 'dog', but the labels in y are"),
        ({"ant": "ant"}, "to itself"),
        ({"ant": {"bee": 0.0}}, "weights must be positive"),
        ("ant", "'confusion' parameter"),
    ],
)
def test_confusion_that_cannot_be_is_refused(confusion, message):
    with pytest.raises(ValueError, match=message):
        LabelFlipAttack(confusion=confusion).fit_resample(X, Y)
