"""A detector for rows that do not fit in memory."""

from functools import partial
from numbers import Integral
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import _fit_context, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _num_samples, check_is_fitted

from skpoison._typing import Contamination, Estimator, FloatArray, IntArray, RandomState, Rows
from skpoison.detectors._base import BasePoisonDetector
from skpoison.detectors._ensemble import EnsembleDetector
from skpoison.utils._row_blocks import open_rows

ROWS_OF_A_CLASS = 10  # that the sample holds, if the class has them
OF_THE_DETECTOR = (
    "classes_",
    "contamination_",
    "contamination_interval_",
    "feature_names_in_",
    "fitted_threshold_",
    "n_features_in_",
    "offset_",
    "training_class_scores_",
    "training_scores_",
    "_labelled",
)


class BlockwiseDetector(BasePoisonDetector):
    """Judge rows block by block: data sets larger than memory.

    A detector is fitted to a random sample of the rows, which is held in memory. It then judges all
    rows in blocks, side by side. Rows of the sample keep the scores that they got in its fit. What
    comes back is an array in the order of the rows, one number a row, wherever the rows are.

    Every method takes as `X`

    - anything that other detectors take; a ``numpy.memmap`` is read block by block;
    - a Dask array or DataFrame, whose partitions are judged where Dask's scheduler puts them, on
      the workers of a cluster if a ``distributed.Client`` is active. Only labels, sample and
      results come to this process;
    - the path of a folder of Parquet files, or a :class:`pyarrow.dataset.Dataset` of some. The
      rows are those of the files in the order of their names. `y` may be the name of a column; the
      others are features. To choose among them, open the data set with a `schema` of those wanted.

    The labels may be a Dask collection or memory-mapped as well.

    Parameters
    ----------
    detector : BasePoisonDetector, default=None
        A clone of it is fitted to the sample. A fitted one in
        :class:`sklearn.frozen.FrozenEstimator` judges as it is. None: ``EnsembleDetector()``.

    max_rows : int, default=50_000
        Most rows of the sample. Where all rows are no more than these, they are the sample, and the
        verdict is that of `detector`.

    block_size : int, default=20_000
        Most rows that are judged at once. Memory for some copies of them is needed, times the
        blocks judged side by side.

    n_jobs : int, default=None
        Number of blocks that joblib judges side by side, in threads unless another back end is
        active. Dask collections are left to Dask.

    verbose : int, default=0
        1 shows a progress bar.

    contamination : "auto", float or threshold rule, default="auto"
        Takes the place of the `contamination` of `detector`; "auto" leaves it as it is.

    random_state : int, RandomState instance or None, default=None
        Draws the sample, and seeds `detector` where that has no seed of its own.

    Attributes
    ----------
    detector_ : BasePoisonDetector
        The fitted detector.

    sample_indices_ : ndarray of shape (n_sampled,)
        The rows that it was fitted to, in increasing order; none of a frozen one.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in the sample.

    fitted_threshold_ : threshold rule
        That of the fitted detector.

    training_class_scores_ : ndarray of shape (n_sampled, n_classes)
        Anomaly scores of the sample under each label.

    training_scores_ : ndarray of shape (n_sampled,)
        ``score_samples`` of the sample with its labels.

    offset_ : float
        Threshold on ``score_samples``.

    contamination_ : float
        Estimated share of poison in the sample.

    contamination_interval_ : tuple of float
        Its 90 % interval.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    EnsembleDetector : The default detector.

    Notes
    -----
    The sample is drawn without replacement, every row with the same probability, but for rare
    classes: ten rows of each (all, where there are fewer) come first. It depends on the labels and
    `random_state` alone, not on blocks or jobs. A class is missing only where there are more
    classes than `max_rows`; its rows are flagged, with a warning, as under any label not seen in
    fit.

    Parquet files are read twice, for the sample and for the verdict. Labels of all rows are held in
    memory. Back ends of joblib that share no memory get each block from this process, but read
    Parquet files themselves.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_blobs
    >>> from skpoison.detectors import BlockwiseDetector
    >>> X, y = make_blobs(5000, centers=3, n_features=5, random_state=0)
    >>> y[:500] = (y[:500] + 1) % 3
    >>> detector = BlockwiseDetector(max_rows=1000, block_size=500, random_state=0)
    >>> poison = detector.fit_predict(X, y) == -1
    >>> bool((poison == (np.arange(5000) < 500)).mean() > 0.99)
    True
    >>> len(detector.sample_indices_), round(detector.contamination_, 1)
    (1000, 0.1)
    """

    _fit_scores = _scores = None  # type: ignore[assignment]  # `detector` has them

    _parameter_constraints = {
        **BasePoisonDetector._parameter_constraints,
        "detector": [BasePoisonDetector, FrozenEstimator, None],
        "max_rows": [Interval(Integral, 1, None, closed="left")],
        "block_size": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        detector: Estimator | None = None,
        *,
        max_rows: int = 50_000,
        block_size: int = 20_000,
        n_jobs: int | None = None,
        verbose: int = 0,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.detector = detector
        self.max_rows = max_rows
        self.block_size = block_size
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Rows, y: ArrayLike | None = None) -> Self:
        """Fit the detector to a sample of an untrusted training set.

        Parameters
        ----------
        X : array-like, Dask collection, str, Path or Dataset of shape (n_samples, ...)
            The rows, in memory or not.

        y : array-like or Dask collection of shape (n_samples,), or str, default=None
            Their labels, or the name of the column of Parquet files that holds them. Without them
            all rows are taken to be of one class.

        Returns
        -------
        self : object
            The fitted detector.

        Raises
        ------
        ValueError
            If Parquet files have different columns, chunks of a Dask array are of unknown sizes,
            `y` does not fit `X` or is no classification target, or rows hold NaN or inf.
        """
        if isinstance(self.detector, FrozenEstimator):
            self.detector_ = self._frozen_detector()
            self.sample_indices_ = np.empty(0, dtype=int)
            self._drew_all = False
        else:
            rows = open_rows(X)
            labels = None if y is None else rows.labels(y)
            codes = None if y is None else pd.factorize(labels)[0]
            random_state = check_random_state(self.random_state)
            self.sample_indices_ = draw_sample(rows.n_rows, codes, self.max_rows, random_state)
            self._drew_all = len(self.sample_indices_) == rows.n_rows
            self.detector_ = self._unfitted_detector().fit(
                rows.take(self.sample_indices_),
                None if labels is None else labels[self.sample_indices_],
            )
        for name in OF_THE_DETECTOR:
            if hasattr(self.detector_, name):
                setattr(self, name, getattr(self.detector_, name))
        return self

    def fit_predict(self, X: Rows, y: ArrayLike | None = None) -> IntArray:
        """Fit the detector to a sample of the rows and judge them all.

        Parameters
        ----------
        X : array-like, Dask collection, str, Path or Dataset of shape (n_samples, ...)
            The rows.

        y : array-like or Dask collection of shape (n_samples,), or str, default=None
            Their labels, or the name of their column.

        Returns
        -------
        verdict : ndarray of shape (n_samples,)
            +1 for clean rows, -1 for poison.
        """
        self.fit(X, y)
        if self._drew_all:
            return np.where(self.training_scores_ >= self.offset_, 1, -1)
        return self.predict(X, y)

    def score_samples(self, X: Rows, y: ArrayLike | None = None) -> FloatArray:
        """Score rows: the higher, the more normal.

        Parameters
        ----------
        X : array-like, Dask collection, str, Path or Dataset of shape (n_samples, ...)
            The rows.

        y : array-like or Dask collection of shape (n_samples,), or str, default=None
            Their labels, or the name of their column. Without them each row is judged under the
            label that suits it best.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            The negative anomaly score; ``-inf`` under a label that was not seen in fit.

        Warns
        -----
        UserWarning
            If `y` holds labels that were not seen in fit. Their rows are flagged.
        """
        return self._map("score_samples", X, y, if_unknown=-np.inf)

    def poison_probability(self, X: Rows, y: ArrayLike | None = None) -> FloatArray:
        """Tell how probable it is that rows are poison.

        Parameters
        ----------
        X : array-like, Dask collection, str, Path or Dataset of shape (n_samples, ...)
            The rows.

        y : array-like or Dask collection of shape (n_samples,), or str, default=None
            Their labels, or the name of their column.

        Returns
        -------
        probability : ndarray of shape (n_samples,)
            By the threshold rule; 1 under a label that was not seen in fit.
        """
        return self._map("poison_probability", X, y, if_unknown=1.0)

    def class_scores(self, X: Rows) -> FloatArray:
        """Score rows under each label.

        Parameters
        ----------
        X : array-like, Dask collection, str, Path or Dataset of shape (n_samples, ...)
            The rows. Those of the sample keep the scores that they got in fit.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes)
            Anomaly scores, the larger, the more anomalous.
        """
        return self._map("class_scores", X, None)

    def _map(self, method, X, y, if_unknown=np.nan):
        check_is_fitted(self)
        rows = open_rows(X, getattr(self, "feature_names_in_", None))
        codes = None if y is None else self._encode(rows.labels(y)).astype(np.int32)
        return rows.map(
            partial(_judge, method, if_unknown),
            self.detector_,
            codes,
            block_size=self.block_size,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )

    def _unfitted_detector(self):
        detector = EnsembleDetector() if self.detector is None else clone(self.detector)
        if detector.random_state is None:
            detector.set_params(random_state=self.random_state)
        if self.contamination != "auto":
            detector.set_params(contamination=self.contamination)
        return detector

    def _frozen_detector(self):
        detector = self.detector.estimator
        if not isinstance(detector, BasePoisonDetector):
            raise TypeError(
                "detector=FrozenEstimator(...) must hold a detector of skpoison.detectors, got "
                f"{detector!r}."
            )
        if self.contamination != "auto":
            raise ValueError(
                f"contamination={self.contamination!r} cannot change the verdict of a frozen "
                "detector: leave it at 'auto'."
            )
        check_is_fitted(detector)
        return detector


def draw_sample(n_rows, codes, max_rows, random_state):
    """Draw rows without replacement, at least a few of each class.

    Parameters
    ----------
    n_rows : int
        Number of rows to draw from.

    codes : ndarray of shape (n_rows,) or None
        Label codes.

    max_rows : int
        How many to draw; all where there are no more.

    random_state : RandomState
        Draws them.

    Returns
    -------
    indices : ndarray of shape (n_drawn,)
        In increasing order.
    """
    if n_rows <= max_rows:
        return np.arange(n_rows)
    order = random_state.permutation(n_rows)
    if codes is not None:
        counts = np.bincount(codes)
        order = order[np.argsort(codes[order], kind="stable")]  # class by class
        rank = np.arange(n_rows) - np.repeat(np.cumsum(counts) - counts, counts)
        n_first = min(ROWS_OF_A_CLASS, max_rows // len(counts))
        first, others = order[rank < n_first], order[rank >= n_first]
        order = np.append(first, random_state.permutation(others)[: max_rows - len(first)])
    return np.sort(order[:max_rows])


def _judge(method, if_unknown, detector, first, parts, codes):
    """Call a method of a detector for the parts of a block; its labels may be unknown ones."""
    results = []
    for rows in parts:
        n_rows = _num_samples(rows)
        own, codes = (None, None) if codes is None else (codes[:n_rows], codes[n_rows:])
        try:
            results.append(_judge_rows(method, if_unknown, detector, rows, own))
        except ValueError as error:
            error.add_note(f"In rows {first} to {first + n_rows - 1} of X.")
            raise
        first += n_rows
    return np.concatenate(results)


def _judge_rows(method, if_unknown, detector, rows, codes):
    judge = getattr(detector, method)
    if codes is None:
        return judge(rows)
    known = codes >= 0
    result = np.full(len(codes), if_unknown)
    if known.all():
        return judge(rows, detector.classes_[codes])
    if known.any():
        rows = _safe_indexing(rows, np.flatnonzero(known))
        result[known] = judge(rows, detector.classes_[codes[known]])
    return result
