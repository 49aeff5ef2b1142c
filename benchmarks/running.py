"""What a run of experiments withstands: ``python benchmarks/running.py kills 100`` and the like.

Every part prints one line of JSON with its counts; ``all`` does them all, with 100 kills. The
parts ``disks`` need root, for mounting small file systems.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, redirect_stderr
from itertools import product
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import load_digits

from skpoison.audit import audit
from skpoison.experiments import Protocol, run_protocol, write_report
from skpoison.utils import make_estimator

PROTOCOL = Protocol(
    "digits",
    n_train=30,
    n_val=15,
    n_test=15,
    n_runs=6,
    rates=(0, 0.2, 0.4),
    attacks=("flipping", "optimal"),
    detectors=("centroid", "knn"),
)
N_UNITS = 6 + 12 + 10 + 10


def n_done(folder):
    """Units that are in their place."""
    return sum(not path.name.startswith(".") for path in folder.glob("*/*-*"))


def quiet_run(out):
    """Do the experiment without its progress bars."""
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        run_protocol(PROTOCOL, out)


def in_a_fork(function, *arguments):
    """Start a function in a fork of this process, which has everything imported."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            function(*arguments)
            code = 0
        finally:
            os._exit(code)
    return pid


def reference(folder):
    """An undisturbed run: its table and its seconds."""
    quiet_run(folder / "first")  # imports and reads what later runs find in memory
    started = time.perf_counter()
    quiet_run(folder / "reference")
    return (folder / "reference/results.csv").read_bytes(), time.perf_counter() - started


def kills(folder, n_kills=100):
    """Kill a run at random moments; what is resumed must end with the table of the other."""
    table, seconds = reference(folder)
    draw, counts = random.Random(0), {"kills": 0, "finished between": 0, "unequal": 0}
    states, out = set(), folder / "out"
    n_kills = int(n_kills)
    while counts["kills"] < n_kills:
        pid = in_a_fork(quiet_run, out)
        time.sleep(draw.uniform(0, seconds / 2))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            counts["kills"] += 1
            states.add(n_done(out))
        if not os.WIFSIGNALED(status) or counts["kills"] == n_kills:
            counts["finished between"] += 1
            quiet_run(out)
            counts["unequal"] += (out / "results.csv").read_bytes() != table
            counts["half-made left"] = len([*out.glob("*/.partial-*"), *out.glob(".partial-*")])
            shutil.rmtree(out)
    return counts | {"different numbers of units done": len(states)}


def audit_kills(folder, n_kills=100):
    """Kill audits at random moments: a folder is whole or not there, the next one tidies up."""
    X, y = load_digits(n_class=3, return_X_y=True)
    out = folder / "out"

    def look():
        audit(X, y, only=["duplicate", "order"], random_state=0).write(out)

    started = time.perf_counter()
    look()
    seconds, files = time.perf_counter() - started, sorted(path.name for path in out.iterdir())
    draw, counts = random.Random(0), {"kills": 0, "finished": 0, "not whole": 0, "while writing": 0}
    while counts["kills"] < int(n_kills):
        shutil.rmtree(out, ignore_errors=True)
        pid = in_a_fork(look)
        time.sleep(draw.uniform(0, 1.2 * seconds))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        counts["kills"] += os.WIFSIGNALED(status)
        counts["finished"] += not os.WIFSIGNALED(status)
        counts["while writing"] += any(folder.glob(".out.*.part"))
        there = sorted(path.name for path in out.glob("*"))
        counts["not whole"] += there not in ([], files)
    shutil.rmtree(out, ignore_errors=True)
    look()
    counts["half-made left"] = sum(path.name != "out" for path in folder.iterdir())
    return counts


def processes(folder):
    """Two processes on one folder."""
    table, _ = reference(folder)
    command = "from benchmarks.running import *; run_protocol(PROTOCOL, sys.argv[1])"
    out = folder / "out"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", command, str(out)], stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300)[1] for process in both]
    return {
        "exit codes": [process.returncode for process in both],
        "waited": sum("waiting for its end" in text for text in said),
        "equal": (out / "results.csv").read_bytes() == table,
    }


@contextmanager
def mounted(place, options):
    """A file system in memory."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def disks(folder):
    """A full disk and a read-only one: what is said, and what is kept."""
    table, _ = reference(folder)
    found = {}
    with mounted(folder / "full", "size=200k") as out:
        try:
            quiet_run(out)
        except OSError as error:
            found["full"] = str(error)
        found["done before it was full"] = n_done(out)
        subprocess.run(["mount", "-o", "remount,size=10m", str(out)], check=True)
        quiet_run(out)
        found["equal with more room"] = (out / "results.csv").read_bytes() == table
        subprocess.run(["mount", "-o", "remount,ro", str(out)], check=True)
        try:
            quiet_run(out)
        except OSError as error:
            found["read-only"] = str(error)
    return found


def damage(folder):
    """One damaged file at a time, of every kind: a flipped byte, a cut, an empty file."""
    table, _ = reference(folder)
    kinds = {}
    for path in sorted((folder / "reference").rglob("*")):
        if path.is_file() and path.name != ".lock":
            kinds.setdefault(path.name, path.relative_to(folder / "reference"))
    write_report(folder / "reference")
    draw, counts = random.Random(0), {"tried": 0, "same table": 0, "refused": 0, "wrong": []}
    for name, place in kinds.items():
        for how in ["flip"] * 5 + ["cut", "cut", "empty"]:
            out = folder / "damaged"
            shutil.copytree(folder / "reference", out)
            content = bytearray((out / place).read_bytes())
            where = draw.randrange(len(content))
            if how == "flip":
                content[where] ^= 1 << draw.randrange(8)
            else:
                del content[where if how == "cut" else 0 :]
            (out / place).write_bytes(content)
            counts["tried"] += 1
            try:
                quiet_run(out)
                write_report(out)
                same = (out / "results.csv").read_bytes() == table
                counts["same table"] += same
                if not same:
                    counts["wrong"].append(f"{name} {how}: another table")
            except (ValueError, OSError):
                counts["refused"] += 1
            except Exception as error:
                counts["wrong"].append(f"{name} {how}: {error!r}")
            shutil.rmtree(out)
    return counts


def ctrl_c(folder, n_times=10):
    """Seconds from Ctrl-C to the end, while networks are trained too."""
    text = PROTOCOL.to_yaml().replace("[centroid, knn]", "[centroid, cae+, ensemble]")
    (folder / "protocol.yaml").write_text(text)
    seconds, codes, kept = [], set(), []
    for number in range(int(n_times)):
        out = folder / f"out{number % 2}"
        jobs = str(1 + number % 2)
        code = "from skpoison.cli import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, "run", str(folder / "protocol.yaml"), "-o", str(out)]
            + ["--jobs", jobs],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        before = n_done(out)
        while n_done(out) < before + 2 and process.poll() is None:
            time.sleep(0.01)
        time.sleep(random.Random(number).uniform(0, 3))
        started = time.perf_counter()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        seconds.append(round(time.perf_counter() - started, 2))
        codes.add(process.returncode)
        kept.append(n_done(out) >= before + 2)
    return {"seconds": seconds, "exit codes": sorted(codes), "progress kept": all(kept)}


def _fit(name, n_rows=120):
    X, y = load_digits(n_class=3, return_X_y=True)
    params = {"epochs": 3, "image_shape": (8, 8), "random_state": 0}
    detector = make_estimator("detector", name, **params)
    return detector.fit(X[:n_rows] / 16, y[:n_rows]).training_scores_


def memory(folder, n_fits=50):
    """Growth of the process over 50 fits after ten, on as many rows each time and on others.

    On as many rows there is none. A number of rows not met before takes 1.6 MiB in `cae+`: not of
    traced functions, of which there are three or four, but of oneDNN, for with
    ``TF_ENABLE_ONEDNN_OPTS=0`` 30 fits on other rows add 1 MiB in all.
    """
    import psutil

    process, found = psutil.Process(), {}
    for name, step in product(("ensemble", "knn", "cae+"), (0, 1)):
        sizes = []
        for number in range(10 + int(n_fits)):
            _fit(name, 100 + step * number)
            sizes.append(process.memory_info().rss / 2**20)
        rows = "other rows" if step else "as many rows"
        found[f"{name}, {rows}"] = [round(sizes[9]), round(sizes[-1])]  # MiB
    return found


def workers(folder):
    """Fits in threads and in workers of three kinds: scores equal to those of this process."""
    import multiprocessing

    found = {}
    names = ("ensemble", "cae+")
    for kind in ("fork", "spawn"):  # before this process has threads or TensorFlow: forks hang
        with multiprocessing.get_context(kind).Pool(2) as pool:
            found[kind] = pool.map_async(_fit, names * 2).get(timeout=900)
    found["loky"] = Parallel(2)(delayed(_fit)(name) for name in names * 2)
    found["threads"] = Parallel(4, backend="threading")(delayed(_fit)(name) for name in names * 2)
    expected = [_fit(name) for name in names] * 2
    return {
        kind: all(map(np.array_equal, fits, expected, strict=True)) for kind, fits in found.items()
    }


PARTS = (kills, audit_kills, processes, disks, damage, ctrl_c, memory, workers)


def main(wanted, *arguments):
    """Do one part or all of them."""
    for part in PARTS:
        if wanted in ("all", part.__name__):
            with tempfile.TemporaryDirectory() as folder:
                print(json.dumps({part.__name__: part(Path(folder), *arguments)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
