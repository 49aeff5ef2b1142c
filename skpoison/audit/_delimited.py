"""CSV, TSV and their kin: separator, header and broken lines are found before pandas reads."""

import csv
import io
from array import array
from collections import Counter
from contextlib import contextmanager

import numpy as np
import pandas as pd

from skpoison.audit._files import BROKEN_BYTE
from skpoison.audit._naming import counted, listed

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
MISSING = ["", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null"]
LONGEST_CELL = 2**24
MAX_CELLS = 2**28
LOOKED_AT = 200  # lines, for the separator
LABELS_LOOKED_AT = 10_000  # rows, for the header


def read_delimited(text, *, suffix="", label=None, skip_bad=False):
    """Read a table of text.

    Parameters
    ----------
    text : str
        The content of the file.

    suffix : str, default=""
        Of the file's name; ".tsv" and ".tab" say that tabs separate.

    label : str or int, default=None
        Name or number of the label's column, which helps to tell a header from data.

    skip_bad : bool, default=False
        Leave broken lines out.

    Returns
    -------
    table : DataFrame
        Indexed by the number of the line on which each row begins.

    notes : list of str
        What was found and left out.

    Raises
    ------
    ValueError
        If the text is empty, or lines are broken and are not to be left out.
    """
    lines = list(io.StringIO(text, newline=""))
    dialect = {
        "delimiter": "\t" if suffix in (".tsv", ".tab") else _separator(lines),
        "quoting": csv.QUOTE_MINIMAL,
        "skipinitialspace": True,
    }
    if text.count(dialect["delimiter"]) > MAX_CELLS:
        raise ValueError(f"it holds more than {MAX_CELLS:,} cells; Parquet may hold more")
    records, width = _parse(lines, dialect)
    if not len(records):
        raise ValueError("it is empty")
    if dialect["delimiter"] == "\t" and (records[:, 2] != width).any():
        plain = dialect | {"quoting": csv.QUOTE_NONE}  # quotes as letters like any others
        again, plain_width = _parse(lines, plain)
        if (again[:, 2] != plain_width).sum() < (records[:, 2] != width).sum():
            records, width, dialect = again, plain_width, plain

    def cells(record):
        with _long_cells():
            return next(csv.reader(lines[record[0] : record[1]], **dialect))

    is_short_header = records[0, 2] == width - 1 > 0  # R leaves the name of the row names out
    good = records[:, 2] == width
    good[0] |= is_short_header
    if BROKEN_BYTE.search(text):
        good &= [not BROKEN_BYTE.search("".join(lines[a:b])) for a, b, _ in records]
    notes = [f"Cells are separated by {SEPARATORS[dialect['delimiter']]}."]
    notes += _without_broken(records, good, width, skip_bad)
    records = records[good]
    first = [cell.strip() for cell in cells(records[0])]
    if is_short_header:
        ends = {lines[end - 1].rstrip("\r\n")[-1:] for _, end, _ in records[1 : LOOKED_AT + 1]}
        first = [*first, ""] if ends == {dialect["delimiter"]} else ["", *first]
    labels = (cells(record) for record in records[1 : LABELS_LOOKED_AT + 1])
    if is_short_header or _is_header(first, label, labels):
        names, records = first, records[1:]
    else:
        names = [""] * width
        notes.append(f"There is no header: columns are called 'column 0' to 'column {width - 1}'.")
    if not len(records):
        raise ValueError("it holds a header and no row")
    table = pd.read_csv(
        io.StringIO("".join("".join(lines[start:end]) for start, end, _ in records)),
        sep=dialect["delimiter"],
        quoting=dialect["quoting"],
        header=None,
        index_col=False,
        skipinitialspace=True,
        keep_default_na=False,
        na_values=MISSING,
        low_memory=False,
    )
    if table.shape != (len(records), width):
        raise ValueError(f"its {len(records)} lines are read as {len(table)} rows")
    table.columns = names
    table.index = pd.Index(records[:, 0] + 1, name="line")
    return table, notes


def _separator(lines):
    """The separator that cuts the first lines into the same number of cells most often."""
    best, best_score = ",", (0.0, 0)
    for separator in SEPARATORS:
        records = _records(lines[:LOOKED_AT], {"delimiter": separator, "skipinitialspace": True})
        widths = Counter(records[records[:, 2] > 1, 2].tolist())
        if widths:
            width, n = widths.most_common(1)[0]
            score = (n / len(records), width)
            if score > best_score:
                best, best_score = separator, score
    return best


def _parse(lines, dialect):
    """Records and how many cells they should have.

    A stray quote makes one record of several lines. Where that has not the right number of
    cells, reading goes on at its second line, so that one quote too many costs one line.
    """
    records = _records(lines, dialect)
    widths = Counter(records[records[:, 2] > 0, 2].tolist())
    width = widths.most_common(1)[0][0] if widths else 0
    if ((records[:, 2] != width) & (records[:, 1] - records[:, 0] > 1)).any():
        records = _records(lines, dialect, width)
    return records, width


def _records(lines, dialect, width=None):
    """First line, end and number of cells of each record; no cells where quotes do not close."""
    feed = _Feed(lines)
    found = array("q")
    with _long_cells():
        reader = csv.reader(feed, strict=True, **dialect)
        while feed.position < len(lines):
            first = feed.position
            try:
                cells = next(reader)
            except csv.Error:
                cells, feed.position = [], first + 1
            else:
                if not cells or (len(cells) == 1 and not cells[0].strip()):
                    continue
                if width not in (None, len(cells)):
                    feed.position = first + 1
            found.extend((first, feed.position, len(cells)))
    return np.array(found, dtype=np.int64).reshape(-1, 3)


class _Feed:
    """Lines one after the other, from a place that can be set back."""

    def __init__(self, lines):
        self.lines = lines
        self.position = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.position >= len(self.lines):
            raise StopIteration
        self.position += 1
        return self.lines[self.position - 1]


@contextmanager
def _long_cells():
    limit = csv.field_size_limit(LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _without_broken(records, good, width, skip_bad):
    """A note about the broken lines, or an error."""
    if good.all():
        return []
    broken = records[~good]
    reasons = [
        f"{first + 1} ("
        + ("broken quotes or characters" if n in (0, width) else counted(n, "cell"))
        + ")"
        for first, _, n in broken[:6].tolist()
    ]
    lines = f"line{'' if len(broken) == 1 else 's'} {listed(reasons)}"
    if len(broken) * 2 > len(records):
        raise ValueError(f"{len(broken):,} of {len(records):,} lines are broken: {lines}")
    if not skip_bad:
        raise ValueError(
            f"{len(broken):,} of {len(records):,} lines are broken, where {counted(width, 'cell')} "
            f"are expected: {lines}. --skip-bad (skip_bad=True) leaves them out"
        )
    are = "line is" if len(broken) == 1 else "lines are"
    return [f"{len(broken):,} broken {are} left out: {lines}."]


def _is_header(first, label, rows):
    """Tell whether the first row names the columns.

    It does where a name given for the label stands in it, or where the cell above the labels is
    no number and no label itself. Without a label to look at: where no cell is a number.
    """
    position = as_position(label, len(first))
    if position is None:
        return label in first or not any(map(_is_number, first))
    above = first[position]
    return not _is_number(above) and all(row[position].strip() != above for row in rows)


def as_position(column, n_columns):
    """Position that a number of a column stands for, from 0 or, negative, from the end."""
    try:
        number = int(column)
    except (TypeError, ValueError):
        return None
    return number % n_columns if -n_columns <= number < n_columns else None


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True
