"""Ctrl-C while a detector is fitted, as it comes from a terminal."""

import signal
import subprocess
import sys
import time

import pytest

FIT = """
import numpy as np
from skpoison.detectors import {imports}
X = np.random.RandomState(0).normal(size=(20_000, 200))
y = np.arange(20_000) % 10
print("fitting", flush=True)
{detector}.fit(X, y)
print("fitted", flush=True)
"""


@pytest.mark.parametrize(
    "detector",
    [
        "EnsembleDetector(n_jobs=1, verbose=1)",
        "EnsembleDetector(n_jobs=2)",
        "ConfidentLearningDetector(RandomForestClassifier(300), n_jobs=2)",
    ],
)
def test_ctrl_c_stops_at_once(detector):
    imports = "EnsembleDetector, ConfidentLearningDetector\n"
    imports += "from sklearn.ensemble import RandomForestClassifier"
    process = subprocess.Popen(
        [sys.executable, "-c", FIT.format(imports=imports, detector=detector)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "fitting\n"
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - sent < 30
    assert "KeyboardInterrupt" in err and "fitted" not in out
    assert process.returncode != 0
