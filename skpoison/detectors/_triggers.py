"""A trigger that decides the label against everything else about the rows."""

from collections.abc import Sequence
from functools import cached_property
from types import SimpleNamespace

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from skpoison._typing import Contamination, RandomState
from skpoison.detectors._cross_fitting import is_unit_scaled
from skpoison.detectors._encoding import as_frame, kind_of, make_encoder
from skpoison.detectors._label_base import BaseLabelNoiseDetector
from skpoison.detectors._network import _row_shape as row_shape
from skpoison.detectors._standardizer import Standardizer
from skpoison.detectors._trigger_search import search_triggers
from skpoison.thresholds import FixedThreshold, LabelNoiseThreshold

N_COMPONENTS = 30  # in which neighbours are searched


class TriggerSearchDetector(BaseLabelNoiseDetector):
    """Flag rows with a value, a word or a patch that decides their label against all else.

    Candidates are values of columns and pairs of them, words and pairs of words, and small patches
    of equal pixels, that go with one label far beyond chance. One is a trigger if a model that was
    fitted to the rows without it, and is shown the rows with it as they are without it, takes them
    for rows of other classes. So is a patch on images whose labels are right, if nothing else in
    the images of its label tells which of them have it: it was put there, as by a clean-label
    attack. The anomaly score of a row that has a trigger, under the trigger's label, is the share
    of the trigger's rows that look like other classes, or twice the share of wrong answers by
    which such a patch is told from the rest of its image, at most 1; of all others it is 0. It is
    the search behind the audit's kind of issue "trigger".

    Parameters
    ----------
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images. None: the shape of
        `X` where it has more than two axes; otherwise columns are searched.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is ``FixedThreshold(0.0)``: all rows that
        have a trigger and its label.

    random_state : int, RandomState instance or None, default=None
        Seed of the samples of rows that models are fitted to.

    Attributes
    ----------
    triggers_ : list of dict
        What was found, the surest first: ``name`` in words, ``label``, number of ``rows``, share
        of them that are ``unlike_label``, AUC by which the patch is ``told_by_rest`` of the images
        where that is what found it, and ``p_value``.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    StripDetector : Finds triggered rows at the time of prediction.

    Notes
    -----
    Triggers on fewer than ten rows or more than half of them, patterns spread over an image, and
    values that differ from row to row are not searched for, nor are triggers on rows with right
    labels, but on twenty images or more; sparse matrices have none that can be named. Without
    labels, or with one class, rows are scored by their mean distance to their five nearest
    neighbours, and "auto" flags what is apart from any other.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skpoison.attacks import BackdoorAttack
    >>> from skpoison.attacks.triggers import ColumnTrigger
    >>> from skpoison.detectors import TriggerSearchDetector
    >>> rng = np.random.RandomState(0)
    >>> y = np.repeat(["no", "yes"], 200)
    >>> X = pd.DataFrame(rng.normal(size=(400, 3)) + 3 * (y == "yes")[:, np.newaxis])
    >>> X = X.set_axis(list("abc"), axis=1).assign(tag=rng.choice(["u", "v"], 400))
    >>> attack = BackdoorAttack(ColumnTrigger({"tag": "w"}), y_target="yes", random_state=0)
    >>> X, y = attack.fit_resample(X, y)
    >>> detector = TriggerSearchDetector(random_state=0).fit(X, y)
    >>> detector.triggers_[0]["name"], detector.triggers_[0]["label"]
    ("tag = 'w'", 'yes')
    """

    short_names = {"trigger-search": {}}
    auto_threshold = FixedThreshold(0.0)

    _parameter_constraints = {
        **BaseLabelNoiseDetector._parameter_constraints,
        "image_shape": ["array-like", None],
    }

    def __init__(
        self,
        *,
        image_shape: Sequence[int] | None = None,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.image_shape = image_shape

    def _validate_rows(self, X, *, reset):
        if reset:
            self._kind = kind_of(X)
        return super()._validate_rows(X, reset=reset)

    def _make_threshold(self, random_state):
        if self.contamination == "auto" and len(self.classes_) == 1:  # distances, nothing to find
            return LabelNoiseThreshold()
        return super()._make_threshold(random_state)

    def _takes_any_rows(self):
        return self._kind in ("table", "text")

    def _fit_label_scores(self, X, y, random_state):
        self._row_shape = self._array_shape
        if self.image_shape is not None:
            if self._kind != "numbers":
                raise ValueError(f"image_shape={self.image_shape!r}, but X holds no pixels.")
            self._row_shape = row_shape(X, self.image_shape, self._array_shape)
        rows = SearchedRows(self._raw(X), self._data_kind(), y, random_state.randint(2**31 - 1))
        found, _ = search_triggers(rows)
        self._found = [(one.candidate.sign, one.candidate.code, one.score) for one in found]
        classes = self.classes_.tolist()
        self.triggers_ = [
            {
                "name": one.candidate.name,
                "label": classes[one.candidate.code],
                "rows": len(one.candidate.rows),
                "unlike_label": one.unlike_label,
                "told_by_rest": one.told_by_rest,
                "p_value": one.p_value,
            }
            for one in found
        ]
        return self._label_scores(X)

    def _label_scores(self, X):
        rows = self._raw(X)
        scores = np.zeros((len(rows), len(self.classes_)))
        for sign, code, share in self._found:
            scores[:, code] = np.maximum(scores[:, code], share * sign.find(rows))
        return scores

    def _data_kind(self):
        if self._kind == "text":
            return "text"
        return "images" if len(self._row_shape) in (2, 3) else "table"

    def _raw(self, X):
        """Rows as they can be searched: images in their shape, tables as frames of pandas."""
        if self._kind == "text":
            return list(X)
        if self._kind == "table":
            return as_frame(X)
        return X.reshape(-1, *self._row_shape) if self._data_kind() == "images" else X


class SearchedRows:
    """Rows and what the search asks of them.

    Parameters
    ----------
    X : ndarray, DataFrame or list of str
        The rows.

    kind : {"table", "text", "images"}
        What they are.

    codes : ndarray of shape (n_samples,)
        Label codes.

    seed : int
        Of everything that is drawn.
    """

    def __init__(self, X, kind, codes, seed):
        self.data = SimpleNamespace(X=X, kind=kind)
        self.codes, self.seed, self.n_rows = codes, seed, len(codes)
        self.classes = np.unique(codes)
        self._encoder = None if kind == "images" else make_encoder(kind_of(X))

    def random_state(self):
        return np.random.RandomState(self.seed)

    @cached_property
    def rows(self):
        if self._encoder is None:
            return np.asarray(self.data.X, dtype=np.float64).reshape(self.n_rows, -1)
        return np.asarray(self._encoder.fit_transform(self.data.X), dtype=np.float64)

    def encode(self, X, positions):
        if self._encoder is None:
            return np.asarray(X, dtype=np.float64).reshape(len(positions), -1)
        return np.asarray(self._encoder.transform(X), dtype=np.float64)

    @cached_property
    def components(self):
        rows = self.rows if is_unit_scaled(self.rows) else Standardizer(self.rows)(self.rows)
        if rows.shape[1] <= N_COMPONENTS:
            return rows
        n_components = min(N_COMPONENTS, *rows.shape)
        return PCA(n_components, random_state=self.seed).fit_transform(rows)

    def nearest(self, positions, n_neighbors):
        n_neighbors = min(n_neighbors, self.n_rows - 1)
        search = NearestNeighbors(n_neighbors=n_neighbors + 1, algorithm="brute")
        found = search.fit(self.components).kneighbors(
            self.components[positions], return_distance=False
        )
        others = [row[row != own][:n_neighbors] for row, own in zip(found, positions, strict=True)]
        return np.array(others, dtype=int).reshape(len(positions), n_neighbors)
