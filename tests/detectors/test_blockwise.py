"""Rows judged block by block are held against the same rows judged in memory."""

import traceback

import dask.array as da
import dask.dataframe as dd
import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from skpoison.detectors import BlockwiseDetector, CentroidDetector, EnsembleDetector
from skpoison.filtering import PoisonFilter

N = 900
X, Y = make_blobs(N, centers=3, n_features=4, random_state=0)
X = X.astype(np.float32)
Y = np.array(["a", "b", "c"])[Y]
WRONG = np.arange(N) % 10 == 0
Y[WRONG] = np.array(["b", "c", "a"])[np.searchsorted(["a", "b", "c"], Y[WRONG])]
NAMES = ["one", "two", "three", "four"]
FRAME = pd.DataFrame(X, columns=NAMES)
QUICK = CentroidDetector(standardize=True, contamination=0.1)


@pytest.fixture
def folder(tmp_path):
    """Three files, of which each has five row groups; the labels are the third column."""
    table = FRAME.assign(number=range(N))
    table.insert(2, "label", Y)
    for number, start in enumerate(range(0, N, 300)):
        part = pa.Table.from_pandas(table[start : start + 300], preserve_index=False)
        pq.write_table(part.drop_columns("number"), tmp_path / f"{number}.parquet", 64)
    return tmp_path


def mapped(tmp_path):
    rows = np.memmap(tmp_path / "rows", dtype=np.float32, mode="w+", shape=X.shape)
    rows[:] = X
    return rows


CONTAINERS = {
    "ndarray": lambda folder: (X, Y),
    "memmap": lambda folder: (mapped(folder.parent), Y),
    "frame": lambda folder: (FRAME, pd.Series(Y)),
    "sparse": lambda folder: (sparse.coo_array(X), Y),
    "parquet": lambda folder: (str(folder), "label"),
    "dataset": lambda folder: (ds.dataset(folder, format="parquet"), "label"),
    "dask array": lambda folder: (da.from_array(X, chunks=(170, 3)), da.from_array(Y, chunks=250)),
    "dask frame": lambda folder: (dd.from_pandas(FRAME, npartitions=4), Y),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_all_rows_fit_or_blocks_are_judged_as_in_memory(container, folder, tmp_path_factory):
    rows, labels = CONTAINERS[container](folder)
    detector = BlockwiseDetector(QUICK, max_rows=N, block_size=100, random_state=1)
    np.testing.assert_array_equal(detector.fit_predict(rows, labels), QUICK.fit_predict(X, Y))

    verdict = detector.set_params(max_rows=500).fit_predict(rows, labels)
    drawn = detector.sample_indices_
    assert len(drawn) == 500 and (np.diff(drawn) > 0).all()
    in_memory = clone(QUICK).fit(X[drawn], Y[drawn])
    np.testing.assert_array_equal(verdict, in_memory.predict(X, Y))
    for method in ("score_samples", "decision_function", "poison_probability"):
        for given, y in ((labels, Y), (None, None)):
            judged = getattr(detector, method)(rows, given)
            assert type(judged) is np.ndarray
            np.testing.assert_allclose(judged, getattr(in_memory, method)(X, y), rtol=1e-5)
    np.testing.assert_allclose(detector.class_scores(rows), in_memory.class_scores(X), rtol=1e-5)


def test_the_default_detector_finds_wrong_labels_and_rows_of_the_sample_keep_their_scores(folder):
    detector = BlockwiseDetector(max_rows=600, block_size=100, random_state=0)
    verdict = detector.fit_predict(folder, "label")
    assert (verdict[WRONG] == -1).mean() > 0.9 and (verdict[~WRONG] == -1).mean() < 0.02
    scores = detector.score_samples(folder, "label")[detector.sample_indices_]
    np.testing.assert_allclose(scores, detector.training_scores_)


def test_the_sample_is_that_of_the_seed_and_holds_every_class():
    y = np.repeat([0, 1, 2, 3], [8000, 1900, 96, 4])
    rows = np.arange(10_000.0)[:, None]
    drawn, times = set(), np.zeros(10_000)
    for seed in range(100):
        detector = BlockwiseDetector(QUICK, max_rows=1000, random_state=seed)
        indices = detector.fit(rows, y).sample_indices_
        counts = np.bincount(y[indices])
        assert counts.sum() == len(set(indices)) == 1000 and (counts[2:] >= [10, 4]).all()
        drawn.add(indices.tobytes())
        times[indices] += 1
    assert len(drawn) == 100
    # ten of each class come first, then 966 of the 9,966 others
    for rows_of, n in ((slice(8000), 8000), (slice(8000, 9900), 1900)):
        expected = 100 * (10 + 966 * (n - 10) / 9966) / n
        assert times[rows_of].mean() == pytest.approx(expected, abs=0.25)
        assert times[rows_of].var() == pytest.approx(100 * 0.1 * 0.9, rel=0.15)  # binomial

    detector.set_params(block_size=17, n_jobs=2)
    chunks = da.from_array(rows, chunks=(333, 1))
    np.testing.assert_array_equal(detector.fit(chunks, y).sample_indices_, indices)


def test_seed_and_contamination_reach_the_detector():
    own = EnsembleDetector(contamination=0.2, random_state=3).fit(X[:400], Y[:400])
    detector = BlockwiseDetector(contamination=0.2, random_state=3).fit(X[:400], Y[:400])
    np.testing.assert_array_equal(detector.training_scores_, own.training_scores_)
    assert detector.offset_ == own.offset_ and detector.contamination_ == own.contamination_
    assert (detector.predict(X[:400], Y[:400]) == -1).sum() == 80


def test_in_a_filter():
    poison_filter = PoisonFilter(BlockwiseDetector(QUICK, max_rows=300, random_state=0))
    kept, labels = poison_filter.fit_resample(FRAME, Y)
    expected = poison_filter.detector_.detector_.predict(FRAME, Y) == 1
    pd.testing.assert_frame_equal(kept, FRAME[expected])
    np.testing.assert_array_equal(labels, Y[expected])


def test_a_frozen_detector_judges_as_it_is(folder):
    fitted = clone(QUICK).fit(X[:400], Y[:400])
    detector = BlockwiseDetector(FrozenEstimator(fitted), block_size=100)
    assert detector.fit(folder).detector_ is fitted
    np.testing.assert_array_equal(detector.fit_predict(X, Y), fitted.predict(X, Y))
    with pytest.raises(ValueError, match=r"contamination=0.1 cannot change"):
        detector.set_params(contamination=0.1).fit(X)
    with pytest.raises(NotFittedError):
        BlockwiseDetector(FrozenEstimator(CentroidDetector())).fit(X)


@pytest.fixture(scope="module")
def client():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as c:
        with Client(c) as client:
            yield client


def test_on_a_cluster_and_by_back_ends_that_share_no_memory(folder, client):
    detector = BlockwiseDetector(QUICK, max_rows=500, block_size=100, n_jobs=2, random_state=1)
    expected = detector.fit(FRAME, Y).score_samples(FRAME, Y)
    partitions = dd.read_parquet(folder)
    cases = {
        "threading": (folder, "label"),
        "loky": (folder, "label"),
        "dask": (FRAME, Y),
    }
    for backend, (rows, labels) in cases.items():
        with joblib.parallel_config(backend):
            np.testing.assert_allclose(detector.score_samples(rows, labels), expected)
    judged = detector.score_samples(partitions[NAMES], partitions["label"])
    np.testing.assert_allclose(judged, expected)
    X_nan = da.from_array(np.where(np.arange(N)[:, None] == 500, np.nan, X), chunks=(300, 4))
    with pytest.raises(ValueError, match="contains NaN"):
        detector.fit(X, Y).predict(X_nan, Y)


def test_labels_not_seen_in_fit_are_flagged_with_one_warning(folder):
    detector = BlockwiseDetector(QUICK, block_size=100).fit(X, Y)
    y = Y.astype("U9")
    y[[5, 6, 350]] = "new"
    y[700:800] = "newer"  # a block of its own
    with pytest.warns(UserWarning, match=r"\['new', 'newer'\], in 103 rows") as caught:
        verdict = detector.predict(X, y)
    assert len(caught) == 1
    unknown = ~np.isin(y, ["a", "b", "c"])
    assert (verdict[unknown] == -1).all()
    np.testing.assert_array_equal(verdict[~unknown], detector.predict(X, Y)[~unknown])
    with pytest.warns(UserWarning, match="not seen in fit"):
        assert (detector.poison_probability(X, y)[unknown] == 1).all()
    with pytest.warns(UserWarning, match="not seen in fit"):  # more classes than rows
        detector.set_params(max_rows=20).fit_predict(X, np.arange(N) // 9)


def test_an_error_says_in_which_rows_it_came():
    detector = BlockwiseDetector(QUICK, block_size=100).fit(X, Y)
    X_nan = X.copy()
    X_nan[555] = np.nan
    with pytest.raises(ValueError, match="contains NaN") as error:
        detector.predict(X_nan, Y)
    assert "In rows 500 to 599 of X" in "".join(traceback.format_exception(error.value))


def test_columns_of_parquet_files(folder):
    detector = BlockwiseDetector(QUICK, max_rows=500, random_state=0)
    expected = detector.fit(FRAME[["two", "one"]], Y).score_samples(FRAME[["two", "one"]], Y)
    chosen = pa.schema([("two", pa.float32()), ("label", pa.string()), ("one", pa.float32())])
    dataset = ds.dataset(folder, schema=chosen, format="parquet")
    np.testing.assert_array_equal(detector.fit(dataset, "label").training_scores_.shape, (500,))
    assert detector.feature_names_in_.tolist() == ["two", "one"]
    np.testing.assert_array_equal(detector.score_samples(dataset, "label"), expected)
    np.testing.assert_array_equal(detector.score_samples(folder, Y), expected)


def rewritten(folder, change):
    path = folder / "1.parquet"
    table = change(pq.read_table(path))
    pq.write_table(table, path)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: t.drop_columns("two"), r"1\.parquet of X lacks the column 'two'"),
        (lambda t: t.append_column("more", t["two"]), r"1\.parquet of X has the column 'more'"),
        (
            lambda t: t.set_column(0, "one", t["label"]),
            r"1\.parquet of X holds strings in the column 'one', other files numbers",
        ),
    ],
)
def test_files_of_other_columns_are_refused(folder, change, message):
    rewritten(folder, change)
    with pytest.raises(ValueError, match=message):
        BlockwiseDetector().fit(folder, "label")


def test_files_may_differ_in_order_and_width_of_columns(folder):
    expected = BlockwiseDetector(QUICK).fit(folder, "label").training_scores_
    rewritten(folder, lambda t: t.select(["four", "label", "two", "one", "three"]))
    rewritten(folder, lambda t: t.set_column(0, "four", t["four"].cast(pa.float64())))
    again = BlockwiseDetector(QUICK).fit(folder, "label").training_scores_
    np.testing.assert_array_equal(again, expected)


def test_what_is_refused_before_any_work(folder, tmp_path):
    detector = BlockwiseDetector()
    frame = dd.from_pandas(FRAME, npartitions=3)
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        detector.fit(frame.values, Y)
    with pytest.raises(TypeError, match="Dask array or DataFrame, got a Dask Delayed"):
        detector.fit(frame.to_delayed()[0], Y)
    with pytest.raises(ValueError, match="y has 899 labels, but X has 900 rows"):
        detector.fit(frame, Y[1:])
    with pytest.raises(ValueError, match="y='class' is no column of X"):
        detector.fit(folder, "class")
    with pytest.raises(ValueError, match="y='label' can name a column only where X is Parquet"):
        detector.fit(FRAME, "label")
    with pytest.raises(FileNotFoundError, match="X='nowhere' names no file"):
        detector.fit("nowhere", Y)
    with pytest.raises(ValueError, match="one per row"):
        detector.fit(X, X[:, 0])
    with pytest.raises(TypeError, match=r"must hold a detector of skpoison.detectors"):
        BlockwiseDetector(FrozenEstimator(3)).fit(X, Y)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no row"):
        detector.fit(tmp_path / "empty", "label")
    with pytest.raises(ValueError, match="Dask collection that holds no row"):
        detector.fit(da.empty((0, 4)), [])
    fitted = BlockwiseDetector(QUICK).fit(FRAME.assign(five=1.0), Y)
    with pytest.raises(ValueError, match=r"X lacks columns that were seen in fit: \['five'\]"):
        fitted.predict(folder, "label")


def test_progress_is_shown(capsys):
    detector = BlockwiseDetector(QUICK, block_size=100, verbose=1).fit(X, Y)
    for rows in (X, da.from_array(X, chunks=(300, 4))):
        detector.score_samples(rows, Y)
        assert "100%" in capsys.readouterr().err
