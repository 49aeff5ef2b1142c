"""The poisoned sets of runs."""

import numpy as np

from skpoison.utils._archives import load_arrays


def arrays_of(path, *names):
    """Arrays of an archive in a results folder, in the order of these names."""
    arrays = load_arrays(path)
    missing = [name for name in names if name not in arrays]
    if missing:
        raise OSError(f"{path}: {', '.join(missing)} missing. Delete its folder to have it redone.")
    return [arrays[name] for name in names]


def runs_of(needs, n_poison):
    """Pairs of folders: rows and poison of a run, None where there is no poison."""
    if n_poison == 0:
        return [(rows, None) for rows in needs]
    return list(zip(needs[: len(needs) // 2], needs[len(needs) // 2 :], strict=True))


def read_set(run, n_poison):
    """Poisoned training set of a run: its clean rows, then the first poison rows."""
    rows_folder, poison_folder = run
    X, y = arrays_of(rows_folder / "rows.npz", "X_train", "y_train")
    if poison_folder is None:
        return X, y
    X_poison, y_poison = arrays_of(poison_folder / "poison.npz", "X", "y")
    return np.concatenate([X, X_poison[:n_poison]]), np.concatenate([y, y_poison[:n_poison]])
