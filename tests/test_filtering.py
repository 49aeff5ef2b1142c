import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from scipy import sparse
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline as make_scikit_learn_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import CentroidDetector, KNNDetector
from skpoison.filtering import PoisonFilter
from skpoison.pipeline import make_pipeline as make_detector_pipeline
from skpoison.thresholds import GaussianMixtureThreshold


class FlagWhereFirstColumnIsOne(OutlierMixin, BaseEstimator):
    """Flags the rows whose first column is 1; the second column is their score."""

    def fit(self, X, y=None):
        return self

    def predict(self, X, y=None):
        return np.where(X[:, 0] == 1, -1, 1)

    def decision_function(self, X, y=None):
        return X[:, 1]


def test_flagged_rows_are_dropped_and_others_keep_their_order():
    X = np.array([[0, 5], [1, 5], [0, 4], [0, 3], [1, 2]])
    y = np.array(["a", "a", "b", "b", "b"])
    poison_filter = PoisonFilter(FlagWhereFirstColumnIsOne())
    X_out, y_out = poison_filter.fit_resample(X, y)
    np.testing.assert_array_equal(X_out, X[[0, 2, 3]])
    np.testing.assert_array_equal(y_out, y[[0, 2, 3]])
    np.testing.assert_array_equal(poison_filter.poison_mask_, [False, True, False, False, True])
    np.testing.assert_array_equal(poison_filter.sample_indices_, [0, 2, 3])


def test_a_class_that_would_vanish_keeps_its_least_anomalous_half():
    X = np.array([[0, 5], [1, 5], [1, 1], [1, 3], [1, 2]])
    y = np.array(["a", "a", "b", "b", "b"])
    poison_filter = PoisonFilter(FlagWhereFirstColumnIsOne())
    with pytest.warns(UserWarning, match="all 3 rows of class 'b'.*keeping the 2"):
        _, y_out = poison_filter.fit_resample(X, y)
    np.testing.assert_array_equal(poison_filter.sample_indices_, [0, 3, 4])
    assert y_out.tolist() == ["a", "b", "b"]


@pytest.mark.parametrize("n_rare, n_flagged", [(9, 5), (9, 4), (10, 6), (9, 9)])
def test_before_a_rare_class_shrinks_there_is_a_warning(n_rare, n_flagged):
    """Rare: fewer than a tenth of the rows; shrinks: more than half of them are flagged."""
    y = np.repeat(["common", "rare"], [100 - n_rare, n_rare])
    X = np.column_stack([np.zeros(100), np.arange(100)])
    X[100 - n_flagged :, 0] = 1
    X[:60, 0] = 1  # most of a common class: no warning
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, y_out = PoisonFilter(FlagWhereFirstColumnIsOne()).fit_resample(X, y)
    messages = [str(w.message) for w in caught if "rows of class" in str(w.message)]
    if (n_rare, n_flagged) == (9, 5):
        (message,) = messages
        assert "flags 5 of the 9 rows of class 'rare'" in message
    elif n_flagged == 9:
        (message,) = messages
        assert "all 9 rows of class 'rare'" in message
    else:
        assert not messages
    assert (y_out == "rare").sum() == (5 if n_flagged == 9 else n_rare - n_flagged)


def test_prefit_detector_is_used_as_it_is():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="prefit=True needs a fitted detector"):
        PoisonFilter(prefit=True).fit_resample(X, y)
    with pytest.raises(NotFittedError):
        PoisonFilter(CentroidDetector(), prefit=True).fit_resample(X, y)

    detector = CentroidDetector(contamination=0.1).fit(X[::2], y[::2])
    poison_filter = PoisonFilter(detector, prefit=True)
    poison_filter.fit_resample(X, y)
    assert poison_filter.detector_ is detector
    np.testing.assert_array_equal(poison_filter.poison_mask_, detector.predict(X, y) == -1)

    frozen = make_pipeline(PoisonFilter(FrozenEstimator(detector), prefit=True), SVC())
    assert cross_val_score(frozen, X, y).mean() > 0.9


@pytest.mark.parametrize(
    "make", [make_scikit_learn_pipeline, make_pipeline, make_detector_pipeline]
)
@pytest.mark.parametrize("prefit", [False, True])
def test_the_detector_may_stand_at_the_end_of_a_pipeline(make, prefit):
    """Also where a class would vanish, and decides about the rows that are kept."""
    X, y = load_iris(return_X_y=True)
    y = np.where(np.arange(150) == 60, 3, y)  # far from its kind: a class of one
    y[[70, 80, 90]] = 3
    alone = PoisonFilter(CentroidDetector(standardize=True, contamination=0.5))
    pipeline = make(StandardScaler(), CentroidDetector(standardize=True, contamination=0.5))
    if prefit:
        alone.set_params(detector=clone(alone.detector).fit(X, y), prefit=True)
        pipeline.fit(X, y)
    X[:50] += [0, 9, 0, 0] if prefit else 0  # all rows of class 0 are flagged
    behind = PoisonFilter(FrozenEstimator(pipeline) if prefit else pipeline, prefit=prefit)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        alone.fit_resample(X, y)
        behind.fit_resample(X, y)
    np.testing.assert_array_equal(behind.sample_indices_, alone.sample_indices_)
    assert ("all 50 rows of class 0" in str([str(w.message) for w in caught])) == prefit


def test_a_detector_behind_a_sampler_is_refused():
    X, y = load_iris(return_X_y=True)
    detector = make_pipeline(RandomUnderSampler(sampling_strategy={0: 20}), CentroidDetector())
    with pytest.raises(ValueError, match=r"120 verdicts on 150 rows.*sampler"):
        PoisonFilter(detector).fit_resample(X, y)


def test_what_is_no_outlier_detector_is_refused_by_name():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(TypeError, match=r"detector=SVC\(\) .* fit_predict"):
        PoisonFilter(SVC()).fit_resample(X, y)


def test_cross_validation_poisons_and_cleans_training_folds_only():
    iris = load_iris(as_frame=True)
    y = iris.target.map(dict(enumerate(iris.target_names)))
    flips = LabelFlipAttack(rate=0.3, injection="replace", random_state=0)
    victim = KNeighborsClassifier(1)  # repeats every wrong label that it is given
    undefended = make_pipeline(flips, victim)
    detector = CentroidDetector(contamination=GaussianMixtureThreshold(), random_state=0)
    defended = make_pipeline(flips, PoisonFilter(detector), victim)
    accuracy_undefended = cross_val_score(undefended, iris.data, y).mean()
    assert accuracy_undefended < 0.8
    assert cross_val_score(defended, iris.data, y).mean() > accuracy_undefended + 0.1


def test_containers_come_back_as_they_came():
    iris = load_iris(as_frame=True)
    X, y = make_pipeline(
        LabelFlipAttack(random_state=0), PoisonFilter(KNNDetector(random_state=0))
    ).fit_resample(iris.data, iris.target)
    assert isinstance(X, pd.DataFrame) and isinstance(y, pd.Series)
    assert X.columns.tolist() == iris.data.columns.tolist()
    assert X.dtypes.tolist() == iris.data.dtypes.tolist() and y.dtype == iris.target.dtype


ROWS = {
    "polars": lambda X: pl.DataFrame(X, schema=list("abcd")),
    "images": lambda X: (10 * X.reshape(-1, 2, 2)).astype(np.uint8),
    "big-endian": lambda X: X.astype(">f4"),
    "list": lambda X: X.tolist(),
    "sparse": sparse.csc_array,
    "arrow": lambda X: pd.DataFrame(X, columns=list("abcd")).astype("double[pyarrow]"),
    "gaps": lambda X: np.where(X > 6, np.nan, X),
}
LABELS = {
    "one-hot": lambda y: np.eye(3, dtype=np.int8)[y],
    "list": lambda y: [f"kind {label}" for label in y],
    "nullable": lambda y: pd.Series(y, dtype="Int64", name="kind"),
    "polars": lambda y: pl.Series("kind", y),
}


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("labels", LABELS)
def test_every_container_of_rows_and_labels_comes_back(rows, labels):
    X, y = load_iris(return_X_y=True)
    X, y = ROWS[rows](X), LABELS[labels](y)
    poison_filter = PoisonFilter(CentroidDetector(contamination=0.1))
    X_out, y_out = poison_filter.fit_resample(X, y)
    kept = poison_filter.sample_indices_
    assert len(kept) == 135 and type(X_out) is type(X) and type(y_out) is type(y)
    assert getattr(X_out, "dtype", None) == getattr(X, "dtype", None)
    plain = [np.asarray(r.toarray() if sparse.issparse(r) else r) for r in (X, X_out)]
    np.testing.assert_array_equal(plain[1], plain[0][kept])
    np.testing.assert_array_equal(np.asarray(y_out), np.asarray(y)[kept])


def test_rows_keep_their_names():
    iris = load_iris(as_frame=True)
    names = pd.Index([f"flower {number}" for number in range(150)], name="flower")
    X, y = iris.data.set_index(names), iris.target.set_axis(names).astype("Int64")
    poison_filter = PoisonFilter(CentroidDetector(contamination=0.1))
    X_out, y_out = poison_filter.fit_resample(X, y)
    pd.testing.assert_frame_equal(X_out, X[~poison_filter.poison_mask_])
    pd.testing.assert_series_equal(y_out, y[~poison_filter.poison_mask_])
    assert len(X_out) == 135


def test_grid_search_over_rate_and_detector():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(LabelFlipAttack(random_state=0), PoisonFilter(), SVC())
    search = GridSearchCV(
        pipeline,
        {
            "labelflipattack__rate": [0.1, 0.3],
            "poisonfilter__detector": [CentroidDetector(random_state=0), KNNDetector()],
            "poisonfilter__detector__contamination": ["auto", 0.2],
        },
        cv=3,
    ).fit(X, y)
    assert len(search.cv_results_["params"]) == 8
    assert search.best_score_ > 0.9
