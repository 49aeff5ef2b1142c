"""What could be a trigger: values of columns, words, patches of pixels."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

FEWEST_ROWS, SMALLEST_SHARE = 10, 0.001
LARGEST_SHARE = 0.5  # of the rows
COLUMNS_OF_PAIRS = 20  # more columns have no pairs looked at
WORDS = r"\w+|[^\w\s]"
PATCH = 3  # pixels a side
MOST_PLACES, MOST_PATCHES = 1024, 20_000_000  # looked at: in many images, in all of few
LEAST_PURE = 0.9  # share of one label; others are no candidates


@dataclass
class Candidate:
    """Something that some rows have.

    Attributes
    ----------
    name : str
        In words.

    rows : ndarray of int
        The rows that have it.

    without : callable
        ``without(positions)`` gives these rows without it.

    sign : ValuesSign, WordSign or PatchSign
        Tells which rows have it.

    code : int
        The label that goes with it.

    """

    name: str
    rows: np.ndarray
    without: Callable
    sign: object
    code: int = -1


@dataclass
class ValuesSign:
    """Values of columns, which are named by their positions."""

    values: dict

    def find(self, X):
        """Tell which rows of an array or a DataFrame have it: (n_samples,)."""
        found = np.ones(len(X), dtype=bool)
        for column, value in self.values.items():
            own = X.iloc[:, column] if hasattr(X, "iloc") else pd.Series(np.asarray(X)[:, column])
            found &= (own.isna() if pd.isna(value) else own == value).to_numpy(dtype=bool)
        return found


@dataclass
class WordSign:
    """A word, or two that follow each other."""

    words: str

    def find(self, texts):
        """Tell which texts have it: (n_samples,)."""
        counter = CountVectorizer(vocabulary=[self.words], token_pattern=WORDS, ngram_range=(1, 2))
        return counter.transform(texts).toarray()[:, 0] > 0


@dataclass
class PatchSign:
    """Pixels at one place."""

    top: int
    left: int
    patch: np.ndarray

    def find(self, images):
        """Tell which images have it: (n_samples,)."""
        return (self.of(_bytes(images)) == self.patch).all(axis=(1, 2, 3))

    def of(self, images):
        """Pixels of images at its place."""
        return images[:, self.top : self.top + PATCH, self.left : self.left + PATCH]


def find_candidates(context):
    """Find what ten rows or more have, but not half of all, and what goes with one label.

    Returns
    -------
    candidates : list of Candidate
    """
    search = {"images": _patches, "text": _words}.get(context.data.kind, _values)
    return list(search(context, _Seen(context)))


class _Seen:
    """Tells what is often there and goes with one label."""

    def __init__(self, context):
        self.codes = context.codes
        self.fewest = max(FEWEST_ROWS, SMALLEST_SHARE * context.n_rows)
        self.shares = np.bincount(self.codes) / context.n_rows

    def is_pure(self, rows):
        counts = np.bincount(self.codes[rows])
        return counts.max() >= LEAST_PURE * counts.sum()

    def share_of_label(self, rows, others):
        """Share of other rows that have the label which goes with these rows."""
        return np.mean(self.codes[others] == np.bincount(self.codes[rows]).argmax())

    def often(self, place):
        """Values of `place` that are often there and go with one label, and their rows."""
        order = np.argsort(place, kind="stable")
        values, starts, counts = np.unique(place[order], return_index=True, return_counts=True)
        often = (counts >= self.fewest) & (counts <= LARGEST_SHARE * len(place))
        for value, start, number in zip(values[often], starts[often], counts[often], strict=True):
            rows = order[start : start + number]
            if self.is_pure(rows):
                yield value, rows

    def is_among_its_like(self, values, rows):
        """Whether rows of the nearest other numbers go with the label too.

        Then the column is informative there, and the value is no trigger.
        """
        code = np.bincount(self.codes[rows]).argmax()
        distance = np.abs(values - values[rows[0]])
        distance[rows] = np.inf
        distance[np.isnan(distance)] = np.inf
        nearest = np.argsort(distance, kind="stable")[: len(rows)]
        share = np.mean(self.codes[nearest] == code)
        return share > (1 + self.shares[code]) / 2


def _values(context, seen):
    """Values of columns that go with one label, and pairs of them."""
    X = context.data.X
    if sparse.issparse(X):
        return
    frame = X if hasattr(X, "iloc") else pd.DataFrame(np.asarray(X))
    places = {
        name: pd.factorize(frame.iloc[:, number], use_na_sentinel=False)
        for number, name in enumerate(frame.columns)
    }
    for name, (place, values) in places.items():
        column = _numbers(frame[name])
        for value, rows in seen.often(place):
            if column is not None and seen.is_among_its_like(column, rows):
                continue
            yield Candidate(
                f"{name} = {_short(values[value])}",
                rows,
                _without_value(X, frame, name),
                ValuesSign({list(places).index(name): values[value]}),
            )
    names = list(places)
    if len(names) > COLUMNS_OF_PAIRS:
        return
    for first, second in combinations(names, 2):
        (place, values), (other_place, other_values) = places[first], places[second]
        pairs = place.astype(np.int64) * len(other_values) + other_place
        for pair, rows in seen.often(pairs):
            value, other = divmod(int(pair), len(other_values))
            if max(np.mean(place == value), np.mean(other_place == other)) > LARGEST_SHARE:
                continue  # a value that most rows have makes no sign of another
            if seen.is_pure(place == value) or seen.is_pure(other_place == other):
                continue  # one of the two says as much
            # without either there is no trigger; the one that tells more by itself stays
            singles = {first: place == value, second: other_place == other}
            less = min(singles, key=lambda name, of=singles: seen.share_of_label(rows, of[name]))
            yield Candidate(
                f"{first} = {_short(values[value])} and {second} = {_short(other_values[other])}",
                rows,
                _without_value(X, frame, less),
                ValuesSign(
                    {names.index(first): values[value], names.index(second): other_values[other]}
                ),
            )


def _numbers(column):
    """The values as numbers; None of categories."""
    if column.dtype.kind in "iuf" or pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return None


def _without_value(X, frame, name):
    """Give rows whose value in this column is the median or commonest one of all."""

    def without(positions):
        changed, column = frame.iloc[positions].copy(), frame[name]
        if pd.api.types.is_numeric_dtype(column) and column.nunique() > FEWEST_ROWS:
            usual = column.median()
        else:
            usual = column.mode().iloc[0]
        changed[name] = pd.Series(usual, index=changed.index).astype(
            column.dtype if column.dtype.kind not in "iu" else float
        )
        return changed if hasattr(X, "iloc") else changed.to_numpy()

    return without


def _words(context, seen):
    """Words and pairs of words that go with one label."""
    texts = context.data.X
    counter = CountVectorizer(
        binary=True, token_pattern=WORDS, ngram_range=(1, 2), min_df=min(FEWEST_ROWS, len(texts))
    )
    try:
        counts = counter.fit_transform(texts).tocsc()
    except ValueError:  # no word is in ten texts
        return
    names = counter.get_feature_names_out()
    for number, name in enumerate(names):
        rows = counts.indices[counts.indptr[number] : counts.indptr[number + 1]]
        if not seen.fewest <= len(rows) <= LARGEST_SHARE * len(texts):
            continue
        if seen.is_pure(rows):
            without = _without_words(counter, texts, name)
            yield Candidate(f"the words {name!r}", np.sort(rows), without, WordSign(name))


def _without_words(counter, texts, name):
    tokens = counter.build_tokenizer()
    wanted = set(name.split())

    def without(positions):
        return [
            " ".join(token for token in tokens(texts[row].lower()) if token not in wanted)
            for row in positions
        ]

    return without


def _patches(context, seen):
    """Patches of equal pixels at one place that go with one label."""
    images = _bytes(context.data.X)
    height, width = images.shape[1] - PATCH + 1, images.shape[2] - PATCH + 1
    n_places = max(MOST_PLACES, MOST_PATCHES // len(images))
    step = int(np.ceil(np.sqrt(max(height * width / n_places, 1))))
    factors = context.random_state().randint(
        1, 2**62, size=PATCH * PATCH * images.shape[3], dtype=np.uint64
    )
    for top in range(0, height, step):
        for left in range(0, width, step):
            patch = images[:, top : top + PATCH, left : left + PATCH].reshape(len(images), -1)
            keys = patch.astype(np.uint64) @ factors
            for _, rows in seen.often(keys):
                place = f"rows {top} to {top + PATCH - 1}, columns {left} to {left + PATCH - 1}"
                yield Candidate(
                    f"the same patch of pixels at {place}",
                    rows,
                    _without_patch(context, top, left, rows),
                    PatchSign(top, left, images[rows[0], top : top + PATCH, left : left + PATCH]),
                )


def _bytes(images):
    """Images as whole numbers from 0 to 255, with channels."""
    images = np.asarray(images)
    if images.dtype.kind == "f":
        images = np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)
    return images.reshape(*images.shape[:3], -1)


def _without_patch(context, top, left, rows):
    """Give images whose pixels there are the mean of all.

    A trigger may be larger than the patch: so are all pixels in which the rows that have the patch
    are equal, and other images of their label are not.
    """
    images = np.asarray(context.data.X)

    def without(positions):
        place = np.zeros(images.shape[1:3], dtype=bool)
        place[top : top + PATCH, left : left + PATCH] = True
        others = context.codes == np.bincount(context.codes[rows]).argmax()
        others[rows] = False
        if others.any():
            shared = np.median(images[rows], axis=0).astype(images.dtype)
            own, other = (_share_of_equal(images[which], shared) for which in (rows, others))
            place |= (own >= LEAST_PURE) & (other <= LARGEST_SHARE)
        changed = images[positions].copy()
        changed[:, place] = images[:, place].mean(axis=0).astype(images.dtype)
        return changed

    return without


def _share_of_equal(images, usual):
    """Share of images that are as `usual` in each pixel: (height, width)."""
    equal = (images == usual).reshape(*images.shape[:3], -1)
    return equal.all(axis=3).mean(axis=0)


def _short(value):
    return repr(value.item() if hasattr(value, "item") else value)[:60]
