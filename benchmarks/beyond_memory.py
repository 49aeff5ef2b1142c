"""Judge up to five million rows without holding them: cost, memory, and what is found.

    python benchmarks/beyond_memory.py [--rows 100000 ...] [--sources parquet ...] [--folder DIR]

Rows of 50 float32 columns in three classes that overlap a little, a tenth of the labels wrong, are
written to `--folder` (the system's temporary one) and removed. A ``BlockwiseDetector`` with its
defaults and two jobs is fitted to a sample of them and judges them all, in a process of its own for
each run. Writes ``benchmarks/results/beyond_memory.csv``; a run that is in it is not repeated.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

RESULTS = Path(__file__).parent / "results"
ROWS = [100_000, 500_000, 1_000_000, 5_000_000]
SMOKE_ROWS, SMOKE_SAMPLE = 2000, 600
ROWS_OF_A_FILE = 100_000
N_COLUMNS, N_INFORMATIVE, N_CLASSES = 50, 10, 3
DISTANCE = 1.5  # standard deviation of the class means' columns
FLIPPED = 0.1
KEYS = ["rows", "source"]


def draw_block(number, n_rows):
    """Rows, labels and which labels are wrong, the same for a number in every process."""
    world = np.random.default_rng(0)
    means = world.normal(scale=DISTANCE, size=(N_CLASSES, N_INFORMATIVE))
    mixing = world.normal(size=(N_INFORMATIVE, N_COLUMNS)) / np.sqrt(N_INFORMATIVE)
    rng = np.random.default_rng([1, number])
    truth = rng.integers(N_CLASSES, size=n_rows)
    hidden = rng.normal(size=(n_rows, N_INFORMATIVE)) + means[truth]
    rows = hidden @ mixing + rng.normal(scale=0.5, size=(n_rows, N_COLUMNS))
    wrong = rng.random(n_rows) < FLIPPED
    labels = np.where(wrong, (truth + rng.integers(1, N_CLASSES, size=n_rows)) % N_CLASSES, truth)
    return rows.astype(np.float32), labels, wrong


def write(folder, n_rows):
    """Write the rows as Parquet files and as one array to be mapped; labels and truth beside it."""
    folder.mkdir()
    (folder / "parquet").mkdir()
    array = np.memmap(folder / "rows", dtype=np.float32, mode="w+", shape=(n_rows, N_COLUMNS))
    names = [f"x{column:02}" for column in range(N_COLUMNS)]
    labels, wrong = np.empty(n_rows, dtype=np.int64), np.empty(n_rows, dtype=bool)
    for number, start in enumerate(range(0, n_rows, ROWS_OF_A_FILE)):
        own = slice(start, min(start + ROWS_OF_A_FILE, n_rows))
        array[own], labels[own], wrong[own] = draw_block(number, own.stop - start)
        table = pa.table([*np.ascontiguousarray(array[own].T), labels[own]], [*names, "label"])
        pq.write_table(table, folder / "parquet" / f"{number:04}.parquet")
    array.flush()
    np.save(folder / "labels.npy", labels)
    np.save(folder / "wrong.npy", wrong)


def open_parquet(folder):
    return folder / "parquet", "label"


def open_memmap(folder):
    rows = np.memmap(folder / "rows", dtype=np.float32, mode="r")
    return rows.reshape(-1, N_COLUMNS), np.load(folder / "labels.npy")


def open_dask(folder):
    import dask.dataframe as dd

    frame = dd.read_parquet(folder / "parquet")
    return frame.drop(columns="label"), frame["label"]


SOURCES = {
    "parquet": open_parquet,
    "memmap": open_memmap,
    "dask, one process": open_dask,
    "dask, cluster of two": open_dask,
}


def usage():
    """CPU seconds and peak memory in MiB of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measure(source, folder, *, smoke=False):
    """One run: a row of the table."""
    from skpoison.detectors import BlockwiseDetector
    from skpoison.metrics import poison_precision, poison_recall

    client = start_cluster(processes=not smoke) if source == "dask, cluster of two" else None
    detector = BlockwiseDetector(n_jobs=2, random_state=0)
    if smoke:
        detector.set_params(max_rows=SMOKE_SAMPLE)
    cpu_before, start = usage()[0], time.perf_counter()
    rows, labels = SOURCES[source](folder)
    detector.fit(rows, labels)
    fitted = time.perf_counter()
    verdict = detector.predict(rows, labels)
    finished = time.perf_counter()
    cpu, peak = usage()
    workers = [] if client is None else list(client.run(usage).values())
    if client is not None:
        client.close()
        client.cluster.close()
    wrong = np.load(folder / "wrong.npy")
    return {
        "rows": len(wrong),
        "source": source,
        "fit_s": fitted - start,
        "judge_s": finished - fitted,
        "cpu_s": cpu - cpu_before + sum(seconds for seconds, _ in workers),
        "rows_per_s": len(wrong) / (finished - fitted),
        "peak_mib": peak,
        "workers_peak_mib": max((mib for _, mib in workers), default=np.nan),
        "flagged": np.mean(verdict == -1),
        "recall": poison_recall(wrong, verdict),
        "precision": poison_precision(wrong, verdict),
    }


def start_cluster(processes):
    """Two workers of one thread and 2 GiB each, on this machine."""
    from distributed import Client, LocalCluster

    return Client(
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            memory_limit="2GiB",
            processes=processes,
            dashboard_address=None,
        )
    )


def in_own_process(*options):
    """Run this script anew and give what it printed last.

    A process begins with the peak memory of the one that started it: this one has to stay small.
    """
    command = [sys.executable, __file__, *map(str, options)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    found = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(found.stdout.splitlines()[-1])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--sources", nargs="+", choices=list(SOURCES), default=list(SOURCES))
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--smoke", action="store_true", help="2,000 rows, all in this process")
    parser.add_argument("--measure", choices=list(SOURCES), help=argparse.SUPPRESS)
    parser.add_argument("--write", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.write:
        write(options.folder, options.write)
        print(json.dumps(options.write))
        return
    if options.measure:
        print(json.dumps(measure(options.measure, options.folder)))
        return

    path = options.results / "beyond_memory.csv"
    runs = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=KEYS)
    for n_rows in [SMOKE_ROWS] if options.smoke else options.rows:
        done = set(runs.loc[runs["rows"] == n_rows, "source"])
        missing = [source for source in options.sources if source not in done]
        if not missing:
            continue
        with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
            folder = Path(temporary) / "data"
            if options.smoke:
                write(folder, n_rows)
            else:
                in_own_process("--write", n_rows, "--folder", folder)
            for source in missing:
                if options.smoke:
                    run = measure(source, folder, smoke=True)
                else:
                    run = in_own_process("--measure", source, "--folder", folder)
                runs = pd.concat([runs, pd.DataFrame([run])]) if len(runs) else pd.DataFrame([run])
                partial = path.with_suffix(".partial")
                runs.round(4).to_csv(partial, index=False)
                partial.replace(path)
                print(run, flush=True)


if __name__ == "__main__":
    main()
