"""Rows of Dask collections: their partitions are judged where they are."""

import dask
import dask.array
import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import _safe_indexing
from tqdm import tqdm
from tqdm.dask import TqdmCallback

from skpoison.utils._row_blocks import ArrayRows, BlockedRows, codes_in_block


class DaskRows(BlockedRows):
    """Rows of a Dask array or DataFrame; a block is a partition.

    Dask's scheduler says where it is read and judged, and how many at once.

    Parameters
    ----------
    X : dask.array.Array or dask.dataframe.DataFrame
        Rows.
    """

    def __init__(self, X):
        if isinstance(X, dask.array.Array):
            sizes = X.chunks[0]
            if np.isnan(sizes).any():
                raise ValueError(
                    "X is a Dask array whose chunks are of unknown sizes: "
                    "call X.compute_chunk_sizes() first."
                )
            X = X.rechunk(dict.fromkeys(range(1, X.ndim), -1))
            self._partitions = X.to_delayed().ravel().tolist()
        elif hasattr(X, "_meta"):  # a DataFrame or Series
            self._partitions = X.to_delayed()
            # of these very partitions: Dask joins files where few columns are read
            sizes = dask.compute(*(dask.delayed(len)(p) for p in self._partitions))
        else:
            raise TypeError(f"X must be a Dask array or DataFrame, got a Dask {type(X).__name__}.")
        self._sizes = [int(size) for size in sizes]
        self._ends = np.cumsum(self._sizes).tolist()
        self.n_rows = sum(self._sizes)
        if not self.n_rows:
            raise ValueError("X is a Dask collection that holds no row.")

    def take(self, indices):
        """Read some rows: they are cut out where the partitions are."""
        places = np.split(indices, np.searchsorted(indices, self._ends[:-1]))
        taken = dask.compute(
            *(
                dask.delayed(_safe_indexing)(partition, place - end + size)
                for partition, place, end, size in zip(
                    self._partitions, places, self._ends, self._sizes, strict=True
                )
                if len(place)
            )
        )
        return _stacked(taken)

    def map(self, judge, detector, codes, *, block_size, n_jobs, verbose):
        """Judge all rows, partitions side by side: as the base class, by Dask."""
        blocks = [
            (end - size, partition, codes_in_block(codes, end - size, size))
            for partition, end, size in zip(self._partitions, self._ends, self._sizes, strict=True)
            if size
        ]
        client = _active_client()
        if client is not None:  # large objects go to the workers beside the graph
            detector = client.scatter(detector, broadcast=True)
            if codes is not None:
                scattered = client.scatter([own for _, _, own in blocks], hash=False)
                blocks = [(*block[:2], own) for block, own in zip(blocks, scattered, strict=True)]
        judge_partition = dask.delayed(_judge_partition, pure=False)
        tasks = [judge_partition(judge, detector, *block, block_size) for block in blocks]
        if client is None:
            with TqdmCallback(disable=not verbose, unit=" tasks"):
                return np.concatenate(dask.compute(*tasks))
        return np.concatenate(_computed(client, tasks, verbose))


def _judge_partition(judge, detector, first, partition, codes, block_size):
    rows = ArrayRows(partition)
    return np.concatenate(
        [
            judge(detector, first + start, parts, codes_in_block(codes, start, n_rows))
            for start, n_rows, parts in rows.blocks(block_size)
        ]
    )


def _computed(client, tasks, verbose):
    """Results of tasks on a cluster, in their order; the rest is called off where one fails."""
    from distributed import as_completed

    futures = client.compute(tasks)
    results = {}
    try:
        finished = as_completed(futures, with_results=True)
        for future, result in tqdm(finished, total=len(futures), disable=not verbose):
            results[future.key] = result
    finally:
        client.cancel(futures)
    return [results[future.key] for future in futures]


def _active_client():
    """The client of a cluster, None where Dask works in this process alone."""
    try:
        from distributed import default_client

        return default_client()
    except (ImportError, ValueError):
        return None


def _stacked(parts):
    if hasattr(parts[0], "iloc"):
        return pd.concat(parts, ignore_index=True)
    return sparse.vstack(parts).tocsr() if sparse.issparse(parts[0]) else np.concatenate(parts)
