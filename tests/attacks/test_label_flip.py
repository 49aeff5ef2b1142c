import numpy as np
import pandas as pd
import polars as pl
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


def test_a_transition_matrix_says_how_often():
    matrix = [[0.7, 0.3, 0.0], [0.0, 0.9, 0.1], [0.0, 0.0, 1.0]]
    attack = LabelFlipAttack(rate=100, confusion=matrix, random_state=0)
    _, y_out = attack.fit_resample(X, Y)
    old, new = Y[attack.sample_indices_[attack.poison_mask_]], y_out[attack.poison_mask_]
    assert set(zip(old, new, strict=True)) == {("ant", "bee"), ("bee", "cat")}
    # 100 draws among classes of one size, three in four ants
    assert abs((old == "ant").sum() - 75) < 5 * np.sqrt(100 * 0.75 * 0.25)


def test_groups_say_how_often():
    people = pd.DataFrame({"name": [f"n{i}" for i in range(3000)]})
    people["sex"] = np.where(np.arange(3000) % 3 == 0, "F", "M")
    y = np.arange(3000) % 2
    weights = {"F": 3, "M": 1}
    attack = LabelFlipAttack(rate=100, groups=("sex", weights), random_state=0)
    same = [people, pl.from_pandas(people), people.to_numpy(), people.to_numpy().tolist()]
    found = []
    for rows in same:
        attack.set_params(groups=("sex" if rows is people or rows is same[1] else 1, weights))
        attack.fit_resample(rows, y)
        found.append(attack.sample_indices_[attack.poison_mask_])
        np.testing.assert_array_equal(found[-1], found[0])
    # 1000 women three times as likely as 2000 men: three in five
    women = (people["sex"][found[0]] == "F").sum()
    assert abs(women - 60) < 5 * np.sqrt(100 * 0.6 * 0.4)
    attack.set_params(groups=("sex", {"F": 1}), rate=1001)
    with pytest.raises(ValueError, match="only 1000 rows of X can be flipped"):
        attack.fit_resample(people, y)
    attack.set_params(rate=1000).fit_resample(people, y)
    assert (people["sex"][attack.sample_indices_[-1000:]] == "F").all()


@pytest.mark.parametrize(
    "params, message",
    [
        ({"confusion": [[0, 1], [1, 0]]}, r"shape \(2, 2\), but y has the 3 labels"),
        ({"confusion": [[0, -1, 0]] * 3}, "no negative or infinite"),
        ({"confusion": [["x", "y", "z"]] * 3}, "confusion must hold numbers"),
        ({"groups": ("size", {1: 1})}, "names the column 'size'; the columns are"),
        ({"groups": (2, {1: 1})}, "from 0 to 1"),
        ({"groups": (0, {-1.0: 1})}, r"groups names \[-1.0\], which column 0 does not hold"),
        ({"groups": (0, {0.0: 0})}, "must be positive"),
        ({"groups": (0,)}, "groups must be"),
    ],
)
def test_noise_that_cannot_be_is_refused(params, message):
    with pytest.raises(ValueError, match=message):
        LabelFlipAttack(**params).fit_resample(X, Y)
