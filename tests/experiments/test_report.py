"""The report: its numbers, and what a browser shows of it."""

import base64
import re
import shutil
import subprocess
from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from skpoison.experiments import write_report
from skpoison.experiments._figures import (
    COLOURS,
    MARKERS,
    UNDEFENDED,
    draw,
    summarise,
    with_interval,
)


def test_thirty_detectors_have_a_line_each_that_is_told_from_the_others():
    names = [f"detector {number}" for number in range(30)]
    results = pd.DataFrame({"attack": "flipping", "rate": 0.1, "detector": [UNDEFENDED, *names]})
    figure = draw(results.assign(mean=0.5, half_width=0.0), "accuracy")
    styles = {
        (line.get_color(), line.get_marker()) for line in figure.axes[0].lines if line.get_marker()
    }
    assert len(styles & set(product(COLOURS, MARKERS))) == 30


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished experiment."""
    return shutil.copytree(finished, tmp_path / "copied")


def test_interval_agrees_with_the_bootstrap():
    values = np.random.default_rng(0).normal(0.9, 0.05, 200)
    means = np.random.default_rng(1).choice(values, (10_000, len(values))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    mean, half_width = with_interval([*values, np.nan])
    assert mean == pytest.approx(values.mean())
    assert half_width == pytest.approx((high - low) / 2, rel=0.05)


def test_interval_of_few_values():
    assert with_interval([0.5]) == (0.5, 0.0)
    assert np.isnan(with_interval([np.nan])[0])


def test_rows_without_poison_stand_under_every_attack():
    results = pd.DataFrame(
        [
            ("a", "none", 0.0, "knn", 0.9, 0.9),
            ("b", "none", 0.0, "knn", 0.7, 0.8),
            ("a", "flipping", 0.1, "knn", 0.6, 0.7),
            ("b", "flipping", 0.1, "knn", 0.4, 0.7),
            ("a", "optimal", 0.1, "knn", 0.5, 0.7),
            ("b", "optimal", 0.1, "knn", 0.5, 0.7),
        ],
        columns=["run", "attack", "rate", "detector", "poisoned_accuracy", "defended_accuracy"],
    )
    summary = summarise(results, "defended_accuracy").set_index(["attack", "rate", "detector"])
    assert len(summary) == 8
    for attack in ("flipping", "optimal"):
        assert summary.loc[(attack, 0.0, "knn"), "mean"] == pytest.approx(0.85)
        assert summary.loc[(attack, 0.0, UNDEFENDED), "mean"] == pytest.approx(0.8)
    assert summary.loc[("flipping", 0.1, UNDEFENDED), "mean"] == pytest.approx(0.5)


def test_the_page_stands_alone_and_repeats_itself(copied):
    page = write_report(copied / "results.csv")
    text = page.read_text()
    assert re.findall(r'(?:src|href)="(?!data:)', text) == []
    assert "@import" not in text and "<script" not in text
    for wanted in ("n_runs: 6", "scikit-learn: ", "python: ", "flipping", "optimal", "knn"):
        assert wanted in text
    figure = base64.b64decode(re.search(r"svg\+xml;base64,([^\"]+)", text)[1])
    assert figure == (copied / "accuracy.svg").read_bytes()
    assert write_report(copied).read_text() == text


def test_the_page_in_chromium(copied, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs chromium (Debian's package of this name)")
    page = write_report(copied)
    picture = tmp_path / "page.png"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    subprocess.run(
        [chromium, *options, profile, "--window-size=1200,2600", f"--screenshot={picture}", page],
        check=True,
        capture_output=True,
        timeout=120,
    )
    pixels = imread(picture)[..., :3]
    assert pixels.shape[:2] == (2600, 1200)
    for colour in COLOURS[:2]:  # the lines of both detectors, in both figures
        drawn = np.abs(pixels - to_rgb(colour)).max(axis=2) < 0.02
        rows = np.flatnonzero(drawn.any(axis=1))
        assert drawn.sum() > 500
        assert np.diff(rows).max() > 50  # a gap: two figures, not one

    dom = subprocess.run(
        [chromium, *options, profile, "--dump-dom", page],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    assert dom.count("<table") == 6
    assert "no defence" in dom


def test_a_broken_table_is_named(copied):
    (copied / "results.csv").write_text("a,b\n1,2\n")
    with pytest.raises(OSError, match=r"results.csv: broken"):
        write_report(copied)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda rows: rows.iloc[:0], "it has no rows"),
        (lambda rows: rows.drop(columns=["f1", "rate"]), "it has no columns f1, rate"),
        (
            lambda rows: pd.concat([rows.assign(detector=f"d{i}") for i in range(201)]),
            "201 different detectors, a page shows at most 200",
        ),
        (
            lambda rows: pd.concat([rows.assign(attack=f"a{i}") for i in range(3000)]),
            "3,000 different attacks, a page shows at most 100",
        ),
    ],
    ids=["no rows", "no columns", "detectors", "attacks"],
)
def test_tables_that_no_run_has_written_are_refused(changed, message, copied):
    changed(pd.read_csv(copied / "results.csv")).to_csv(copied / "results.csv", index=False)
    with pytest.raises(OSError, match=rf"results.csv: broken.*\({message}"):
        write_report(copied)


def test_a_table_that_is_too_large_is_not_read(copied):
    with (copied / "timings.csv").open("wb") as file:
        file.truncate(10**13)
    with pytest.raises(OSError, match=r"timings.csv: broken.*\(it is larger than 64 MiB"):
        write_report(copied)


@pytest.mark.parametrize("machine", ["[]", "{}", '{"packages": 1}'])
def test_a_machine_that_no_run_has_noted_is_refused(machine, copied):
    (copied / "machine.json").write_text(machine)
    with pytest.raises(OSError, match=r'machine.json: broken.*\(it is no mapping with an entry "p'):
        write_report(copied)


@pytest.mark.filterwarnings("error")
def test_names_are_drawn_as_they_are(copied):
    """Neither taken for mathematics nor for commands of a terminal, and without a warning."""
    results = pd.read_csv(copied / "results.csv")
    results["detector"] = "cost $5^{ of $\\frac{"
    results["attack"] = results["attack"].replace("optimal", "\x1b[2J\u202e見<b>")
    results.to_csv(copied / "results.csv", index=False)
    write_report(copied)
    page = (copied / "report.html").read_text()
    assert "cost $5^{ of $\\frac{" in page and r"\x1b[2J\u202e見&lt;b&gt;" in page
    assert not {"\x1b", "\u202e"} & set(page + (copied / "f1.svg").read_text())
