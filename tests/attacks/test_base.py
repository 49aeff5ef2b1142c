"""What all attacks have in common, shown on the simplest one."""

import numpy as np
import pytest
import sklearn
from imblearn.pipeline import make_pipeline
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

from skpoison.attacks import LabelFlipAttack

X = np.arange(40.0).reshape(20, 2)
Y = np.repeat(["ham", "spam"], 10)


@pytest.mark.parametrize(
    "rate, n_poison", [(0.0, 0), (0.3, 6), (0.124, 2), (0.126, 3), (1.0, 20), (7, 7), (0, 0)]
)
def test_rate_is_a_share_of_the_clean_rows_or_a_count(rate, n_poison):
    attack = LabelFlipAttack(rate=rate, random_state=0)
    X_out, y_out = attack.fit_resample(X, Y)
    assert len(X_out) == len(y_out) == 20 + n_poison
    assert attack.poison_mask_.sum() == n_poison


def test_replace_keeps_the_number_of_rows_and_relabels_in_place():
    attack = LabelFlipAttack(rate=5, injection="replace", random_state=0)
    X_out, y_out = attack.fit_resample(X, Y)
    order = np.argsort(attack.sample_indices_)
    np.testing.assert_array_equal(X_out[order], X)
    assert (y_out[order] != Y).sum() == 5
    with pytest.raises(ValueError, match="at most 19 of 20"):
        attack.set_params(rate=1.0).fit_resample(X, Y)


def test_attackers_rows_are_used_and_have_no_source_in_X():
    attack = LabelFlipAttack(rate=4, random_state=0)
    X_out, _ = attack.fit_resample(X, Y, X_val=-X, y_val=Y)
    assert (X_out[attack.poison_mask_] <= 0).all()
    assert (attack.sample_indices_[attack.poison_mask_] == -1).all()
    replaced = attack.set_params(injection="replace").fit_resample(X, Y, X_val=-X, y_val=Y)[0]
    assert len(replaced) == 20 and (replaced[16:] <= 0).all()


@pytest.mark.parametrize(
    "keywords, message",
    [
        ({"X_val": X}, "y_val is missing"),
        ({"y_val": Y}, "X_val is missing"),
        ({"X_val": X[:, :1], "y_val": Y}, r"rows of shape \(1,\), but those of X"),
        ({"X_val": X, "y_val": Y[:3]}, "inconsistent numbers"),
        ({"X_val": X, "y_val": np.repeat("eggs", 20)}, "labels that y does not.*eggs"),
    ],
)
def test_attackers_rows_that_do_not_fit_are_refused(keywords, message):
    with pytest.raises(ValueError, match=message):
        LabelFlipAttack().fit_resample(X, Y, **keywords)


@pytest.mark.parametrize("rate", [-0.1, 1.1, -1, "much", None])
def test_rate_out_of_range_is_named(rate):
    with pytest.raises(ValueError, match="'rate' parameter of LabelFlipAttack"):
        LabelFlipAttack(rate=rate).fit_resample(X, Y)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="at least two classes"):
        LabelFlipAttack().fit_resample(X, np.repeat("ham", 20))


def test_attackers_rows_travel_through_a_pipeline_by_metadata_routing():
    with sklearn.config_context(enable_metadata_routing=True):
        attack = LabelFlipAttack(rate=4, random_state=0)
        pipeline = make_pipeline(
            attack.set_fit_resample_request(X_val=True, y_val=True), SVC(kernel="linear")
        )
        pipeline.fit(X, Y, X_val=-X[:18], y_val=Y[:18])
        assert (pipeline[0].sample_indices_ == -1).sum() == 4
        scores = cross_val_score(
            pipeline, X, Y, cv=2, params={"X_val": -X[:18], "y_val": Y[:18]}, error_score="raise"
        )
    assert scores.shape == (2,)
