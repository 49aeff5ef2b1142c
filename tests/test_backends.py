"""The networks and their detectors pass their tests on each of Keras's back ends."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

FILES = [
    "tests/networks",
    "tests/detectors/test_classification.py",
    "tests/detectors/test_cross_fitted_cae.py::test_flipped_labels_are_found",
    "tests/detectors/test_magnet.py",
    "tests/detectors/test_reconstruction.py",
    "tests/test_persistence.py::test_files_of_every_format_can_be_read",
]
CHECKS = [
    "test_detector_contract",
    "test_fitting_twice_gives_equal_scores_and_leaves_global_randomness_alone",
    "test_fitted_detector_survives_copies",
]
# Left out: parameters and counts that no back end changes, at the price of much compilation, and
# verdicts on one draw of rows, which hold for the weights that one back end draws.
LEFT_OUT = [
    "alpha_chooses",
    "auto_needs_a_second_component",
    "compiled_once",
    "epochs_of_each_network",
    "grid_search",
    "networks_and_noise",
]
DETECTORS = ["CAEPlusDetector", "CrossFittedCAEDetector", "MagNetDetector"]  # each kind of network


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_networks_and_their_detectors_on(backend, pytestconfig):
    """Keras takes one back end a process, so the others get a pytest of their own."""
    if backend == keras.backend.backend():
        pytest.skip(f"{backend} is the back end of this very run")
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install '.[{backend}]'")
    checks = [f"tests/test_common.py::{check}[{name}]" for check in CHECKS for name in DETECTORS]
    chosen = ["-k", f"not ({' or '.join(LEFT_OUT)})", *FILES, *checks]
    warnings = [f"-W{given}" for given in pytestconfig.getoption("pythonwarnings") or []]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *warnings, *chosen],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"KERAS_BACKEND": backend},
    )
    assert run.returncode == 0, f"the tests printed above fail on {backend}"
