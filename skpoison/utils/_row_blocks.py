"""Rows that need not fit in memory, read and judged block by block."""

import pickle
from functools import partial
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow.dataset
import pyarrow.types
from joblib.parallel import get_active_backend
from scipy import sparse
from sklearn.utils import _safe_indexing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _num_samples
from tqdm import tqdm

from skpoison.utils._labels import label_values


def open_rows(X, columns=None):
    """Give rows of any kind as something that is read block by block.

    Parameters
    ----------
    X : array-like, Dask collection, str, Path or pyarrow.dataset.Dataset
        Rows in memory or mapped to it; a Dask array or DataFrame; Parquet files.

    columns : sequence of str, default=None
        The columns of Parquet files to read, in this order. None: all but that of the labels.

    Returns
    -------
    rows : ArrayRows, ParquetRows or DaskRows
    """
    if hasattr(X, "__dask_graph__"):
        from skpoison.utils._dask_blocks import DaskRows  # Dask is optional

        return DaskRows(X)
    if isinstance(X, (str, Path, pyarrow.dataset.Dataset)):
        return ParquetRows(X, columns)
    return ArrayRows(X)


class BlockedRows:
    """Rows that are judged by joblib; a subclass reads them.

    It sets `n_rows` and writes ``blocks(block_size)``, which yields the first row of each block
    and an iterable of its parts, and ``take(indices)``, which reads some rows.
    """

    def labels(self, y):
        """Labels of the rows, in memory.

        Parameters
        ----------
        y : array-like or Dask collection of shape (n_samples,), or str
            Labels; the name of a column of Parquet files.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
        """
        if isinstance(y, str):
            y = self._column(y)
        elif hasattr(y, "__dask_graph__"):
            y = y.compute()
        labels = label_values(y)
        if len(labels) != self.n_rows:
            raise ValueError(f"y has {len(labels)} labels, but X has {self.n_rows} rows.")
        return labels

    def _column(self, name):
        raise ValueError(
            f"y={name!r} can name a column only where X is Parquet files; give the labels."
        )

    def map(self, judge, detector, codes, *, block_size, n_jobs, verbose):
        """Judge all rows, blocks side by side.

        Parameters
        ----------
        judge : callable
            ``judge(detector, first_row, parts, codes)`` gives an ndarray, a value a row.

        detector : detector
            A fitted one.

        codes : ndarray of shape (n_samples,) or None
            Label codes.

        block_size : int
            Most rows in a part.

        n_jobs, verbose : int or None
            For joblib; whether to show progress.

        Returns
        -------
        results : ndarray of shape (n_samples, ...)
        """
        backend, _ = get_active_backend(prefer="threads")
        if getattr(backend, "supports_sharedmem", False):
            arguments = (detector,)
        else:  # joblib moves an array once, and a detector with each block
            judge = partial(_call_unpacked, judge, uuid4().hex)
            arguments = (np.frombuffer(pickle.dumps(detector), dtype=np.uint8),)
        tasks = (
            delayed(judge)(*arguments, first, parts, codes_in_block(codes, first, n_rows))
            for first, n_rows, parts in self.blocks(block_size)
        )
        results = []
        with tqdm(total=self.n_rows, unit=" rows", disable=not verbose) as progress:
            for result in Parallel(n_jobs, prefer="threads", return_as="generator")(tasks):
                results.append(result)
                progress.update(len(result))
        return np.concatenate(results)


def codes_in_block(codes, first, n_rows):
    """Label codes of a block, None where there are no labels."""
    return None if codes is None else codes[first : first + n_rows]


_unpacked = (None, None)  # name and object: a process unpacks it once


def _call_unpacked(function, name, packed, *arguments):
    global _unpacked
    known, value = _unpacked
    if known != name:
        value = pickle.loads(packed)  # packed by `map` of this very call, never a file's bytes
        _unpacked = name, value
    return function(value, *arguments)


class ArrayRows(BlockedRows):
    """Rows of an array, memory-mapped or not, a DataFrame, a sparse matrix or a list."""

    def __init__(self, X):
        self.X = X.tocsr() if sparse.issparse(X) else X
        self.n_rows = _num_samples(self.X)

    def take(self, indices):
        """Give some rows; X itself where these are all."""
        return self.X if len(indices) == self.n_rows else _safe_indexing(self.X, indices)

    def blocks(self, block_size):
        """Yield first row, number of rows and parts of each block."""
        for first in range(0, max(self.n_rows, 1), block_size):
            rows = slice(first, min(first + block_size, self.n_rows))
            part = self.X if self.n_rows <= block_size else _safe_indexing(self.X, rows)
            yield first, rows.stop - first, [part]


TAKEN_AT_ONCE = 50_000  # rows of Parquet files


class ParquetRows(BlockedRows):
    """Rows of Parquet files, in the order of the files' names; a block is row groups."""

    def __init__(self, X, columns):
        if isinstance(X, pyarrow.dataset.Dataset):
            dataset = X
        elif Path(X).exists():
            dataset = pyarrow.dataset.dataset(X, format="parquet")
        else:
            raise FileNotFoundError(f"X={str(X)!r} names no file or folder of Parquet files.")
        self._dataset = dataset
        fragments = list(dataset.get_fragments())
        if not all(hasattr(fragment, "row_groups") for fragment in fragments):
            raise ValueError("X must be a pyarrow Dataset of Parquet files, got other files.")
        _check_schemas(dataset, fragments, exactly=dataset is not X)
        self.columns = list(dataset.schema.names if columns is None else columns)
        absent = [name for name in self.columns if name not in dataset.schema.names]
        if absent:
            raise ValueError(
                f"X lacks columns that were seen in fit: {absent[:10]}; its own are "
                f"{dataset.schema.names[:10]}."
            )
        self._groups = [group for fragment in fragments for group in fragment.split_by_row_group()]
        self._sizes = [sum(g.num_rows for g in group.row_groups) for group in self._groups]
        self.n_rows = sum(self._sizes)
        if not self.n_rows:
            raise ValueError(f"X={X!r} holds no row.")

    def _column(self, name):
        if name not in self._dataset.schema.names:
            raise ValueError(
                f"y={name!r} is no column of X; its columns are {self._dataset.schema.names[:10]}."
            )
        self.columns = [column for column in self.columns if column != name]
        return self._dataset.to_table(columns=[name]).column(0).to_pandas()

    def take(self, indices):
        """Read some rows."""
        taken = []
        for first, _, parts in self.blocks(TAKEN_AT_ONCE):
            for part in parts:
                start, stop = np.searchsorted(indices, [first, first + len(part)])
                taken.append(part.iloc[indices[start:stop] - first])
                first += len(part)
        return pd.concat(taken, ignore_index=True)

    def blocks(self, block_size):
        """Yield first row, number of rows and parts of each block.

        Small row groups are joined to blocks; large ones are one, read in parts.
        """
        first, n_rows, groups = 0, 0, []
        for group, size in zip(self._groups, self._sizes, strict=True):
            if groups and n_rows + size > block_size:
                yield first, n_rows, _ParquetParts(groups, self, block_size)
                first, n_rows, groups = first + n_rows, 0, []
            groups.append(group)
            n_rows += size
        yield first, n_rows, _ParquetParts(groups, self, block_size)


class _ParquetParts:
    """Row groups as DataFrames; it reads where it is iterated."""

    def __init__(self, groups, rows, block_size):
        self.groups = groups
        self.columns = rows.columns
        self.schema = rows._dataset.schema
        self.block_size = block_size

    def __iter__(self):
        for group in self.groups:
            batches = group.to_batches(
                schema=self.schema,
                columns=self.columns,
                batch_size=self.block_size,
                batch_readahead=1,
                use_threads=False,
            )
            yield from (batch.to_pandas() for batch in batches)


def _check_schemas(dataset, fragments, *, exactly):
    """Refuse files that lack a column, or hold another kind of values in it, before any work.

    A dataset that was opened by its user may have chosen among the columns.
    """
    expected = {field.name: _kind(field.type) for field in dataset.schema}
    in_path = {name for f in fragments for name in _partition_names(f)}
    for fragment in fragments:
        found = {field.name: _kind(field.type) for field in fragment.physical_schema}
        for name, kind in expected.items():
            if name in in_path:
                continue
            if name not in found:
                raise ValueError(f"{fragment.path} of X lacks the column {name!r} of other files.")
            if found[name] != kind:
                raise ValueError(
                    f"{fragment.path} of X holds {found[name]} in the column {name!r}, other "
                    f"files {kind}."
                )
        more = [name for name in found if name not in expected]
        if exactly and more:
            raise ValueError(
                f"{fragment.path} of X has the column {more[0]!r}, which other files lack."
            )


def _partition_names(fragment):
    return pyarrow.dataset.get_partition_keys(fragment.partition_expression)


def _kind(data_type):
    if pyarrow.types.is_integer(data_type) or pyarrow.types.is_floating(data_type):
        return "numbers"
    if pyarrow.types.is_string(data_type) or pyarrow.types.is_large_string(data_type):
        return "strings"
    return str(data_type)
