"""States that hold no pandas object, for `skpoison.persistence`."""

import numpy as np
import pandas as pd

FRAME, INDEX = "frame", "index"  # keys of a packed table and of a packed index


class Storable:
    """Base of classes whose attributes may be tables or an index, which are stored as arrays."""

    def __getstate__(self):
        return {name: _packed(value) for name, value in vars(self).items()}

    def __setstate__(self, state):
        vars(self).update({name: _unpacked(value) for name, value in state.items()})


def _packed(value):
    if isinstance(value, pd.Index):
        return {INDEX: _index_parts(value)}
    if isinstance(value, pd.DataFrame):
        columns = [_values(value.iloc[:, number]) for number in range(value.shape[1])]
        names, rows = _index_parts(value.columns), _index_parts(value.index)
        return {FRAME: {"names": names, "rows": rows, "columns": columns}}
    return value


def _unpacked(value):
    if not isinstance(value, dict):
        return value
    if isinstance(value.get(INDEX), dict):
        return _index(value[INDEX])
    if isinstance(value.get(FRAME), dict):
        parts = value[FRAME]
        rows = _index(parts["rows"])
        columns = [_column(values).set_axis(rows) for values in parts["columns"]]
        table = pd.DataFrame(dict(enumerate(columns)), index=rows)
        table.columns = _index(parts["names"])
        return table
    return value


def _index_parts(index):
    if isinstance(index, pd.RangeIndex):
        return {"names": [index.name], "range": [index.start, index.stop, index.step]}
    levels = [_values(index.get_level_values(number)) for number in range(index.nlevels)]
    return {"names": list(index.names), "levels": levels}


def _index(parts):
    if "range" in parts:
        return pd.RangeIndex(*parts["range"], name=parts["names"][0])
    columns = [_column(values) for values in parts["levels"]]
    levels = [pd.Index(values, dtype=values.dtype) for values in columns]
    if len(levels) == 1:
        return levels[0].rename(parts["names"][0])
    return pd.MultiIndex.from_arrays(levels, names=parts["names"])


def _values(column):
    """A column as an array or, where its dtype is pandas's own or its values are texts, by Arrow.

    Arrow would make numbers of objects that hold numbers and gaps: these stay an array of objects.
    """
    import pyarrow as pa

    is_object = column.dtype == object
    if is_object and pd.api.types.infer_dtype(column, skipna=False) != "string":
        return np.asarray(column, dtype=object)
    if isinstance(column.dtype, np.dtype) and not is_object:
        return column.to_numpy()
    try:
        batch = pa.Table.from_pandas(pd.DataFrame({"": column.array}), preserve_index=False)
    except (pa.ArrowException, UnicodeError):  # such as half a character
        return np.asarray(column, dtype=object)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_table(batch)
    return sink.getvalue().to_pybytes()


def _column(values):
    import pyarrow as pa

    if not isinstance(values, bytes):
        return pd.Series(values, dtype=values.dtype)
    table = pa.ipc.open_stream(values).read_all()
    table.validate(full=True)
    return table.to_pandas()[""]
