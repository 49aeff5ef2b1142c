"""What runs, audits and fits withstand: ``python benchmarks/running.py kills 100`` and the like.

Every part writes its rows into ``running.csv`` in place of those of its last run; ``all`` does
them all. ``tried`` is how often, ``equal`` how often the outcome was that of an undisturbed
process, ``refused`` how often a sentence said what is wrong, ``failed`` anything else.
``seconds`` are those of the part or, of Ctrl-C, the median and the longest time to the end.
``load`` is how many processes wanted a core, for each there is: the system's average over a minute
before and after. The part ``disks`` needs root, for mounting small file systems.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, redirect_stderr
from itertools import cycle, islice, product
from pathlib import Path

import numpy as np
import pandas as pd
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
CTRL_C_SECONDS = 2  # the most that is accepted
MOST_GROWTH = 5  # MiB, the same
COUNTS = ["tried", "equal", "refused", "failed"]
COLUMNS = ["part", "what", *COUNTS, "seconds", "longest", "growth_mib", "load", "note"]


def row(what, tried, equal=0, refused=0, **others):
    """A row of the results; what was neither equal nor refused has failed."""
    counts = {"tried": tried, "equal": equal, "refused": refused}
    return {"what": what} | counts | {"failed": tried - equal - refused} | others


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
    draw, out = random.Random(0), folder / "out"
    n_killed = n_resumed = n_equal = n_left = 0
    states = set()
    while n_killed < n_kills:
        pid = in_a_fork(quiet_run, out)
        time.sleep(draw.uniform(0, seconds / 2))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            n_killed += 1
            states.add(n_done(out))
        if not os.WIFSIGNALED(status) or n_killed == n_kills:
            n_resumed += 1
            quiet_run(out)
            n_equal += (out / "results.csv").read_bytes() == table
            n_left += len([*out.glob("*/.partial-*"), *out.glob(".partial-*")])
            shutil.rmtree(out)
    note = f"{n_killed} kills at {len(states)} different numbers of units; {n_left} pieces left"
    return [row("runs killed until they were done", n_resumed, n_equal, note=note)]


def audit_kills(folder, n_kills=100):
    """Kill audits at random moments: a folder is whole or not there, the next one tidies up."""
    X, y = load_digits(n_class=3, return_X_y=True)
    out = folder / "out"

    def look():
        audit(X, y, only=["duplicate", "order"], random_state=0).write(out)

    started = time.perf_counter()
    look()
    seconds, files = time.perf_counter() - started, sorted(path.name for path in out.iterdir())
    draw, n_killed, n_writing, n_whole = random.Random(0), 0, 0, 0
    while n_killed < n_kills:
        shutil.rmtree(out, ignore_errors=True)
        pid = in_a_fork(look)
        time.sleep(draw.uniform(0, 1.2 * seconds))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            n_killed += 1
            n_writing += any(folder.glob(".out.*.part"))
            n_whole += sorted(path.name for path in out.glob("*")) in ([], files)
    shutil.rmtree(out, ignore_errors=True)
    look()
    n_left = sum(path.name != "out" for path in folder.iterdir())
    note = f"{n_writing} while writing; {n_left} pieces left after the next audit"
    return [row("audits killed", n_killed, n_whole, note=note)]


def processes(folder, n_times=3):
    """Two processes on one folder: the second run waits, the second audit says what is there."""
    table, _ = reference(folder)
    n_waited = n_equal = n_whole = n_said = 0
    run = "from benchmarks.running import *; run_protocol(PROTOCOL, sys.argv[1])"
    for _ in range(n_times):
        out = folder / "out"
        ended = two_at_once([sys.executable, "-c", run, str(out)])
        n_waited += "waiting for its end" in "".join(said for _, said in ended)
        is_equal = (out / "results.csv").read_bytes() == table
        n_equal += is_equal and [code for code, _ in ended] == [0, 0]
        shutil.rmtree(out)
    X, y = load_digits(n_class=3, return_X_y=True)
    np.savez(folder / "digits.npz", X=X, y=y)
    look = "from skpoison.cli import main; main()"
    for _ in range(n_times):
        out = folder / "audit"
        command = [sys.executable, "-c", look, "audit", str(folder / "digits.npz"), "--out"]
        ended = sorted(two_at_once([*command, str(out), "--only", "duplicate,order"]))
        (first, _), (second, said) = ended
        n_said += first == 0 and second == 2 and "name a new folder" in " ".join(said.split())
        n_whole += (out / "summary.json").exists() and not any(folder.glob(".audit.*"))
        shutil.rmtree(out)
    return [
        row("two runs", n_times, n_equal, note=f"the second waited {n_waited} times"),
        row("two audits", n_times, 0, min(n_said, n_whole), note=f"{n_whole} folders whole"),
    ]


def two_at_once(command):
    """Exit code and standard error of two processes that start together."""
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=300)[1] for process in both]
    return list(zip([process.returncode for process in both], said, strict=True))


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
    found = []

    def attempt(what, out):
        equal, said = False, ""
        try:
            quiet_run(out)
            equal = (out / "results.csv").read_bytes() == table
        except OSError as error:
            said = str(error).replace(str(folder), "FOLDER")
        note = said or f"{n_done(out)} units done"
        found.append(row(what, 1, int(equal), int("FOLDER" in said), note=note))

    with mounted(folder / "full", "size=200k") as out:
        attempt("a full disk", out)
        subprocess.run(["mount", "-o", "remount,size=10m", str(out)], check=True)
        attempt("the same with more room", out)
        subprocess.run(["mount", "-o", "remount,ro", str(out)], check=True)
        attempt("the same read-only", out)
    return found


def damage(folder, n_times=8):
    """One damaged file at a time, of every kind: a flipped byte, a cut, an empty file."""
    table, _ = reference(folder)
    kinds = {}
    for path in sorted((folder / "reference").rglob("*")):
        if path.is_file() and path.name != ".lock":
            kinds.setdefault(path.name, path.relative_to(folder / "reference"))
    write_report(folder / "reference")
    draw, found = random.Random(0), []
    for name, place in kinds.items():
        n_equal, n_refused, notes = 0, 0, []
        for how in islice(cycle(["flip", "cut", "empty", "flip", "cut", "flip"]), n_times):
            out = folder / "damaged"
            shutil.copytree(folder / "reference", out)
            content = bytearray((out / place).read_bytes())
            where = draw.randrange(len(content))
            if how == "flip":
                content[where] ^= 1 << draw.randrange(8)
            else:
                del content[where if how == "cut" else 0 :]
            (out / place).write_bytes(content)
            try:
                quiet_run(out)
                write_report(out)
                same = (out / "results.csv").read_bytes() == table
                n_equal += same
                notes += [] if same else [f"{how}: another table"]
            except (ValueError, OSError):
                n_refused += 1
            except Exception as error:
                notes.append(f"{how}: {error!r}")
            shutil.rmtree(out)
        found.append(row(name, n_times, n_equal, n_refused, note="; ".join(notes)))
    return found


def heed_ctrl_c():
    """Also where this program runs in the background, and its shell has turned SIGINT off."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ctrl_c(folder, n_times=20):
    """Seconds from Ctrl-C to the end, while networks are trained too; two seconds are accepted."""
    text = PROTOCOL.to_yaml().replace("[centroid, knn]", "[centroid, cae+, ensemble]")
    (folder / "protocol.yaml").write_text(text)
    found = []
    for jobs in (1, 2):
        seconds, n_good, out = [], 0, folder / f"out{jobs}"
        for number in range(n_times):
            code = "from skpoison.cli import main; main()"
            process = subprocess.Popen(
                [sys.executable, "-c", code, "run", str(folder / "protocol.yaml"), "-o", str(out)]
                + ["--jobs", str(jobs)],
                stderr=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                preexec_fn=heed_ctrl_c,
            )
            before = n_done(out)
            while n_done(out) < before + 2 and process.poll() is None:
                time.sleep(0.01)
            time.sleep(random.Random(number).uniform(0, 3))
            if process.poll() is not None:  # it was done
                shutil.rmtree(out)
                continue
            started = time.perf_counter()
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
            seconds.append(time.perf_counter() - started)
            is_kept = n_done(out) >= before + 2
            n_good += process.returncode == 130 and is_kept and seconds[-1] < CTRL_C_SECONDS
        times = {"seconds": np.median(seconds), "longest": max(seconds)}
        found.append(row(f"{jobs} jobs", len(seconds), n_good, **times))
    return found


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

    process, found = psutil.Process(), []
    for name, step in product(("ensemble", "knn", "cae+"), (0, 1)):
        sizes = []
        for number in range(10 + n_fits):
            _fit(name, 100 + step * number)
            sizes.append(process.memory_info().rss / 2**20)
        rows, growth = "other rows" if step else "as many rows", sizes[-1] - sizes[9]
        note = f"{sizes[9]:.0f} MiB after ten fits"
        n_equal = n_fits if growth < MOST_GROWTH else 0
        found.append(row(f"{name}, {rows}", n_fits, n_equal, growth_mib=growth, note=note))
    return found


def workers(folder, *names):
    """Fits in threads and in workers of three kinds: scores equal to those of this process."""
    import multiprocessing

    found, names = {}, names or ("ensemble", "cae+")
    for kind in ("fork", "spawn"):  # before this process has threads or TensorFlow: forks hang
        with multiprocessing.get_context(kind).Pool(2) as pool:
            found[kind] = pool.map_async(_fit, names * 2).get(timeout=900)
    found["loky"] = Parallel(2)(delayed(_fit)(name) for name in names * 2)
    found["threads"] = Parallel(4, backend="threading")(delayed(_fit)(name) for name in names * 2)
    expected = [_fit(name) for name in names] * 2
    return [
        row(kind, len(fits), sum(map(np.array_equal, fits, expected)), note=" and ".join(names))
        for kind, fits in found.items()
    ]


PARTS = {part.__name__: part for part in (kills, audit_kills, processes, disks, damage)}
PARTS |= {part.__name__: part for part in (ctrl_c, memory, workers)}


def measured(part, *arguments):
    """The rows of a part."""
    started, load = time.perf_counter(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        rows = pd.DataFrame(PARTS[part](Path(folder), *arguments)).assign(part=part)
    rows = rows.reindex(columns=COLUMNS)
    seconds = time.perf_counter() - started
    rows["seconds"] = rows["seconds"].fillna(seconds)
    rows["load"] = (load + os.getloadavg()[0]) / 2 / os.cpu_count()
    return rows.round({"seconds": 2, "longest": 2, "growth_mib": 1, "load": 1})


def main():
    """Do one part or all of them, and write their rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["all", *PARTS])
    parser.add_argument("arguments", nargs="*", help="how often, or names of detectors")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    arguments = [int(text) if text.isdecimal() else text for text in options.arguments]
    path = options.results / "running.csv"
    for part in PARTS if options.part == "all" else [options.part]:
        rows = measured(part, *arguments)
        print(rows.drop(columns="part").to_string(index=False), flush=True)
        if path.exists():
            old = pd.read_csv(path)
            rows = pd.concat([old[old["part"] != part], rows])
        order = rows["part"].map(list(PARTS).index)
        rows.iloc[np.argsort(order, kind="stable")].to_csv(path, index=False)


if __name__ == "__main__":
    main()
