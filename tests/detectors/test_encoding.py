"""Rows as people bring them: mixed tables, texts, sparse matrices; and whoever takes them as is."""

from time import process_time

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from skrub import StringEncoder, TableVectorizer

from skpoison.detectors import ConfidentLearningDetector, EnsembleDetector, MarginDetector
from skpoison.detectors._encoding import make_encoder
from skpoison.filtering import PoisonFilter
from skpoison.inspection import suspicious_rows

N_ROWS = 400
RNG = np.random.RandomState(0)
TRUE = RNG.randint(2, size=N_ROWS)
WRONG = RNG.permutation(N_ROWS) < 40
Y = np.array(["ham", "spam"])[TRUE ^ WRONG]
WORDS = [[f"{name}{number}" for number in range(300)] for name in ("hello", "money")]


def table():
    """Columns of numbers and of strings that tell the classes, with gaps."""
    number = TRUE * 6 + RNG.normal(size=N_ROWS)
    number[::17] = np.nan
    kind = np.where(RNG.uniform(size=N_ROWS) < 0.99, TRUE, 1 - TRUE)
    kind = np.array(["blue", "red"], dtype=object)[kind]
    kind[5::19] = None
    names = [f"row {i}" for i in range(N_ROWS)]
    return pd.DataFrame({"number": number, "kind": kind, "noise": RNG.normal(size=N_ROWS)}, names)


def texts():
    return [" ".join(RNG.choice(WORDS[label], size=30)) for label in TRUE]


TABLE, TEXTS = table(), texts()
TFIDF = TfidfVectorizer().fit_transform(TEXTS)
ROWS = {"table": TABLE, "texts": TEXTS, "series": pd.Series(TEXTS), "sparse": TFIDF}
ROWS["sparse array"] = sparse.csc_array(TFIDF)


@pytest.mark.parametrize("kind", ROWS)
def test_the_default_takes_them(kind, monkeypatch):
    rows = ROWS[kind]
    if sparse.issparse(rows):
        monkeypatch.setattr(type(rows), "toarray", None)  # never made dense
    detector = EnsembleDetector(random_state=0).fit(rows, Y)
    verdict = detector.predict(rows, Y)
    assert f1_score(WRONG, verdict == -1) > (0.85 if kind == "table" else 0.95)
    assert detector.contamination_ == pytest.approx(0.1, abs=0.02)
    found = suspicious_rows(detector, rows, Y, n_rows=5)
    assert (found["given_label"] != found["suggested_label"]).all()


def test_columns_of_many_strings_are_encoded_alike_in_every_fit():
    names = [f"{WORDS[label][i % 300]} street {i}" for i, label in enumerate(TRUE)]
    frame = TABLE.assign(name=names)
    one, two = (EnsembleDetector(random_state=0).fit(frame, Y).training_scores_ for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_rows_that_were_not_fitted_are_encoded_alike():
    half = slice(0, 200)
    detector = EnsembleDetector(random_state=0).fit(TABLE[half], Y[half])
    verdict = detector.predict(TABLE[200:], Y[200:])
    assert f1_score(WRONG[200:], verdict == -1) > 0.75
    with pytest.raises(ValueError, match="feature names"):
        detector.predict(TABLE[["number", "kind"]], Y)
    with pytest.raises(ValueError, match="X must hold texts"):
        EnsembleDetector().fit(TEXTS, Y).predict(np.ones((400, 2)), Y)


CLASSIFIERS = {
    "table": make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["kind"]), remainder="passthrough"
        ),
        HistGradientBoostingClassifier(max_iter=20),
    ),
    "texts": make_pipeline(TfidfVectorizer(), LogisticRegression(C=100)),
    "sparse": LogisticRegression(C=100),
}


@pytest.mark.parametrize("kind", CLASSIFIERS)
@pytest.mark.parametrize("detector", [MarginDetector, ConfidentLearningDetector])
def test_a_classifier_of_one_s_own_gets_rows_as_they_are(kind, detector):
    fitted = detector(CLASSIFIERS[kind], random_state=0).fit(ROWS[kind], Y)
    verdict = fitted.predict(ROWS[kind], Y)
    assert f1_score(WRONG, verdict == -1) > 0.75
    if kind == "texts":  # a row that was fitted keeps its score, another one gets a new one
        np.testing.assert_array_equal(
            fitted.score_samples(TEXTS[:3], Y[:3]), fitted.training_scores_[:3]
        )
        assert fitted.score_samples(["hello1 hello2 hello3"], ["ham"]) != 0


def test_missing_numbers_reach_a_classifier_that_takes_them():
    X = TABLE[["number", "noise"]].to_numpy()
    detector = ConfidentLearningDetector(HistGradientBoostingClassifier(max_iter=20))
    assert f1_score(WRONG, detector.fit_predict(X, Y) == -1) > 0.6


def test_gaps_are_filled_and_said_to_have_been_there():
    X = TABLE[["number", "noise"]].to_numpy()
    detector = EnsembleDetector(random_state=0).fit(X, Y)
    assert f1_score(WRONG, detector.predict(X, Y) == -1) > 0.85
    gaps_tell = np.column_stack([np.where(TRUE == 1, np.nan, 5.0), RNG.normal(size=N_ROWS)])
    verdict = EnsembleDetector(random_state=0).fit_predict(gaps_tell, Y)
    assert f1_score(WRONG, verdict == -1) > 0.95
    with pytest.raises(ValueError, match="NaN"):  # the rows of the fit had none
        EnsembleDetector(random_state=0).fit(
            X[~np.isnan(X).any(axis=1)], Y[TABLE["number"].notna()]
        ).predict(X, Y)
    with pytest.raises(ValueError, match="infinity"):
        EnsembleDetector().fit(np.where(np.isnan(X), np.inf, X), Y)


@pytest.mark.parametrize("detector", [MarginDetector, ConfidentLearningDetector])
def test_images_reach_a_classifier_of_ones_own_unflattened(detector):
    class Flat(LogisticRegression):
        def fit(self, X, y):
            assert X.shape[1:] == (2, 1)
            return super().fit(X.reshape(len(X), -1), y)

        def predict_proba(self, X):
            return super().predict_proba(X.reshape(len(X), -1))

        def decision_function(self, X):
            X = X.reshape(len(X), -1)
            return super().decision_function(X)

    X = np.column_stack([TRUE * 6 + RNG.normal(size=N_ROWS), RNG.normal(size=N_ROWS)])
    images = X.reshape(-1, 2, 1)
    plain = detector(LogisticRegression(), random_state=0).fit(X, Y)
    fitted = detector(Flat(), random_state=0).fit(images, Y)
    assert f1_score(WRONG, fitted.predict(images, Y) == -1) > 0.95
    assert (plain.predict(X, Y) == fitted.predict(images, Y)).all()


@pytest.mark.parametrize("kind", ["table", "texts", "series", "sparse"])
def test_the_filter_gives_back_the_same_container(kind):
    poison_filter = PoisonFilter(EnsembleDetector(random_state=0))
    X, y = poison_filter.fit_resample(ROWS[kind], pd.Series(Y, name="label"))
    kept = poison_filter.sample_indices_
    assert type(X) is type(ROWS[kind]) and isinstance(y, pd.Series) and y.name == "label"
    assert y.tolist() == Y[kept].tolist() and len(kept) < 380
    if kind == "table":
        pd.testing.assert_frame_equal(X, TABLE.iloc[kept])
    elif kind == "sparse":
        assert (X != TFIDF[kept]).nnz == 0
    else:
        assert list(X) == [TEXTS[row] for row in kept]


def test_images_go_through_the_filter_as_they_are():
    images = (RNG.uniform(size=(100, 8, 8)) * 255).astype(np.uint8)
    images[50:, :4] //= 4
    y = np.repeat([0, 1], 50)
    y[:5] = 1
    poison_filter = PoisonFilter(MarginDetector(contamination=0.05, random_state=0))
    X, _ = poison_filter.fit_resample(images, y)
    assert X.dtype == np.uint8 and X.shape[1:] == (8, 8) and len(X) < 100
    np.testing.assert_array_equal(X, images[poison_filter.sample_indices_])


def wide_table(rng, n_rows):
    """Columns of every dtype side by side, with gaps, and some that are empty."""
    number = rng.normal(size=n_rows) * 1e3
    gap = rng.uniform(size=n_rows) < 0.2
    whole = pd.Series(number.astype(int))
    return pd.DataFrame(
        {
            "float": np.where(gap, np.nan, number),
            "word": np.where(gap, None, rng.choice(["red", "blue"], n_rows)),
            "half": (number / 100).astype(np.float16),
            "empty": np.full(n_rows, np.nan),
            "nullable": whole.astype("Int64").mask(gap),
            "no word": np.full(n_rows, None),
            "date": pd.Timestamp("2020-02-20") + pd.to_timedelta(whole, unit="h"),
            "arrow": pd.Series(number).astype("double[pyarrow]").mask(gap),
            "text": [f"word{rng.randint(200)} of many" for _ in range(n_rows)],
            "whole": whole.astype(np.int32),
            "truth": number > 0,
            "numbers as objects": pd.Series(number).astype(object).mask(gap, None),
        }
    )


@pytest.mark.parametrize(
    "columns",
    [slice(None), ["float", "empty", "nullable", "whole"], ["word", "text"], ["no word", "half"]],
)
def test_columns_of_numbers_are_encoded_at_once_as_skrub_does_one_by_one(columns):
    rng = np.random.RandomState(0)
    rows, new = (wide_table(rng, n_rows).loc[:, columns] for n_rows in (300, 40))
    oracle = make_pipeline(
        TableVectorizer(high_cardinality=StringEncoder(random_state=0)),
        SimpleImputer(add_indicator=True, keep_empty_features=True),
    )
    encoder = make_encoder("table")
    for expected, found in [
        (oracle.fit_transform(rows), encoder.fit_transform(rows)),
        (oracle.transform(new), encoder.transform(new)),
        (oracle.transform(new.astype(object)), encoder.transform(new.astype(object))),
    ]:
        np.testing.assert_array_equal(found, expected, strict=True)


def test_a_wide_table_with_gaps_takes_no_time_for_each_column():
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(200, 3000))
    table = pd.DataFrame(np.where(rng.uniform(size=rows.shape) < 0.1, np.nan, rows)).add_prefix("c")
    started = process_time()
    make_encoder("table").fit(table)
    assert process_time() - started < 3  # one column after another: 15
