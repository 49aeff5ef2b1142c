"""Where an experiment keeps its units of work: one folder each, named by what it depends on."""

import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from skpoison.utils._archives import MAX_BYTES
from skpoison.utils._files import sync

CHECKSUMS = "SHA256SUMS"


@dataclass(frozen=True, eq=False)
class Unit:
    """One piece of work: a pure function of its parameters and of the units it needs.

    Parameters
    ----------
    stage : str
        What is done, a name that ``skpoison.experiments.stages.stage_function`` knows.

    name : str
        What a reader calls it; no part of the key.

    params : dict
        Keywords of the stage's function, of types that JSON knows.

    needs : tuple of Unit, default=()
        The units whose files it reads.

    code : str, default=""
        Hash of the code that does it.
    """

    stage: str
    name: str
    params: dict
    needs: tuple = ()
    code: str = ""

    @cached_property
    def key(self):
        """Hash of everything the result depends on, the code included."""
        return _hash(self.stage, self.params, self.code, [unit.key for unit in self.needs])

    @cached_property
    def identity(self):
        """Hash of what is to be done, whatever the code that does it."""
        return _hash(self.stage, self.params, [unit.identity for unit in self.needs])

    @property
    def seed(self):
        """Seed of everything the unit draws: the same wherever and whenever it is done."""
        return int(np.random.SeedSequence(int(self.identity, 16)).generate_state(1)[0])


def _hash(*parts):
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


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

    @contextmanager
    def alone(self):
        """Wait until no other process of this machine works in the folder, and keep others out.

        Yields
        ------
        is_alone : bool
            False where the system cannot lock files, as on some network drives.

        Raises
        ------
        OSError
            If the folder cannot be written to, or holds anything but files and folders.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for path in _strange(self.root):
                raise OSError(
                    f"{path} is neither a file nor a folder of these results: links lead to "
                    "elsewhere, and pipes are waited for. Remove it."
                )
            file = (self.root / ".lock").open("a")
        except OSError as error:
            if error.errno is None:
                raise
            why = os.strerror(error.errno)
            raise OSError(f"out={str(self.root)!r} cannot be written to: {why}.") from error
        with file:
            yield _lock(file, self.root)

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
                sync(path)
            if place.exists() and not self.has(unit):
                shutil.rmtree(place)
            try:
                partial.rename(place)
                sync(place.parent)
            except OSError:
                if not self.has(unit):  # otherwise another worker has done the same
                    raise
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS):
                raise
            why = os.strerror(error.errno)
            raise OSError(f"{place} could not be written: {why}. What is done is kept.") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def sweep(self, seconds):
        """Remove what was being written by processes that were killed.

        Parameters
        ----------
        seconds : float
            How long it must not have changed. 0 where nobody else can be writing.
        """
        for partial in (*self.root.glob("*/.partial-*"), *self.root.glob(".partial-*")):
            if time.time() - partial.stat().st_mtime >= seconds:
                if partial.is_dir():
                    shutil.rmtree(partial, ignore_errors=True)
                else:
                    partial.unlink(missing_ok=True)


def _strange(folder, depth=2):
    """Links, pipes and devices in a folder and those in it."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            if depth > 1:
                yield from _strange(entry.path, depth - 1)
        elif entry.is_symlink() or not entry.is_file():
            yield entry.path


def _checksums(folder):
    """SHA-256 of every file but the list of checksums, by name."""
    sums = {}
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path} is no file of at most {MAX_BYTES >> 30} GiB")
        if path.name != CHECKSUMS:
            with path.open("rb") as file:
                sums[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def _lock(file, folder):
    """Lock an open file, after whoever has locked it; False where that cannot be done."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"Another process works in {folder}: waiting for its end.", file=sys.stderr)
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:
        return False
    return True
