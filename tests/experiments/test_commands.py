"""The command line: stages, pictures, and a clear end where something is wrong."""

import resource
import shutil
import subprocess

import numpy as np
import pytest
from matplotlib.image import imread
from typer.testing import CliRunner

from skpoison.cli import app
from tests.experiments.conftest import COMMAND


def call(*arguments):
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def content(folder):
    """Every file below a folder, with what it holds."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished experiment."""
    return shutil.copytree(finished, tmp_path / "copied")


def test_stage_by_stage_gives_what_a_run_gives(protocol_file, finished, tmp_path):
    out = tmp_path / "out"
    for n_stages, stage in enumerate(["split", "attack", "train", "assess"], start=1):
        result = call(stage, protocol_file, "--out", out)
        assert result.exit_code == 0, result.output
        there = [name for name in ("split", "attack", "train", "assess") if (out / name).exists()]
        assert len(there) == n_stages
    assert (out / "results.csv").read_bytes() == (finished / "results.csv").read_bytes()


def test_progress_says_what_is_done(protocol_file, copied):
    result = call("assess", protocol_file, "--out", copied)
    for line, n_units in zip(result.output.splitlines(), (6, 12, 10, 10), strict=False):
        assert f"{n_units}/{n_units}" in line


def test_images_hold_the_poison(protocol_file, copied):
    result = call("attack", protocol_file, "--out", copied, "--images")
    assert result.exit_code == 0, result.output
    assert len(list((copied / "images").iterdir())) == 12
    sheet = imread(copied / "images" / "optimal-training-03.png")
    with np.load(next(copied.glob("attack/optimal-training-03-*")) / "poison.npz") as poison:
        image = poison["X"][11].reshape(8, 8)  # the second in the second line of ten
    np.testing.assert_allclose(sheet[9:17, 9:17, 0], image, atol=1 / 255)


def test_what_is_left_out_is_said_in_one_line(tmp_path):
    file = tmp_path / "comparison.yaml"
    file.write_text(
        "datasets: [diabetes]\nvictims: [ridge]\nattacks: [flipping, regression-statistical]\n"
        "rates: [0.2]\nn_runs: 1\nmax_rows: 80\n"
    )
    result = call("run", file, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "Warning: Left out: flipping on diabetes (for classes).\n" in result.stderr
    assert "_run.py" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend", "dask"], "needs the scheduler's address"),
        (["--backend", "dask", "--scheduler", "tcp://127.0.0.1:9"], "127.0.0.1:9"),
        (["--backend", "slurm"], "backend must be one of"),
        (["--jobs", "0"], "n_jobs"),
    ],
)
def test_bad_options(protocol_file, copied, arguments, message, monkeypatch):
    monkeypatch.setattr("skpoison.experiments._workers.SECONDS_TO_CONNECT", 1)
    before = content(copied)
    result = call("run", protocol_file, "--out", copied, *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
    assert content(copied) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("n_runs:", "n_run:"), "Did you mean 'n_runs'"),
        (("seed: 0", "seed: 1"), "results of another protocol (seed=0 there, 1 here)"),
        (("0.4]", "0.9]"), "ask for up to 27 poison rows"),
        (("[0, 1]", "[0, 1"), "is not valid YAML"),
        (("n_test: 15", "n_test: 150"), "another protocol"),
    ],
)
def test_bad_protocols(protocol_file, copied, change, message):
    assert change[0] in protocol_file.read_text()
    protocol_file.write_text(protocol_file.read_text().replace(*change))
    before = content(copied)
    result = call("run", protocol_file, "--out", copied)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert content(copied) == before


def test_what_a_stranger_wrote_is_inert_on_the_terminal(protocol_file, copied, tmp_path):
    folder = copied.rename(tmp_path / "\x1b[2J[red]\u202e")
    protocol_file = protocol_file.rename(folder / "[bold]\x07.yaml")
    with protocol_file.open("a") as file:
        file.write('victim: {"\\e[31m[/red]\\u202E": 1}\n')
    reported = call("report", folder)
    assert reported.exit_code == 0, reported.output
    refused = call("run", protocol_file, "--out", tmp_path / "out")
    assert refused.exit_code == 2
    for output in (reported.output, refused.output):
        assert r"\x1b[2J[red]\u202e" in output
        assert not {"\x1b", "\x07", "\u202e"} & set(output)
    assert r"[bold]\x07.yaml" in refused.output and r"\x1b[31m[/red]\u202e" in refused.output


def test_too_few_rows_in_the_data(protocol_file, tmp_path):
    protocol_file.write_text(protocol_file.read_text().replace("n_test: 15", "n_test: 1500"))
    result = call("run", protocol_file, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "n_test=1500" in result.output


def test_no_such_protocol(tmp_path):
    result = call("run", tmp_path / "none.yaml", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "none.yaml" in result.output


def test_disk_full(protocol_file, copied):
    """The kernel refuses to write more, as on a full disk, in the middle of an update."""
    protocol_file.write_text(protocol_file.read_text().replace("n_runs: 6", "n_runs: 12"))
    before = content(copied)
    command = [*COMMAND, "run", str(protocol_file), "--out", str(copied), "--update"]

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    result = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)
    assert result.returncode == 2, result.stderr
    assert "Error: " in result.stderr and "File too large" in result.stderr
    assert "Traceback" not in result.stderr
    assert content(copied) == before

    assert call("run", protocol_file, "--out", copied, "--update").exit_code == 0


def test_report_of_nothing(tmp_path):
    result = call("report", tmp_path)
    assert result.exit_code == 2
    assert "results.csv" in result.output
