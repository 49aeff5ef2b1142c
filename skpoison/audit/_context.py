"""What several kinds of issue need, computed once."""

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from skpoison._typing import IntArray, Rows
from skpoison.audit._judgement import judge_labels, judge_tags, judge_targets
from skpoison.detectors._cross_fitting import is_unit_scaled
from skpoison.detectors._encoding import kind_of, make_encoder
from skpoison.detectors._standardizer import Standardizer

MOST_PIXELS = 3072  # values of an image; larger ones are averaged over blocks of pixels
N_COMPONENTS = 30  # in which neighbours are searched
ROWS_OF_ALL_COMPONENTS = 10_000  # more texts are compared by their leading components alone
N_NEIGHBORS = 10
MOST_ROWS_OF_NEIGHBORS = 100_000  # the search is quadratic


class Context:
    """The data and what is computed from them, each thing when it is first asked for.

    Parameters
    ----------
    data : AuditData
        The data.

    seed : int, default=0
        Seed of everything that is drawn.

    n_jobs : int, default=None
        Threads, as in joblib.

    Attributes
    ----------
    n_rows : int
        Number of rows.

    codes, classes : ndarray
        Label codes and the labels they stand for; one class where `y` holds no classes.

    rows : ndarray of shape (n_samples, n_features)
        The rows as numbers.

    components : ndarray of shape (n_samples, n_components)
        Their leading principal components; texts as rows of unit length.

    neighbors : tuple of ndarray of shape (n_samples, n_neighbors) or None
        Distances to the nearest other rows, and which they are; None where there are too many
        rows to search.

    judgement : Judgement
        Which labels, targets or tags are wrong.
    """

    def __init__(self, data: Any, *, seed: int = 0, n_jobs: int | None = None):
        self.data, self.seed, self.n_jobs = data, seed, n_jobs
        self.n_rows = len(data.y)
        if data.is_classification:
            self.classes, self.codes = np.unique(data.y, return_inverse=True)
        else:
            self.classes, self.codes = np.zeros(1, dtype=int), np.zeros(self.n_rows, dtype=int)
        self._encoder = None

    def random_state(self) -> np.random.RandomState:
        """A new random state of the seed."""
        return np.random.RandomState(self.seed)

    def without_features(self) -> "Context":
        """The context of the rows as they were read, whatever features they were given."""
        if self.data.features is None:
            return self
        return Context(replace(self.data, features=None), seed=self.seed, n_jobs=self.n_jobs)

    @cached_property
    def class_names(self):
        """The labels as they are written in sentences."""
        return [repr(label) for label in self.classes.tolist()]

    @cached_property
    def rows_are_mixed(self):
        """Whether rows have categories, dates or gaps, so that distances say little."""
        return self.data.features is None and kind_of(self.data.X) in ("table", "gaps")

    @cached_property
    def rows(self):
        if self.data.features is not None:
            return self._numbers(self.data.features)
        if self.data.kind == "images":
            return image_rows(self.data.X)
        return self._numbers(self.data.X)

    def _numbers(self, X):
        self._encoder = make_encoder(kind_of(X))
        if self._encoder is None:
            return np.asarray(X, dtype=np.float32 if _is_single(X) else np.float64)
        try:
            return np.asarray(self._encoder.fit_transform(X))
        except ValueError as error:
            if "vocabulary" not in str(error) and "terms remain" not in str(error):
                raise
            raise ValueError(
                "X holds texts of which no two share a word: nothing to compare."
            ) from None

    def encode(self, X: Rows, positions: IntArray) -> NDArray:
        """Give rows `X`, changed ones of these positions, as numbers.

        Features of the user's own cannot be made of changed rows: the unchanged are given.
        """
        rows = self.rows
        if self.data.features is not None:
            return rows[positions]
        if self.data.kind == "images":
            return image_rows(X)
        return np.asarray(X if self._encoder is None else self._encoder.transform(X), rows.dtype)

    @cached_property
    def standardized(self):
        """The rows on one scale, cut at three standard deviations."""
        return Standardizer(self.rows)(self.rows)

    @cached_property
    def components(self):
        rows = self.rows if is_unit_scaled(self.rows) else self.standardized
        if self.data.kind == "text" and self.data.features is None:
            rows = normalize(self.rows)  # texts of any length compare by their words' shares
            if self.n_rows <= ROWS_OF_ALL_COMPONENTS:
                return rows
        if rows.shape[1] <= N_COMPONENTS:
            return rows
        n_components = min(N_COMPONENTS, *rows.shape)
        with np.errstate(invalid="ignore"):  # the share of variances where there is none
            return PCA(n_components, random_state=self.seed).fit_transform(rows)

    @cached_property
    def neighbors(self):
        n_neighbors = min(N_NEIGHBORS, self.n_rows - 1)
        if self.n_rows > MOST_ROWS_OF_NEIGHBORS or n_neighbors < 1:
            return None
        search = NearestNeighbors(n_neighbors=n_neighbors, n_jobs=self.n_jobs, algorithm="brute")
        return search.fit(self.components).kneighbors()

    def nearest(self, positions: IntArray, n_neighbors: int = 5) -> IntArray:
        """The nearest other rows of these rows: (n_positions, n_neighbors)."""
        if "neighbors" in self.__dict__ and self.neighbors is not None:
            return self.neighbors[1][positions, :n_neighbors]
        n_neighbors = min(n_neighbors, self.n_rows - 1)
        search = NearestNeighbors(n_neighbors=n_neighbors + 1, algorithm="brute")
        search.fit(self.components)
        found = search.kneighbors(self.components[positions], return_distance=False)
        others = [row[row != own][:n_neighbors] for row, own in zip(found, positions, strict=True)]
        return np.array(others, dtype=int).reshape(len(positions), n_neighbors)

    @cached_property
    def judgement(self):
        judge = {
            "classification": judge_labels,
            "regression": judge_targets,
            "multilabel": judge_tags,
        }[self.data.task]
        return judge(self)


def image_rows(X):
    """Images as rows of numbers in [0, 1]; large ones are averaged over blocks of pixels."""
    images = np.asarray(X)
    unit = np.float32(255 if images.dtype.kind in "ui" else 1)
    images = images.reshape(*images.shape[:3], -1)
    step = int(np.ceil(np.sqrt(np.prod(images.shape[1:]) / MOST_PIXELS)))
    if step > 1:
        n, height, width, n_channels = images.shape
        images = images[:, : height // step * step, : width // step * step]
        blocks = (n, height // step, step, width // step, step, n_channels)
        images = images.reshape(blocks).mean(axis=(2, 4), dtype=np.float32)
    return images.reshape(len(images), -1).astype(np.float32) / unit


def _is_single(X):
    return getattr(getattr(X, "dtype", None), "itemsize", 8) <= 4
