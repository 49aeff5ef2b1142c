"""Where an experiment keeps its units of work: one folder each, named by what it depends on."""

import hashlib
import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from skpoison import __version__

CHECKSUMS = "SHA256SUMS"
HOUR = 3600


@dataclass(frozen=True, eq=False)
class Unit:
    """One piece of work: a pure function of its parameters and of the units it needs.

    Parameters
    ----------
    stage : str
        What is done, a key of ``skpoison.experiments._stages.STAGES``.

    name : str
        What a reader calls it; no part of the key.

    params : dict
        Keywords of the stage's function, of types that JSON knows.

    needs : tuple of Unit, default=()
        The units whose files it reads.
    """

    stage: str
    name: str
    params: dict
    needs: tuple = ()

    @cached_property
    def key(self):
        """Hash of everything the result depends on, the library's version included."""
        parts = [__version__, self.stage, self.params, [unit.key for unit in self.needs]]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def seed(self):
        """Seed of everything the unit draws: the same wherever and whenever it is done."""
        return int(np.random.SeedSequence(int(self.key, 16)).generate_state(1)[0])


class Store:
    """A folder of finished units.

    A unit's files are written to a folder beside its place, with their checksums, and are moved
    there in one step when they are safe on the disk. What is in its place and has the right
    checksums is done; anything else is not.

    Parameters
    ----------
    root : str or path-like
        The folder.
    """

    def __init__(self, root):
        self.root = Path(root)

    def folder(self, unit):
        """Place of a unit's files.

        Parameters
        ----------
        unit : Unit
            The unit.

        Returns
        -------
        folder : Path
            It exists if the unit has been done.
        """
        return self.root / unit.stage / f"{unit.name}-{unit.key[:16]}"

    def has(self, unit):
        """Tell whether a unit is done and undamaged.

        Parameters
        ----------
        unit : Unit
            The unit.

        Returns
        -------
        done : bool
            False where a file is missing or not what was written.
        """
        folder = self.folder(unit)
        try:
            lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
            expected = dict(reversed(line.split("  ", 1)) for line in lines)
            return bool(expected) and expected == _checksums(folder)
        except (OSError, ValueError):
            return False

    @contextmanager
    def writing(self, unit):
        """Write a unit: all of it or nothing.

        Parameters
        ----------
        unit : Unit
            The unit.

        Yields
        ------
        folder : Path
            Where its files are to be written.
        """
        place = self.folder(unit)
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=place.parent))
        try:
            yield partial
            sums = "".join(f"{sum_}  {name}\n" for name, sum_ in _checksums(partial).items())
            (partial / CHECKSUMS).write_text(sums, encoding="utf-8")
            for path in (*partial.iterdir(), partial):
                _sync(path)
            if place.exists() and not self.has(unit):
                shutil.rmtree(place)
            try:
                partial.rename(place)
                _sync(place.parent)
            except OSError:
                if not self.has(unit):  # otherwise another worker has done the same
                    raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def sweep(self):
        """Remove what units that were killed while writing left behind an hour ago or earlier."""
        for partial in self.root.glob("*/.partial-*"):
            if time.time() - partial.stat().st_mtime > HOUR:
                shutil.rmtree(partial, ignore_errors=True)


def write_text(path, text):
    """Write a file: all of it or nothing.

    Parameters
    ----------
    path : Path
        The file.

    text : str
        Its content.
    """
    partial = path.with_name(f".partial-{path.name}")
    try:
        partial.write_text(text, encoding="utf-8")
        _sync(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _checksums(folder):
    """SHA-256 of every file but the list of checksums, by name."""
    sums = {}
    for path in sorted(folder.iterdir()):
        if path.name != CHECKSUMS:
            with path.open("rb") as file:
                sums[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def _sync(path):
    """Wait until a file's or folder's content is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
