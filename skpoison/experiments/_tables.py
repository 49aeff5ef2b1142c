"""The tables at the end of an experiment."""

import json
import os
import platform
import warnings
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

import pandas as pd

from skpoison import __version__
from skpoison.utils._files import named, write_whole

PACKAGES = (
    *("numpy", "scipy", "scikit-learn", "imbalanced-learn", "keras"),
    *("tensorflow", "tensorflow-cpu", "jax", "torch"),
)


def write_tables(protocol, store, stages, cells):
    """Gather what the units have found.

    Parameters
    ----------
    protocol : Protocol or Comparison
        The experiment.

    store : Store
        Where all of its units are done; the tables are written there.

    stages, cells : dict
        What the protocol's ``plan`` gives.

    Returns
    -------
    results : DataFrame
        One row a cell.
    """
    rows = [cell | _found(store.folder(unit)) for unit, cell in cells.items()]
    results = pd.DataFrame(rows)
    _warn_of_refusals(results)
    timings = pd.DataFrame(
        _read(store.folder(unit) / "log.json", _log) for units in stages.values() for unit in units
    )
    write_whole(store.root / "protocol.yaml", protocol.to_yaml())  # an update ends here
    write_whole(store.root / "results.csv", results.to_csv(index=False, float_format="%.6f"))
    write_whole(store.root / "timings.csv", timings.to_csv(index=False, float_format="%.3f"))
    write_whole(store.root / "machine.json", json.dumps(_machine(), indent=2))
    return results


def _found(folder):
    """What a cell's unit has measured, or why there is nothing to measure."""
    refused = folder / "refused.txt"
    if refused.exists():
        return {"refused": _read(refused, lambda path: path.read_text(encoding="utf-8"))}
    return _read(folder / "assessment.parquet", _assessment)


def _warn_of_refusals(results):
    reasons = (
        results["refused"][lambda said: said != ""].value_counts() if "refused" in results else {}
    )
    for reason, count in reasons.items():
        message = f"{count} of {len(results)} cells are empty, as the rows were refused. {reason}"
        warnings.warn(message, UserWarning, stacklevel=4)


def _read(path, reader):
    with named(path):
        return reader(path)


def _assessment(path):
    return pd.read_parquet(path).to_dict("records")[0]


def _log(path):
    log = json.loads(path.read_text(encoding="utf-8"))
    return {name: log[name] for name in ("stage", "unit", "seconds", "cpu_seconds")}


def _machine():
    packages = {"skpoison": __version__}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            packages[name] = version(name)
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": packages,
    }
