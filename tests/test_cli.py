"""The command line, run through Typer's own runner."""

import io

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.svm import SVC
from typer.testing import CliRunner

import skpoison
from skpoison.attacks import LabelFlipAttack
from skpoison.cli import app
from skpoison.datasets import split_rows
from skpoison.detectors import CentroidDetector, KNNDetector
from skpoison.utils import short_names

AUTO = {
    "activation-clustering": "FixedThreshold()",
    "area-under-margin": "LabelNoiseThreshold(temperature=2.0, temperature_scale=0.5)",
    "cae": "SecondComponentThreshold()",
    "cae+": "SecondComponentThreshold()",
    "cae+-cross-fitted": "LogOddsThreshold()",
    "centroid": "SecondComponentThreshold(min_likelihood_ratio=12.0)",
    "class-conditional": "SecondComponentThreshold()",
    "confident-learning": "ConfidentLearningThreshold()",
    "data-oob": "LabelNoiseThreshold(temperature=4.0, temperature_scale=0.5)",
    "ensemble": "LogOddsThreshold()",
    "influence": "SecondComponentThreshold()",
    "knn": "SecondComponentThreshold()",
    "knn-shapley": "LabelNoiseThreshold(temperature=4.0, temperature_scale=0.5)",
    "label-disagreement": "LabelNoiseThreshold(temperature=10.0, temperature_scale=0.5)",
    "label-noise": "LabelNoiseThreshold()",
    "magnet": "SecondComponentThreshold()",
    "margin": "LabelNoiseThreshold(temperature=4.0, temperature_scale=0.5)",
    "rae": "SecondComponentThreshold()",
    "residual": "SecondComponentThreshold()",
    "self-influence": "LabelNoiseThreshold(temperature=2.0, temperature_scale=0.5)",
    "slab": "SecondComponentThreshold()",
    "spectral": "SecondComponentThreshold()",
    "spectre": "SecondComponentThreshold()",
    "strip": "SecondComponentThreshold()",
    "trigger-search": "FixedThreshold()",
}
QUICK = ["demo", "--attack", "flipping", "--detector", "centroid", "--detector", "knn"]


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_help_names_the_commands():
    result = run("--help")
    assert result.exit_code == 0
    assert "demo" in result.output and "list" in result.output


def test_version():
    result = run("--version")
    assert (result.exit_code, result.output) == (0, f"skpoison {skpoison.__version__}\n")


def test_list_names_every_attack_detector_and_learner():
    result = run("list")
    assert result.exit_code == 0
    words = set(result.output.split())
    for kind in ("attack", "regression attack", "detector", "regression detector", "learner"):
        for name, (estimator, _) in short_names(kind).items():
            assert name in words
            assert f"{estimator.__name__}(" in result.output  # in one piece, at 80 columns too
    assert "[1]_" not in result.output


def test_list_says_what_auto_is(monkeypatch):
    """The table of the rules that "auto" stands for: whoever changes a rule changes it here."""
    monkeypatch.setenv("COLUMNS", "200")
    name, listed = None, {}
    for line in run("list").output.splitlines():
        if line[1:2].strip():
            name = line.split()[0]
        if line.strip().startswith('"auto" is '):
            listed[name] = line.strip().removeprefix('"auto" is ')
    assert listed == AUTO


def test_demo_prints_and_saves_what_scikit_learn_computes(tmp_path, digits_pair):
    result = run(
        *QUICK,
        "--classes",
        3,
        8,
        "--rate",
        0.2,
        "--runs",
        2,
        "--seed",
        5,
        "--out",
        tmp_path / "new" / "out",
    )
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "new" / "out" / "comparison.csv").set_index("detector")

    X, y = digits_pair
    for name, detector in [("centroid", CentroidDetector), ("knn", KNNDetector)]:
        expected = []
        for seed in (5, 6):
            train, val, test = split_rows(y, n_train=100, n_val=128, n_test=128, random_state=seed)
            attack = LabelFlipAttack(rate=0.2, random_state=seed)
            X_out, y_out = attack.fit_resample(X[train], y[train], X_val=X[val], y_val=y[val])
            fitted = detector(random_state=seed).fit(X_out, y_out)
            kept = fitted.predict(X_out, y_out) == 1
            victim = SVC(kernel="linear")
            expected.append(
                [
                    victim.fit(X[train], y[train]).score(X[test], y[test]),
                    victim.fit(X_out, y_out).score(X[test], y[test]),
                    victim.fit(X_out[kept], y_out[kept]).score(X[test], y[test]),
                    f1_score(attack.poison_mask_, ~kept),
                    roc_auc_score(attack.poison_mask_, -fitted.score_samples(X_out, y_out)),
                ]
            )
        columns = ["clean", "poisoned", "defended", "f1", "roc_auc"]
        numbers = table.loc[name, columns].astype(float)
        np.testing.assert_allclose(numbers, np.mean(expected, axis=0))
        (line,) = [line for line in result.output.splitlines() if f" {name} " in line]
        for column in ("defended", "f1", "roc_auc"):
            assert f"{numbers[column]:.3f}" in line

    picture = matplotlib.image.imread(tmp_path / "new" / "out" / "most_suspicious.png")
    height, width = picture.shape[:2]
    assert height > 200 and width > 1000
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 20
    assert {path.name for path in (tmp_path / "new" / "out").iterdir()} == {
        "comparison.csv",
        "most_suspicious.png",
        "report.html",
    }
    page = (tmp_path / "new" / "out" / "report.html").read_text()
    assert "of the labels are wrong" in page and page.count("<img") > 20


def test_demo_runs_on_other_classes_and_warnings_stay_out_of_its_table(tmp_path):
    result = run(*QUICK, "--classes", 3, 8, "--runs", 1, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "digits: 3 v 8, 30% poison, mean of 1 run" in result.output
    assert "Warning" not in result.output


def broken_mnist(folder):
    buffer = io.BytesIO()
    np.savez(buffer, x_train=np.zeros((4, 28, 28), np.uint8))
    (folder / "mnist.npz").write_bytes(buffer.getvalue()[:-40])
    return folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "mnits"], "'name' parameter of load_images must be one of"),
        (["--classes", "3", "12"], "classes=(3, 12); integers from 0 to 9"),
        (["--classes", "3", "3"], "at least two different classes"),
        (["--attack", "optimall"], "attack must be one of"),
        (["--detector", "magnets"], "Did you mean 'magnet'?"),
        (["--rate", "1.5"], "--rate"),
        (["--runs", "0"], "--runs"),
    ],
)
def test_bad_input_exits_with_2_and_writes_nothing(tmp_path, arguments, message):
    result = run(*QUICK, *arguments, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert not list(tmp_path.rglob("*.*"))


def test_a_broken_image_file_is_named(tmp_path):
    home = broken_mnist(tmp_path)
    result = run(*QUICK, "--dataset", "mnist", "--data-home", home, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "mnist.npz" in result.output.replace("\n", "") and "Traceback" not in result.output


def refuse_to_work(*_, **settings):
    raise AssertionError("work has begun")


@pytest.mark.parametrize("kind", ["a file", "below a file", "holds a folder of that name"])
def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("skpoison.inspection._demo.run_demo", refuse_to_work)
    out = tmp_path / "out"
    if kind == "holds a folder of that name":
        (out / "comparison.csv").mkdir(parents=True)
    else:
        out.write_text("mine")
    result = run(*QUICK, "--out", out / "deeper" if kind == "below a file" else out)
    assert result.exit_code == 2
    assert "out=" in result.output and "must be a folder to write into" in " ".join(
        result.output.split()
    )


def test_an_interrupted_demo_exits_with_130_and_leaves_older_results(tmp_path, monkeypatch):
    def interrupted(*_, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("skpoison.inspection._demo.run_demo", interrupted)
    (tmp_path / "comparison.csv").write_text("older")
    result = run(*QUICK, "--out", tmp_path)
    assert result.exit_code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["comparison.csv"]
    assert (tmp_path / "comparison.csv").read_text() == "older"


def test_brackets_in_a_name_are_text():
    result = CliRunner().invoke(app, ["demo", "--dataset", "[/red]"])
    assert result.exit_code == 2 and "'[/red]'" in result.output
