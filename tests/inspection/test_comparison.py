"""`compare_on_run` against the same experiment written out with scikit-learn alone."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from sklearn.svm import SVC

from skpoison.attacks import LabelFlipAttack
from skpoison.datasets import split_rows
from skpoison.detectors import CentroidDetector, KNNDetector
from skpoison.inspection import compare_on_run

VICTIM = SVC(kernel="linear", C=1.0)
SIZES = {"n_train": 100, "n_val": 100, "n_test": 150}


@pytest.fixture(scope="module")
def table(digits_pair):
    return compare_on_run(
        *digits_pair,
        (8, 8, 1),
        attacks=["flipping"],
        detectors=["centroid", ("wide", KNNDetector(9, contamination=0.25))],
        rates=(0, 0.1, 0.3),
        victim=VICTIM,
        random_state=3,
        **SIZES,
    )


def test_a_row_for_each_attack_rate_and_detector(table):
    cells = list(table[["attack", "rate", "detector"]].itertuples(index=False, name=None))
    assert cells == [
        ("none", 0.0, "centroid"),
        ("none", 0.0, "wide"),
        ("flipping", 0.1, "centroid"),
        ("flipping", 0.1, "wide"),
        ("flipping", 0.3, "centroid"),
        ("flipping", 0.3, "wide"),
    ]
    assert (table["seconds"] >= 0).all()
    assert table["clean"].nunique() == 1


@pytest.mark.parametrize("rate", [0, 0.1, 0.3])
@pytest.mark.parametrize(
    ("name", "detector"),
    [
        ("centroid", CentroidDetector(random_state=3)),
        ("wide", KNNDetector(9, contamination=0.25, random_state=3)),
    ],
)
def test_numbers_are_those_of_scikit_learn(table, digits_pair, rate, name, detector):
    X, y = digits_pair
    train, val, test = split_rows(y, **SIZES, random_state=3)
    attack = LabelFlipAttack(rate=float(rate), random_state=3)
    X_poisoned, y_poisoned = attack.fit_resample(X[train], y[train], X_val=X[val], y_val=y[val])
    mask = attack.poison_mask_
    kept = detector.fit_predict(X_poisoned, y_poisoned) == 1
    suspicion = -detector.score_samples(X_poisoned, y_poisoned)

    row = table.query("rate == @rate and detector == @name").iloc[0]
    fitted = SVC(kernel="linear").fit(X[train], y[train])
    assert row["clean"] == fitted.score(X[test], y[test])
    fitted.fit(X_poisoned, y_poisoned)
    assert row["poisoned"] == fitted.score(X[test], y[test])
    fitted.fit(X_poisoned[kept], y_poisoned[kept])
    assert row["defended"] == fitted.score(X[test], y[test])
    assert row["f1"] == pytest.approx(f1_score(mask, ~kept, zero_division=0))
    assert row["clean_removed"] == pytest.approx(np.mean(~kept[~mask]))
    if rate == 0:
        assert np.isnan(row["roc_auc"]) and np.isnan(row["average_precision"])
    else:
        assert row["roc_auc"] == pytest.approx(roc_auc_score(mask, suspicion))
        assert row["average_precision"] == pytest.approx(average_precision_score(mask, suspicion))


def test_one_seed_one_table(table, digits_pair):
    again = compare_on_run(
        *digits_pair,
        (8, 8, 1),
        attacks=["flipping"],
        detectors=["centroid"],
        rates=(0.3,),
        victim=VICTIM,
        random_state=3,
        **SIZES,
    )
    expected = table.query("rate == 0.3 and detector == 'centroid'").reset_index(drop=True)
    assert again.drop(columns="seconds").equals(expected.drop(columns="seconds"))


def test_on_fit_sees_every_poisoned_set_and_fitted_detector(digits_pair):
    seen = []
    table = compare_on_run(
        *digits_pair,
        None,
        attacks=["flipping", ("to_3", LabelFlipAttack(confusion={8: 3}))],
        detectors=["centroid", "knn"],
        victim=VICTIM,
        on_fit=lambda *parts: seen.append(parts),
        **SIZES,
    )
    assert [row["f1"] for row, *_ in seen] == table["f1"].tolist()
    for row, detector, X, y, mask in seen:
        assert len(X) == len(y) == len(mask) == len(detector.training_scores_) == 130
        assert mask.sum() == 30
        if row["attack"] == "to_3":
            assert set(y[mask]) == {3}


def test_parameters_left_open_are_filled_in_and_others_kept(digits_pair):
    class Picky(CentroidDetector):
        def __init__(self, image_shape=None, *, contamination="auto", random_state=None):
            super().__init__(contamination=contamination, random_state=random_state)
            self.image_shape = image_shape

    fitted = {}
    given = [("open", Picky()), ("set", Picky((64, 1, 1), random_state=7))]
    compare_on_run(
        *digits_pair,
        (8, 8, 1),
        attacks=["flipping"],
        detectors=given,
        victim=VICTIM,
        random_state=5,
        on_fit=lambda row, detector, *_: fitted.update({row["detector"]: detector}),
        **SIZES,
    )
    assert (fitted["open"].image_shape, fitted["open"].random_state) == ((8, 8, 1), 5)
    assert (fitted["set"].image_shape, fitted["set"].random_state) == ((64, 1, 1), 7)
    assert given[0][1].image_shape is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rates": (0.1, 1.5)}, r"rates must be shares in \[0, 1\], got 1.5"),
        ({"rates": (30,)}, r"rates must be shares in \[0, 1\], got 30"),
        ({"attacks": ["flippin"]}, "attack must be one of .* Did you mean 'flipping'"),
        ({"detectors": ["centroids"]}, "detector must be one of .* Did you mean 'centroid'"),
        ({"n_train": 1000}, "need 1250 rows"),
    ],
)
def test_bad_input_is_refused(digits_pair, wrong, message):
    settings = {"attacks": ["flipping"], "detectors": ["knn"], "victim": VICTIM, **SIZES}
    with pytest.raises(ValueError, match=message):
        compare_on_run(*digits_pair, None, **settings | wrong)
