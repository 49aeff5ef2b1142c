"""What an audit leaves in a folder: the report, the rows, those to keep, the summary."""

import json
import os
import platform
import re
import shutil
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd

from skpoison.audit._inert import encodable, spreadsheet_table
from skpoison.audit._report import render
from skpoison.utils._readable import readable

CELLS_AT_ONCE = 2**22
HOST = re.sub(r"\W", "-", platform.node(), flags=re.A)


def write(audit, folder):
    """Write an audit into a new folder, all of it or nothing.

    A process that is killed while it writes leaves a hidden folder beside it, which the next audit
    that is written there removes.

    The folder gets ``report.html``; ``rows.csv`` and ``rows.parquet`` with every row; ``clean.csv``
    with the rows that are not flagged or, where rows are files, ``clean_files.txt`` with their
    paths; and ``summary.json``. In the CSV files a text that a spreadsheet would take for a formula
    stands after an apostrophe, and control characters are written out; the Parquet file has them
    as they are. A path with control characters stands in quotes, as in JSON.

    Parameters
    ----------
    audit : Audit
        What was found.

    folder : str or path-like
        A folder that does not exist or is empty; those above it are made.

    Raises
    ------
    FileExistsError
        If there is something in the folder, or it is a file.

    OSError
        If it cannot be written; nothing of it is left then.
    """
    folder = Path(folder)
    check_new(folder)
    _remove_stale(folder)
    partial = folder.parent / f".{folder.name}.{uuid4().hex[:8]}.{HOST}.{os.getpid()}.part"
    missing = [parent for parent in folder.absolute().parents if not parent.exists()]
    try:
        partial.mkdir(parents=True)
        _write_files(audit, partial)
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        for parent in missing:
            with suppress(OSError):
                parent.rmdir()
        if not isinstance(error, OSError):
            raise
        check_new(folder)  # another process may have been faster
        why = os.strerror(error.errno) if error.errno else error
        raise OSError(f"{folder} could not be written, nothing of it is left: {why}.") from error


def _remove_stale(folder):
    """Remove what processes of this machine that were killed have begun to write there."""
    if os.name != "posix":  # elsewhere there is no harmless signal to ask a process by
        return
    name = re.compile(
        re.escape(f".{folder.name}.") + r"[0-9a-f]{8}\." + re.escape(HOST) + r"\.(\d{1,9})\.part"
    )
    with suppress(OSError):
        for entry in os.scandir(folder.parent):
            match = name.fullmatch(entry.name)
            if match and entry.is_dir(follow_symlinks=False) and _is_dead(int(match.group(1))):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_dead(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


def check_new(folder):
    """Check that a folder is there to be written.

    Parameters
    ----------
    folder : str or path-like
        Where an audit is to be written.

    Raises
    ------
    FileExistsError
        If there is something in the folder, or it is a file.
    """
    folder = Path(folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: name a new folder.")
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: name a new folder.")


def _write_files(audit, folder):
    data = audit.data
    kept = ~np.asarray(audit.rows["flagged"], dtype=bool)
    (folder / "report.html").write_text(render(audit), encoding="utf-8")
    (folder / "summary.json").write_text(to_json(audit.summary), encoding="ascii")
    rows = audit.rows.copy()
    rows.insert(0, "position", np.arange(len(rows)))
    rows.insert(0, "row", rows.index.to_flat_index())
    rows = rows.reset_index(drop=True)
    _to_csv(rows, folder / "rows.csv")
    # By name, Arrow opens UTF-8 alone, and pandas gives it the name of an open file.
    (folder / "rows.parquet").write_bytes(_storable(rows).to_parquet(index=False))
    if data.paths is not None and data.table is None:
        paths = [_line(path) for path, keep in zip(data.paths, kept, strict=True) if keep]
        text = "".join(f"{path}\n" for path in paths)
        (folder / "clean_files.txt").write_text(text, encoding="utf-8")
        return
    clean = _clean_rows(data, rows, np.flatnonzero(kept))
    _to_csv(clean, folder / "clean.csv")


def _to_csv(table, path):
    """Write the table; of one with many columns pandas writes line by line, a second each."""
    table = spreadsheet_table(table).copy()  # columns of one type side by side
    chunksize = max(1, CELLS_AT_ONCE // table.shape[1])
    table.to_csv(path, index=False, encoding="utf-8", chunksize=chunksize)


def _clean_rows(data, rows, kept):
    """The rows to keep with their label, group and split; of arrays their positions."""
    if data.table is not None:
        return data.table.iloc[kept].reset_index(drop=True)
    if data.kind == "table":
        table = data.X.iloc[kept].reset_index(drop=True)
    elif data.kind == "text":
        table = pd.DataFrame({"text": [data.X[row] for row in kept]}, dtype=object)
    else:
        table = rows.loc[kept, ["row", "position"]].reset_index(drop=True)
    known = {data.label_name: rows["label"], "group": data.groups, "split": data.split}
    more = {
        name: np.asarray(values)[kept]
        for name, values in known.items()
        if values is not None and name not in table.columns
    }
    return pd.concat([table, pd.DataFrame(more, index=table.index)], axis=1)


def _storable(table):
    """A table that Parquet can hold: texts in place of objects of any type."""
    result = table.copy()
    for name in table.columns:
        if pd.api.types.is_object_dtype(table[name]):
            cells = [None if _is_missing(cell) else str(cell) for cell in table[name]]
            result[name] = encodable(cells)
    return result


def _is_missing(cell):
    return cell is None or cell is pd.NA or cell != cell


def _line(path):
    """A path on a line of its own."""
    path = os.fspath(path)
    return json.dumps(path) if readable(path) != path or path[:1] == '"' or "\n" in path else path


def to_json(summary):
    """JSON of plain ASCII without a "<"; what is no finite number is null.

    Parameters
    ----------
    summary : dict
        Of texts, numbers, lists and further dicts.

    Returns
    -------
    text : str
        JSON.
    """
    text = json.dumps(_plain(summary), indent=2, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\x7f", "\\u007f") + "\n"


def _plain(value):
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)
