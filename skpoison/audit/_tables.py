"""Tables in files: text of any separator, Parquet, Feather and Arrow, JSON lines."""

import json
import os
import re
from pathlib import PurePath

import numpy as np
import pandas as pd

from skpoison.audit._columns import find_column, has_nested, with_unique_names
from skpoison.audit._data import AuditData
from skpoison.audit._delimited import read_delimited
from skpoison.audit._files import BROKEN_BYTE, as_text, unpacked
from skpoison.audit._inert import encodable
from skpoison.audit._naming import counted, listed, quoted
from skpoison.utils._files import named
from skpoison.utils._readable import readable

MAX_BYTES = 2**33  # of an unpacked table of Arrow: a few bytes of Parquet may stand for any number
MAX_CELLS = 2**31
MAX_LINES = 2**26
WORDS_OF_A_TAG = dict.fromkeys(("1", "1.0", "true", "t", "yes", "y"), 1.0) | dict.fromkeys(
    ("0", "0.0", "false", "f", "no", "n"), 0.0
)
HALF_OF_A_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")


def read_table(path, *, label, text=None, image=None, groups=None, split=None, skip_bad=False):
    """Read a table and tell the label and the other columns with a name of their own from the rest.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    label, text, image, groups, split : str or int, default=None
        Names or numbers of columns; a list of them in `label` names tags.

    skip_bad : bool, default=False
        Leave broken lines out.

    Returns
    -------
    data : AuditData
        Labels as they stand in the file, gaps too; `X` is a DataFrame of the other columns, a
        list of texts, arrays, or a list of what pictures are read from.

    Raises
    ------
    ValueError, OSError
        If the file cannot be read, or a column is not there.
    """
    labels = label if isinstance(label, (list, tuple)) else [label]
    table, notes = _load(path, labels[0], skip_bad)
    notes += with_unique_names(table)
    if label is None:
        raise ValueError(
            f"label must name the column of the labels. The columns of {path.name} are "
            f"{quoted(list(table.columns))}."
        )
    given = {"text": text, "image": image, "groups": groups, "split": split}
    roles = {
        parameter: find_column(table, column, parameter, path.name)
        for parameter, column in given.items()
        if column is not None
    }
    labels = [find_column(table, column, "label", path.name) for column in labels]
    columns = {}
    for parameter, column in [*(("label", column) for column in labels), *roles.items()]:
        if column in columns:
            raise ValueError(
                f"{columns[column]} and {parameter} name the same column, {quoted([column])}."
            )
        columns[column] = parameter
    rest = table.drop(columns=list(columns))
    if _is_nested(table[labels[0]]):
        raise ValueError(
            f"label={quoted(labels[:1])} holds lists; one label a row is accepted, or a column "
            "of 0 and 1 for each tag."
        )
    only = next((roles[parameter] for parameter in ("text", "image") if parameter in roles), None)
    if text is not None and image is not None:
        raise ValueError("text and image cannot both be named.")
    if only is not None:
        columns |= {name: "not used" for name in rest.columns}
    X, kind = rest, "table"
    if only is None and rest.shape[1] == 1 and _is_nested(rest.iloc[:, 0]):
        X = _stacked(rest.iloc[:, 0])
        kind = "features" if X.ndim == 2 else "images"
        columns[rest.columns[0]] = f"array of shape {X.shape[1:]}"
    elif image is not None:
        X, kind = [_picture(cell) for cell in table[only]], "images"
    elif text is not None:
        X, kind = [None if pd.isna(cell) else str(cell) for cell in table[only]], "text"
    size = f"{counted(len(table), 'row')} and {counted(table.shape[1], 'column')}"
    return AuditData(
        X=X,
        y=table[labels[0]].to_numpy(dtype=object) if len(labels) == 1 else _tags(table[labels]),
        kind=kind,
        index=table.index,
        label_name=listed(labels),
        tag_names=labels if len(labels) > 1 else None,
        groups=_names(table, roles.get("groups")),
        split=_names(table, roles.get("split")),
        columns=columns,
        table=None if any(map(has_nested, _objects(table))) else table,
        notes=[f"{path.name}: {size}.", *notes],
    )


def _load(path, label, skip_bad):
    """The table as it stands in the file, and notes."""
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    if is_parquet:
        return _read_arrow(path, _parquet, path), []
    content, name = unpacked(path)
    for magic, reader in {
        b"PAR1": _parquet,
        b"ARROW1": _feather,
        b"FEA1": _feather,
        b"\xff\xff\xff\xff": _stream,
    }.items():
        if content.startswith(magic):
            return _read_arrow(path, reader, content), []
    suffix = PurePath(name).suffix.lower()
    try:
        text, encoding = as_text(content)
        del content
        if not text.strip():
            raise ValueError("it is empty")
        if text.count("\n") > MAX_LINES:
            raise ValueError(f"it holds more than {MAX_LINES:,} lines; Parquet may hold more")
        if suffix in JSON_SUFFIXES or text.lstrip()[:2] in ('{"', "{}"):
            table, notes = _read_json(text, skip_bad)
        else:
            table, notes = read_delimited(text, suffix=suffix, label=label, skip_bad=skip_bad)
    except ValueError as error:
        raise ValueError(f"{path}: {readable(error)}.") from error
    return table, [f"The text is {encoding}.", *notes]


def _read_arrow(path, reader, source):
    """A DataFrame of plain dtypes, whatever those of Arrow are."""
    import pyarrow as pa

    with named(path):
        table = reader(source)
        plain = [
            field.with_type(pa.float64()) if pa.types.is_decimal(field.type) else field
            for field in table.schema
        ]
        table = table.cast(pa.schema(plain))
        frame = table.to_pandas(date_as_object=False, ignore_metadata=True)
    if not len(frame):
        raise ValueError(f"{path}: it holds no row.")
    frame.index = pd.RangeIndex(len(frame), name="row")
    return frame


def _parquet(source):
    import pyarrow as pa
    import pyarrow.parquet as pq

    is_content = isinstance(source, bytes)
    source = pa.BufferReader(source) if is_content else pa.OSFile(os.fsencode(source))
    with pq.ParquetFile(source) as file:
        rows, columns = file.metadata.num_rows, file.metadata.num_columns
        if rows * columns > MAX_CELLS:
            raise ValueError(f"{rows:,} rows of {columns:,} columns are more than memory holds")
        return _joined(file.iter_batches(), file.schema_arrow)


def _feather(content):
    import pyarrow as pa
    from pyarrow import feather

    return _checked(feather.read_table(pa.BufferReader(content)))


def _stream(content):
    import pyarrow as pa

    with pa.ipc.open_stream(content) as batches:
        return _checked(_joined(batches, batches.schema))


def _joined(batches, schema):
    """One table of all batches, as long as they are within the limit."""
    import pyarrow as pa

    kept, size = [], 0
    for batch in batches:
        size += batch.nbytes
        if size > MAX_BYTES:
            raise ValueError(f"it unpacks to more than the {MAX_BYTES:,} bytes accepted")
        kept.append(batch)
    return pa.Table.from_batches(kept, schema)


def _checked(table):
    table.validate(full=True)  # an offset that points elsewhere is read without a question
    return table


def _read_json(text, skip_bad):
    """Objects, one a line, or all of them in one list."""
    if text.lstrip().startswith("["):
        try:
            rows = _from_json(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"broken JSON ({error})") from error
        index = pd.RangeIndex(len(rows), name="row")
        broken = [f"{i} (no object)" for i, row in enumerate(rows) if not isinstance(row, dict)]
        if broken or not rows:
            raise ValueError(f"it is no list of objects: row {listed(broken or ['0'])}")
        return pd.DataFrame(rows, index=index), []
    numbers, rows, broken = [], [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            if BROKEN_BYTE.search(line):
                raise ValueError("broken characters")
            row = _from_json(line)
            if not isinstance(row, dict):
                raise ValueError("no object")
        except (ValueError, RecursionError) as error:
            broken.append(f"{number} ({getattr(error, 'msg', error)})")
        else:
            numbers.append(number)
            rows.append(row)
    notes = []
    if broken:
        lines = f"line{'' if len(broken) == 1 else 's'} {listed(broken)}"
        if not rows or not skip_bad:
            hint = " --skip-bad (skip_bad=True) leaves them out" if rows else " This is no JSON"
            raise ValueError(f"{counted(len(broken), 'broken line')}: {lines}.{hint}")
        notes = [f"{counted(len(broken), 'broken line')} left out: {lines}."]
    return pd.DataFrame(rows, index=pd.Index(numbers, name="line")), notes


def _from_json(text):
    """The value; halves of characters, which JSON may hold, are written out."""
    value = json.loads(text)
    return _whole(value) if HALF_OF_A_CHARACTER.search(text) else value


def _whole(value):
    if isinstance(value, dict):
        return dict(zip(encodable(list(value)), map(_whole, value.values()), strict=True))
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return encodable([value])[0]


def _objects(table):
    return [table[name] for name, dtype in table.dtypes.items() if dtype.kind == "O"]


def _is_nested(column):
    return column.dtype == object and column.map(lambda v: isinstance(v, (list, np.ndarray))).all()


def _stacked(column):
    """One array of cells that are lists of one shape."""
    try:
        return np.array([np.array(list(cell), dtype=np.float64) for cell in column])
    except ValueError as error:
        try:
            return np.array([[list(row) for row in cell] for cell in column], dtype=np.float64)
        except (ValueError, TypeError):
            raise ValueError(
                f"Column {quoted([column.name])} holds lists that are not numbers of one shape."
            ) from error


def _picture(cell):
    """What a picture is read from: a path, or the bytes that Parquet files carry."""
    if isinstance(cell, dict):
        return cell.get("bytes") or cell.get("path")
    return cell


def _tags(table):
    """Columns of 0 and 1, or words that stand for them, as numbers; NaN where there is none."""
    tags = np.full(table.shape, np.nan)
    for place, name in enumerate(table.columns):
        column = table[name]
        words = column.map(lambda cell: WORDS_OF_A_TAG.get(str(cell).strip().casefold(), np.nan))
        other = column[column.notna() & words.isna()]
        if len(other):
            raise ValueError(
                f"label={quoted([name])} holds {quoted(pd.unique(other.astype(str)), 3)}; where "
                "several columns are named, each holds 0 and 1, yes and no, or true and false."
            )
        tags[:, place] = words.where(column.notna(), np.nan)
    return tags


def _names(table, column):
    """Values of a column as names; rows without one are named so."""
    if column is None:
        return None
    values = table[column]
    if has_nested(values):
        raise ValueError(
            f"Column {quoted([column])} holds nested values; one name a row is accepted."
        )
    return np.array(["(missing)" if pd.isna(v) else str(v).strip() for v in values], dtype=str)
