"""A small experiment that the tests of this folder do in many ways."""

import signal
import subprocess
import sys

import pytest

from skpoison.experiments import Protocol, run_protocol

COMMAND = [sys.executable, "-c", "from skpoison.cli import main; main()"]


@pytest.fixture(scope="session")
def protocol():
    """Digits, 6 runs (5 train, 1 assesses), quick attacks and detectors."""
    return Protocol(
        "digits",
        n_train=30,
        n_val=15,
        n_test=15,
        n_runs=6,
        rates=(0, 0.2, 0.4),
        attacks=("flipping", "optimal"),
        detectors=("centroid", "knn"),
    )


@pytest.fixture(scope="session")
def finished(protocol, tmp_path_factory):
    """The folder of that experiment, done without a disturbance. Copy it to change it."""
    folder = tmp_path_factory.mktemp("finished")
    run_protocol(protocol, folder)
    return folder


@pytest.fixture
def protocol_file(protocol, tmp_path):
    """That experiment as a YAML file."""
    path = tmp_path / "protocol.yaml"
    path.write_text(protocol.to_yaml())
    return path


@pytest.fixture
def start_run(protocol_file):
    """Start ``skpoison run`` on that experiment in a process of its own."""
    started = []

    def start(out, *options):
        command = [*COMMAND, "run", str(protocol_file), "--out", str(out), *options]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=_hear_ctrl_c
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _hear_ctrl_c():
    """Also where the tests run in the background, and their shell has turned SIGINT off."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
