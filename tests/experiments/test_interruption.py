"""Runs that are killed, stopped or lose a worker end with the table of an undisturbed run."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

from skpoison.experiments import run_protocol

STAGES = ("split", "attack", "train", "assess")
N_UNITS = 6 + 12 + 10 + 10
MAY_MOUNT = os.name == "posix" and os.geteuid() == 0


def n_done(folder):
    """Units that are in their place, and the one that is being written."""
    units = [path for stage in STAGES for path in folder.glob(f"{stage}/*")]
    return sum(not path.name.startswith(".") for path in units)


def wait_for(condition, process=None, seconds=120):
    """Wait until something is so; False if the process ends before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        if process is not None and process.poll() is not None:
            return False
        time.sleep(0.002)
    raise TimeoutError


@pytest.mark.skipif(os.name != "posix", reason="signals and forks of POSIX")
@pytest.mark.parametrize(
    "part",
    [
        ("kills", "20"),
        ("audit_kills", "5"),
        ("processes", "1"),
        ("damage", "2"),
        ("workers", "ensemble"),
        pytest.param(
            ("disks",), marks=pytest.mark.skipif(not MAY_MOUNT, reason="needs root, to mount")
        ),
    ],
    ids=lambda part: part[0],
)
def test_parts_of_the_benchmark_in_short(part, tmp_path):
    program = Path(__file__).parents[2] / "benchmarks/running.py"
    command = [sys.executable, program, *part, "--results", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(tmp_path / "running.csv")
    assert (found["tried"] > 0).all() and (found["failed"] == 0).all(), done.stdout
    if part[0] == "kills":
        assert found["note"][0].endswith("; 0 pieces left")
    if part[0] == "disks":
        assert found["refused"].to_list() == [1, 0, 1]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_stops_within_seconds(start_run, finished, tmp_path, jobs):
    out = tmp_path / "out"
    process = start_run(out, "--jobs", jobs)
    children = psutil.Process(process.pid).children
    assert wait_for(lambda: n_done(out) > 1, process), process.stdout.read()
    workers = children(recursive=True)
    process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    output, _ = process.communicate(timeout=30)
    assert time.monotonic() - asked < 10
    assert process.returncode == 130, output
    assert b"Stopped. The same command goes on from here." in output
    assert b"Traceback" not in output
    assert psutil.wait_procs(workers, timeout=10)[1] == []
    assert list(out.glob("*/.partial-*")) == [] or jobs == "2"  # killed workers cannot tidy up

    process = start_run(out)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert (out / "results.csv").read_bytes() == (finished / "results.csv").read_bytes()


def test_a_killed_worker_process_is_replaced(start_run, finished, tmp_path):
    out = tmp_path / "out"
    process = start_run(out, "--jobs", "2")
    assert wait_for(lambda: n_done(out) >= 7, process), process.stdout.read()
    workers = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "loky" in " ".join(child.cmdline()) and "resource_tracker" not in str(child.cmdline())
    ]
    workers[0].kill()
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert (out / "results.csv").read_bytes() == (finished / "results.csv").read_bytes()


def test_dask_cluster_that_loses_a_worker(protocol, finished, tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs the extra 'dask'")
    killed = []

    def kill_one(cluster):
        wait_for(lambda: n_done(tmp_path) >= 7)
        pid = cluster.workers[0].process.pid
        os.kill(pid, signal.SIGKILL)
        killed.append((pid, n_done(tmp_path)))

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        killer = threading.Thread(target=kill_one, args=(cluster,), daemon=True)
        killer.start()
        run_protocol(protocol, tmp_path, backend="dask", scheduler=cluster.scheduler_address)
        killer.join()
    assert killed[0][1] < N_UNITS
    assert n_done(tmp_path) == N_UNITS
    assert (tmp_path / "results.csv").read_bytes() == (finished / "results.csv").read_bytes()
