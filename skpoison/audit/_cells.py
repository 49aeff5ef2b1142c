"""Rows of tables, with the cells that are unusual among the rows of the same label."""

from numbers import Real

import numpy as np
import pandas as pd
from scipy import sparse

from skpoison.utils._readable import readable

N_COLUMNS = 12  # shown
COLUMNS_JUDGED = 300
ROWS_A_GROUP = 2_000  # that say what is usual
N_MARKS = 3  # a row
RARE = 0.02  # share of the rows from which a cell is unusual
FAR = 3.5  # robust standard deviations from which a number is,
FEW = 0.1  # where no more rows than this share lie there
CELL_LENGTH = 60


def cell_excerpts(X, groups, positions):
    """The cells of some rows, and what is unusual about them.

    A number or date is unusual where at most 2 % of the rows of its group lie so far up or down,
    or 10 % and it lies 3.5 robust standard deviations from the median; any other value where at
    most 2 % of the rows have it. Columns of names and free text are not judged.

    Parameters
    ----------
    X : DataFrame, ndarray or sparse matrix of shape (n_samples, n_columns)
        The table.

    groups : ndarray of shape (n_samples,)
        What each row is compared with: the rows of equal value here, as a rule its label.

    positions : ndarray of int of shape (n_shown,)
        The rows to show.

    Returns
    -------
    columns : list of str
        Names of the columns shown: all, or of a wide table the twelve with most unusual cells.

    shown : dict of int to list of (str, str)
        Under the position of each row, for each of these columns: the cell, and what is unusual
        about it, "" for nothing.
    """
    codes = pd.factorize(groups)[0]
    reference = _reference(codes, positions)
    table = _frame(X, reference, positions)
    here = np.searchsorted(reference, positions)
    codes = codes[reference]
    share = np.ones((len(positions), table.shape[1]))
    word = np.full(share.shape, "", dtype=object)
    for place in range(table.shape[1]):
        values, judge = _values(table.iloc[:, place])
        for code in np.unique(codes[here]) if judge else []:
            rows = np.flatnonzero(codes[here] == code)
            share[rows, place], word[rows, place] = judge(values[codes == code], values[here[rows]])
    percent = np.array([[f" {100 * cell:.2g} %" for cell in line] for line in share], dtype=object)
    rank = np.where(word == "", np.inf, share).argsort(axis=1, kind="stable").argsort(axis=1)
    is_marked = (word != "") & (rank < N_MARKS)
    kept = np.arange(table.shape[1])
    if len(kept) > N_COLUMNS:
        kept = np.sort(np.argsort(-is_marked.sum(axis=0), kind="stable")[:N_COLUMNS])
    notes = np.where(is_marked, word + percent, "")[:, kept].tolist()
    cells = [[_text(cell) for cell in table.iloc[here, place]] for place in kept]
    cells = zip(*cells, strict=True)
    shown = {
        row: list(zip(*line, strict=True))
        for row, line in zip(positions.tolist(), zip(cells, notes, strict=True), strict=True)
    }
    return [str(name) for name in table.columns[kept]], shown


def _reference(codes, positions):
    """The rows to show, and evenly spaced rows of their groups."""
    order = np.argsort(codes, kind="stable")
    found = np.unique(codes[positions])
    first = np.searchsorted(codes[order], found)
    last = np.searchsorted(codes[order], found, side="right")
    places = [
        np.linspace(start, stop - 1, min(stop - start, ROWS_A_GROUP)).astype(int)
        for start, stop in zip(first, last, strict=True)
    ]
    return np.union1d(order[np.concatenate(places)], positions)


def _frame(X, rows, positions):
    """Some rows of the table, of no more columns than are judged."""
    if isinstance(X, pd.DataFrame):
        return X.iloc[rows, :COLUMNS_JUDGED]
    if sparse.issparse(X):
        X = sparse.csr_array(X)
        used = np.bincount(X[positions].indices, minlength=X.shape[1])
        columns = np.sort(np.argsort(-used, kind="stable")[:COLUMNS_JUDGED])
        return pd.DataFrame(X[rows][:, columns].toarray(), columns=columns)
    return pd.DataFrame(np.asarray(X).reshape(len(X), -1)[rows, :COLUMNS_JUDGED])


def _values(column):
    """A column as numbers, and the function that judges them; (None, None) for names and texts."""
    kind = column.dtype
    missing = column.isna().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(kind) or pd.api.types.is_timedelta64_dtype(kind):
        values = column.astype("int64").to_numpy(dtype=float)
        return np.where(missing, np.nan, values), _judge_numbers
    if pd.api.types.is_any_real_numeric_dtype(kind):
        return column.to_numpy(dtype=float, na_value=np.nan), _judge_numbers
    codes, names = pd.factorize(np.array([str(cell) for cell in column], dtype=object))
    if len(names) > max(20, 0.05 * len(column)):
        return None, None
    return np.where(missing, -1, codes), _judge_categories


def _judge_numbers(group, cells):
    known = np.sort(group[~np.isnan(group)])
    above = (len(known) - np.searchsorted(known, cells)) / len(group)
    below = np.searchsorted(known, cells, side="right") / len(group)
    share, word = np.minimum(above, below), np.where(above < below, "top", "bottom")
    is_missing = np.isnan(cells)
    share[is_missing] = np.isnan(group).mean()
    word[is_missing] = "rare:"
    is_unusual = share <= RARE
    finite = known[np.isfinite(known)]
    if len(finite):
        lower, median, upper = np.quantile(finite, [0.25, 0.5, 0.75])
        scale = (upper - lower) / 1.349  # a normal distribution's standard deviation
        with np.errstate(invalid="ignore", over="ignore"):
            is_far = (np.abs(cells - median) > FAR * scale) & (scale > 0)
        is_unusual |= is_far & (share <= FEW)
    return share, np.where(is_unusual, word, "")


def _judge_categories(group, cells):
    values, counts = np.unique(group, return_counts=True)
    share = counts[np.searchsorted(values, cells)] / len(group)
    return share, np.where(share <= RARE, "rare:", "")


def _text(cell):
    if isinstance(cell, Real) and not isinstance(cell, bool):
        return f"{cell:.6g}" if cell == cell else ""
    return "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else readable(cell, CELL_LENGTH)
