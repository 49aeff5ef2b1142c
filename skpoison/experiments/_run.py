"""Doing the units of an experiment: what is missing, on as many workers as there are."""

import json
import logging
import os
import time
import warnings
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from joblib import delayed
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from threadpoolctl import threadpool_limits

from skpoison._typing import FilePath
from skpoison.experiments._files import read_mapping
from skpoison.experiments._store import Store
from skpoison.experiments._tables import write_tables
from skpoison.experiments._workers import BACKENDS, ProgressParallel, workers
from skpoison.experiments.stages import stage_function
from skpoison.utils._files import write_whole

ATTEMPTS = 3
HOUR = 3600  # seconds: workers of a cluster may still be writing


def run_protocol(
    protocol: Any,
    out: FilePath,
    *,
    until: str | None = None,
    n_jobs: int = 1,
    backend: str = "local",
    scheduler: str | None = None,
    update: bool = False,
) -> pd.DataFrame | None:
    """Do an experiment, or go on with it where it stopped.

    Every unit of work (a run's rows, a run's poison, a trained detector, an assessment) is kept
    in a folder below `out` under a hash of all it depends on: what is there is not done again,
    what is damaged is. Equal protocols give equal results, whatever the number of workers and
    interruptions (on CPUs; a GPU's sums have no fixed order).

    Parameters
    ----------
    protocol : Protocol or Comparison
        The experiment.

    out : str or path-like
        Folder of the results. With a cluster: one that all its machines see at the same path.

    until : str, default=None
        The last stage to do: "split", "attack", "train" or "assess" of a `Protocol`, "draw",
        "poison", "clean" or "score" of a `Comparison`. None: the last there is, after which there
        are ``results.csv`` and ``timings.csv``.

    n_jobs : int, default=1
        Number of worker processes of the local machine, -1 for one each core. A cluster's workers
        are all used.

    backend : {"local", "dask", "ray"}, default="local"
        Where the work is done.

    scheduler : str, default=None
        Address of the Dask scheduler, or of the Ray cluster (None: the one this machine is in).

    update : bool, default=False
        Accept a folder that was made for another protocol, keep what both have in common and
        replace the tables.

    Returns
    -------
    results : DataFrame or None
        The content of ``results.csv``; None where `until` is an earlier stage.

    Raises
    ------
    ValueError
        If `out` belongs to another protocol or a parameter is none of those accepted.

    OSError
        If the scheduler cannot be reached, data cannot be read or nothing can be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from skpoison.experiments import Protocol, run_protocol
    >>> protocol = Protocol(
    ...     "digits",
    ...     n_train=20,
    ...     n_val=20,
    ...     n_test=15,
    ...     n_runs=2,
    ...     rates=[0, 0.3],
    ...     attacks=["flipping"],
    ...     detectors=["centroid"],
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     results = run_protocol(protocol, folder)
    >>> results[["run", "attack", "rate", "detector"]]
                  run    attack  rate  detector
    0   assessment-00      none   0.0  centroid
    1   assessment-00  flipping   0.3  centroid
    """
    stages, cells = protocol.plan()
    names = list(stages)
    until = names[-1] if until is None else until
    for name, value, accepted in [("until", until, names), ("backend", backend, BACKENDS)]:
        if value not in accepted:
            raise ValueError(f"{name} must be one of {list(accepted)}, got {value!r}.")
    store = Store(Path(out).resolve())  # a cluster's workers stand in other folders
    with store.alone() as is_alone:
        _claim(store.root, protocol, update)
        store.sweep(0 if is_alone and backend == "local" else HOUR)
        todo = {name: stages[name] for name in names[: names.index(until) + 1]}
        _do_stages(todo, store, workers(n_jobs, backend, scheduler))
        return write_tables(protocol, store, stages, cells) if until == names[-1] else None


def _do_stages(stages, store, at_work):
    """Do stages one after the other, with a progress bar each."""
    columns = [
        TextColumn("{task.description:8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    ]
    with (
        Progress(*columns, console=Console(stderr=True)) as progress,
        at_work,
    ):
        for stage, units in stages.items():
            _do(units, store, progress, stage)


def execute(unit, root):
    """Do one unit, on whatever machine this is.

    Parameters
    ----------
    unit : Unit
        The unit; what it needs has been done.

    root : Path
        Folder of the results.
    """
    # The order in which several threads add up numbers shows in the last bits.
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = "1"  # read by TensorFlow when it starts
    # Its warnings are about compiling again for rows of another shape, which is meant.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    store = Store(root)
    if store.has(unit):  # done by a worker that was lost afterwards
        return
    started, cpu_started = time.perf_counter(), time.process_time()
    with (
        store.writing(unit) as folder,
        threadpool_limits(1),
        warnings.catch_warnings(record=True) as warned,
    ):
        needs = [store.folder(needed) for needed in unit.needs]
        stage_function(unit.stage)(folder, unit.seed, needs, **unit.params)
        log = {
            "stage": unit.stage,
            "unit": unit.name,
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - cpu_started,
            "warnings": [str(warning.message) for warning in warned],
        }
        (folder / "log.json").write_text(json.dumps(log, indent=2), encoding="utf-8")


def _claim(out, protocol, update):
    """Note in the folder which protocol it belongs to, or raise if it is another one's."""
    path = out / "protocol.yaml"
    if not path.exists():
        write_whole(path, protocol.to_yaml())
    elif not update:
        here = yaml.safe_load(protocol.to_yaml())
        there = read_mapping(path, here)
        names = [name for name in here if there.get(name) != here[name]]
        if names or set(there) != set(here):
            listed = ", ".join(
                f"{name}={there.get(name)!r} there, {here[name]!r} here" for name in names
            )
            raise ValueError(
                f"{out} holds the results of another protocol ({listed}). Choose another folder, "
                "or update this one (--update), which keeps what both have in common."
            )


def _do(units, store, progress, stage):
    """Do the units of one stage that are missing or damaged."""
    if not units:
        return
    bar = progress.add_task(stage, total=len(units), rate="")
    for attempt in range(1, ATTEMPTS + 1):
        missing = [unit for unit in units if not store.has(unit)]
        on_progress = _bar_mover(progress, bar, len(units) - len(missing))
        on_progress(0)
        try:
            ProgressParallel(on_progress)(delayed(execute)(unit, store.root) for unit in missing)
            return
        except BrokenProcessPool as error:
            if attempt == ATTEMPTS:
                raise RuntimeError(
                    f"a worker process was killed {ATTEMPTS} times in the stage {stage!r}, "
                    "perhaps for want of memory: use fewer jobs."
                ) from error


def _bar_mover(progress, bar, n_before):
    started = time.monotonic()

    def on_progress(n_done):
        speed = n_done / max(time.monotonic() - started, 1e-9)
        rate = f"{speed:.2g}/s" if n_done else "done before"
        progress.update(bar, completed=n_before + n_done, rate=rate)

    return on_progress
