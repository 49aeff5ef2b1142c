import numpy as np
import pytest
from sklearn.base import clone
from sklearn.svm import SVC

from skpoison.attacks import GradientPoisoningAttack, LabelFlipAttack, MixedAttack
from skpoison.attacks._mixed import share

X = np.random.RandomState(0).uniform(size=(60, 4))
Y = np.repeat(["ham", "spam"], 30)


def two_flips(**params):
    return MixedAttack(
        [
            ("up", LabelFlipAttack(confusion={"ham": "spam"}), 2),
            ("down", LabelFlipAttack(confusion={"spam": "ham"}), 1),
        ],
        random_state=0,
        **params,
    )


@pytest.mark.parametrize(
    "total, weights, counts",
    [
        (30, [1, 1, 1], [10, 10, 10]),
        (31, [1, 1, 1], [11, 10, 10]),
        (32, [1, 1, 1], [11, 11, 10]),
        (10, [0.7, 0.2, 0.1], [7, 2, 1]),
        (1, [1, 3], [1, 0]),
    ],
)
def test_rows_left_by_rounding_go_to_the_first(total, weights, counts):
    assert share(total, weights).tolist() == counts


@pytest.mark.parametrize("injection", ["append", "replace"])
def test_each_attack_makes_its_share(injection):
    attack = two_flips(rate=10, injection=injection)
    X_out, y_out = attack.fit_resample(X, Y)
    names = attack.attack_names_
    assert len(names) == len(X_out)
    assert (names == "up").sum() == 7 and (names == "down").sum() == 3
    np.testing.assert_array_equal(names != "", attack.poison_mask_)
    assert set(y_out[names == "up"]) == {"spam"} and set(y_out[names == "down"]) == {"ham"}
    np.testing.assert_array_equal(X_out, X[attack.sample_indices_])


def test_the_papers_mix_is_a_third_each():
    victim = SVC(kernel="linear")
    attack = MixedAttack(
        [
            ("optimal", GradientPoisoningAttack(labels="flip", max_iter=2), 1),
            ("semi-optimal", GradientPoisoningAttack(SVC(C=9), labels="keep", max_iter=2), 1),
            ("flipping", LabelFlipAttack(), 1),
        ],
        estimator=victim,
        rate=8,
        random_state=0,
    )
    attack.fit_resample(X, Y)
    made, counts = np.unique(attack.attack_names_, return_counts=True)
    assert dict(zip(made, counts, strict=True)) == {
        "": 60,
        "flipping": 2,
        "optimal": 3,
        "semi-optimal": 3,
    }
    optimal, semi_optimal, _ = (part for _, part in attack.attacks_)
    assert optimal.estimator.kernel == "linear" and semi_optimal.estimator.C == 9


def test_parameters_of_the_parts_can_be_set_and_cloned():
    attack = two_flips()
    attack.set_params(up__confusion={"spam": "ham"}, rate=4)
    again = clone(attack)
    assert again.get_params()["up__confusion"] == {"spam": "ham"}
    assert again.attacks[0][1] is not attack.attacks[0][1]
    _, y_out = again.fit_resample(X, Y)
    assert set(y_out[again.poison_mask_]) == {"ham"}


@pytest.mark.parametrize(
    "attacks, error, message",
    [
        ([], ValueError, "at least one"),
        ([("flips", LabelFlipAttack())], ValueError, "triples"),
        ([("svm", SVC(), 1)], TypeError, "'svm' must be a poisoning attack"),
        ([("a", LabelFlipAttack(), 0)], ValueError, "weight of attack 'a'"),
        ([("a", LabelFlipAttack(), 1), ("a", LabelFlipAttack(), 1)], ValueError, "different"),
    ],
)
def test_bad_lists_are_refused(attacks, error, message):
    with pytest.raises(error, match=message):
        MixedAttack(attacks).fit_resample(X, Y)
