"""The columns of a table: found by name or number, and how each is used."""

import re
import warnings

import numpy as np
import pandas as pd

from skpoison.audit._delimited import as_position
from skpoison.audit._naming import listed, quoted, rows_named
from skpoison.utils._nearest import nearest

NESTED = (list, tuple, dict, set, bytes, np.ndarray)
MOSTLY = 0.95  # numbers in a column of numbers; the others are missing
MANY_CATEGORIES = 40  # skrub's limit between categories and text
NAME_OF_AN_IDENTIFIER = re.compile(
    r"(.*[ _\-.])?(id|uuid|guid|index|rownames)|.*[a-z]ID|__index_level_0__|", re.A
)
DECIMAL_COMMA = re.compile(r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?")


def find_column(table, given, parameter, source):
    """Name of the column that is meant by a name or a number.

    Parameters
    ----------
    table : DataFrame
        With unique names of columns.

    given : str or int
        A name, or a position from 0 (negative: from the end).

    parameter : str
        The parameter that names it, for the error.

    source : str
        What the table was read from, for the error.

    Returns
    -------
    name : str

    Raises
    ------
    ValueError
        If there is no such column; the message holds the nearest name and the columns.
    """
    names = list(table.columns)
    if str(given) in names:
        return str(given)
    position = as_position(given, len(names))
    if position is not None:
        return names[position]
    raise ValueError(
        f"{parameter}={str(given)!r} is no column of {source}.{nearest(given, names)} "
        f"Its {len(names):,} columns are {quoted(names)}; numbers count from 0, and -1 is the last."
    )


def with_unique_names(table):
    """The table under names that are all different, and notes about those that were not.

    Parameters
    ----------
    table : DataFrame
        Changed in place.

    Returns
    -------
    notes : list of str
    """
    given = [str(name).strip() for name in table.columns]
    names = [name or f"column {position}" for position, name in enumerate(given)]
    twice = pd.Index(names).duplicated(keep=False)
    seen, taken = {}, set(names)
    for position in np.flatnonzero(twice):
        name = names[position]
        while True:
            seen[name] = seen.get(name, 0) + 1
            new = f"{name} ({seen[name]})"
            if new not in taken:
                break
        names[position] = new
        taken.add(new)
    table.columns = names
    if not twice.any():
        return []
    return [f"Columns of the same name are numbered: {quoted(np.array(names)[twice], 6)}."]


def use_columns(table):
    """Decide how each column is used, and drop those that say nothing.

    Parameters
    ----------
    table : DataFrame
        Columns that are neither label nor anything else with a name of its own.

    Returns
    -------
    used : DataFrame
        Numbers as floats or integers without infinite ones, dates, and strings.

    columns : dict of str to str
        "number", "category", "date", "text" or "dropped: ..." for each column.

    notes : list of str
    """
    notes, columns, changed = [], {}, {}
    numbers = {name: dtype for name, dtype in table.dtypes.items() if _is_number(dtype)}
    dropped, infinite = _numbers_to_drop(table, numbers)
    for name in table.columns:
        if name in dropped:
            columns[name] = f"dropped: {dropped[name]}"
        elif name in numbers:
            columns[name] = "number"
        else:
            columns[name], changed[name] = _kind_of(table[name], notes)
    for name in infinite:
        changed[name] = table[name].replace([np.inf, -np.inf], np.nan)
        notes.append(f"Infinite numbers in column {quoted([name])} are read as missing.")
    left_out = [name for name, use in columns.items() if use.startswith("dropped")]
    if left_out:
        words = [
            f"{quoted([name])} ({columns[name].removeprefix('dropped: ')})" for name in left_out
        ]
        is_left = "column is" if len(left_out) == 1 else "columns are"
        notes.append(f"{len(left_out):,} {is_left} not used: {listed(words, 10)}.")
    used = table.drop(columns=left_out) if left_out else table
    return used.assign(**{name: changed[name] for name in used if name in changed}), columns, notes


def _is_number(dtype):
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def _numbers_to_drop(table, numbers):
    """Columns of numbers to drop, with the reason, and others that hold infinite ones."""
    if not numbers:
        return {}, []
    names = np.array(list(numbers))
    table = table if len(numbers) == table.shape[1] else table[names]
    values = table.to_numpy(dtype=np.float64, na_value=np.nan)
    is_infinite = np.isinf(values)
    values = np.where(is_infinite, np.nan, values) if is_infinite.any() else values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns without any number
        low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    has_gaps = np.isnan(values).any(axis=0)
    reasons = {}
    for position, (name, dtype) in enumerate(numbers.items()):
        if np.isnan(low[position]):
            reasons[name] = "empty"
        elif has_gaps[position]:
            continue
        elif low[position] == high[position]:
            reasons[name] = "constant"
        elif pd.api.types.is_integer_dtype(dtype):
            counts_rows = high[position] - low[position] == len(values) - 1
            if counts_rows or NAME_OF_AN_IDENTIFIER.fullmatch(name):
                if table[name].is_unique and len(values) > 2:
                    reasons[name] = "identifier"
    infinite = names[is_infinite.any(axis=0)]
    return reasons, [name for name in infinite if name not in reasons]


def _kind_of(column, notes):
    """Use of a column that does not hold numbers, and its values."""
    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(column):
        column = column.astype(object).where(column.notna(), None)
        column = column.map(str, na_action="ignore")
    if pd.api.types.is_datetime64_any_dtype(column):
        return ("date", column) if column.nunique() > 1 else ("dropped: constant", None)
    if pd.api.types.is_timedelta64_dtype(column):
        return "number", column.dt.total_seconds()
    if has_nested(column):
        return "dropped: nested values", None
    column = column.map(lambda value: str(value).strip(), na_action="ignore").astype("str")
    present = column.dropna()
    n_distinct = present.nunique()
    if n_distinct == 0:
        return "dropped: empty", None
    if n_distinct == 1 and len(present) == len(column):
        return "dropped: constant", None
    numbers = _as_numbers(column, present, notes)
    if numbers is not None:
        return "number", numbers
    dates = _as_dates(column)
    if dates is not None:
        return "date", dates
    n_words = present.str.count(r"\s+") + 1
    if n_distinct == len(column) > 2 and n_words.max() == 1:
        return "dropped: identifier", None
    is_text = n_distinct > MANY_CATEGORIES and n_words.mean() >= 3
    return ("text" if is_text else "category"), column


def has_nested(column):
    """Tell whether cells hold what no CSV can hold again: lists, contents of files."""
    return column.dtype == object and column.map(lambda value: isinstance(value, NESTED)).any()


def _as_numbers(column, present, notes):
    """Numbers of a column of strings that nearly all are, perhaps with decimal commas."""
    numbers = pd.to_numeric(present, errors="coerce")
    with_commas = ""
    if numbers.notna().mean() < MOSTLY and present.str.fullmatch(DECIMAL_COMMA).mean() >= MOSTLY:
        numbers = pd.to_numeric(present.str.replace(",", "."), errors="coerce")
        with_commas = " with decimal commas"
    numbers = numbers.replace([np.inf, -np.inf], np.nan)
    if numbers.notna().mean() < MOSTLY:
        return None
    others = numbers.index[numbers.isna()]
    note = f"Column {quoted([column.name])} is read as numbers{with_commas}"
    if len(others):
        where = rows_named(others, slice(None))
        note += (
            f", and cells that are none as missing: {quoted(present[others].unique(), 3)}, {where}"
        )
    notes.append(note + ".")
    return numbers.reindex(column.index)


def _as_dates(column):
    """Dates of a column of strings that all are, by skrub's rules."""
    if not column.str.contains(r"\d", na=True).all():
        return None
    import skrub

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dates = skrub.to_datetime(column)
    is_date = pd.api.types.is_datetime64_any_dtype(dates) and dates.nunique() > 1
    return dates if is_date else None
