"""The benchmarks start, and write what the documentation reads."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]


def test_attacks_without_peers(tmp_path):
    sizes = "--n-train 40 --n-val 60 --n-test 60 --n-poison 8".split()
    command = [sys.executable, ROOT / "benchmarks" / "attacks.py", "--runs", "1", *sizes]
    command += ["--cells", "digits-4-9-linear", "--secml-python", "", "--art-python", ""]
    command += ["--cache", tmp_path / "cache", "--results", tmp_path]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    printed = found.stdout
    assert "secml: left out" in printed and "art: left out" in printed

    records = pd.read_csv(tmp_path / "attacks.csv").set_index("contender")
    assert list(records.index) == ["sequential", "joint"]
    assert (records["objective"] > records["objective_start"]).all()
    assert (records["accuracy"] < records["accuracy_clean"]).all()
    assert (records["cpu_s"] > 0).all() and (records["n_steps"] > 8).all()
    summary = pd.read_csv(tmp_path / "attacks_summary.csv")
    assert summary["objective"].to_list() == pytest.approx(records["objective"].to_list(), rel=1e-4)
