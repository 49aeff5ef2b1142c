"""Folders of pictures or text files, one folder a class."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from skpoison.audit._data import AuditData
from skpoison.audit._files import BROKEN_BYTE, MAX_BYTES, as_text
from skpoison.audit._inert import encodable
from skpoison.audit._naming import counted, listed, rows_named
from skpoison.audit._picture_files import SUFFIXES
from skpoison.utils._readable import readable

PARTS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}


def read_folder(folder):
    """List the files of a folder whose subfolders are classes; nothing is opened yet.

    Two levels, train/ and test/ above the classes, give the split of each row. Hidden files are
    passed over, and links are not followed.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.

    Returns
    -------
    data : AuditData
        `X` is a list of paths; `kind` is "images" if most files are pictures by their suffix.

    Raises
    ------
    ValueError
        If there is no subfolder with files.
    """
    files, loose, links = _files(folder)
    if not files:
        raise ValueError(
            f"{folder} has no subfolder with files; one folder for each class is accepted."
        )
    notes = []
    firsts = {parts[0] for parts in files}
    is_split = all(len(parts) > 2 for parts in files) and {n.lower() for n in firsts} <= PARTS
    level = 1 if is_split else 0
    is_picture = [parts[-1].lower().endswith(SUFFIXES) for parts in files]
    kind = "images" if sum(is_picture) * 2 >= len(files) else "text"
    other = ["/".join(p) for p, good in zip(files, is_picture, strict=True) if not good]
    if kind == "images" and other:
        notes.append(f"{counted(len(other), 'file')} passed over, no pictures: {listed(other)}.")
        files = [parts for parts, good in zip(files, is_picture, strict=True) if good]
    if loose:
        notes.append(f"{counted(len(loose), 'file')} passed over, in no class: {listed(loose)}.")
    if links:
        notes.append(f"{counted(len(links), 'link')} not followed: {listed(links)}.")
    y = np.array(encodable([parts[level] for parts in files]))
    n_classes = counted(len(set(y)), "class").replace("classs", "classes")
    what = "picture" if kind == "images" else "text file"
    names = encodable(["/".join(parts) for parts in files])
    return AuditData(
        X=[folder.joinpath(*parts) for parts in files],
        y=y,
        kind=kind,
        index=pd.Index(names, name="file"),
        label_name="folder",
        split=np.array([parts[0] for parts in files]) if is_split else None,
        paths=[str(folder.joinpath(*parts)) for parts in files],
        notes=[f"{folder.name}: {counted(len(files), what)} in {n_classes}.", *notes],
    )


def read_texts(paths, index):
    """Read text files; those that are no text are left out and named.

    Parameters
    ----------
    paths : list of pathlib.Path
        The files.

    index : Index of shape (n_samples,)
        What each is called.

    Returns
    -------
    texts : list of str

    good : ndarray of shape (n_good,)
        Positions of those that were read.

    notes : list of str

    Raises
    ------
    OSError
        If not one of them can be read.
    """
    texts, good, problems, encodings, total = [], [], {}, Counter(), 0
    for row, path in enumerate(paths):
        total += path.stat().st_size
        if total > MAX_BYTES:
            raise OSError(f"The text files hold more than {MAX_BYTES >> 30} GiB.")
        try:
            text, encoding = as_text(path.read_bytes())
            if not text.strip():
                raise ValueError("empty")
        except (ValueError, OSError) as error:
            problems[row] = readable(error)
        else:
            texts.append(BROKEN_BYTE.sub("\ufffd", text))
            good.append(row)
            encodings[encoding] += 1
    if not good:
        raise OSError(f"None of {counted(len(paths), 'text file')} can be read ({problems[0]}).")
    notes = [f"The text is {', '.join(f'{name} ({n:,})' for name, n in encodings.most_common())}."]
    if problems:
        reasons = "; ".join(sorted(set(problems.values()))[:3])
        notes.append(
            f"{counted(len(problems), 'file')} left out because unreadable: "
            f"{rows_named(index, sorted(problems))} ({reasons})."
        )
    return texts, np.array(good), notes


def _files(folder):
    """Names of the parts of each file's path below the folder, of files in no class, of links."""
    files, loose, links = [], [], []
    for here, folders, names in os.walk(folder, followlinks=False, onerror=_refuse):
        below = Path(here).relative_to(folder)
        is_link = [os.path.islink(os.path.join(here, name)) for name in (*folders, *names)]
        links += [
            str(below / name)
            for name, link in zip((*folders, *names), is_link, strict=True)
            if link
        ]
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(here, name)
            if name.startswith(".") or name == "Thumbs.db" or path.is_symlink():
                continue
            if not path.is_file():  # pipes and devices would be waited for
                continue
            (files if below.parts else loose).append((*below.parts, name))
    return files, ["/".join(parts) for parts in loose], sorted(links)


def _refuse(error):
    raise error
