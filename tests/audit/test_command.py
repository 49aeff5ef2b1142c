"""`skpoison audit`, run through Typer's own runner."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_wine
from typer.testing import CliRunner

from skpoison.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


def words(result):
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    """Wines of three growers, a tenth under a wrong name, beside columns that say nothing."""
    folder = tmp_path_factory.mktemp("wine")
    table, y = load_wine(return_X_y=True, as_frame=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    table, y = table.iloc[order].reset_index(drop=True), y.to_numpy()[order]
    wrong = rng.choice(len(y), 18, replace=False)
    y[wrong] = (y[wrong] + rng.integers(1, 3, 18)) % 3
    table.insert(0, "bottle_id", rng.permutation(10**6)[: len(y)])
    table["country"] = "Italy"
    table["grower"] = np.array(["Barolo", "Grignolino", "Barbera"])[y]
    table.to_csv(folder / "wine.csv", index=False)
    return folder / "wine.csv", table, wrong


def test_a_table_is_audited_from_end_to_end(wine, tmp_path):
    path, table, wrong = wine
    result = run(path, "--label", "grower", "--only", "label,duplicate", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "report.html",
        "rows.csv",
        "rows.parquet",
        "clean.csv",
        "summary.json",
    }
    rows = pd.read_parquet(tmp_path / "out" / "rows.parquet")
    assert rows["row"].tolist() == list(range(2, len(table) + 2))  # lines of the file
    assert rows["label"].tolist() == table["grower"].tolist()
    flagged = rows.index[rows["flagged"]]
    assert len(set(flagged) & set(wrong)) >= 15 and len(set(flagged) - set(wrong)) <= 3
    clean = pd.read_csv(tmp_path / "out" / "clean.csv")
    pd.testing.assert_frame_equal(clean, table.drop(flagged).reset_index(drop=True))

    said = words(result)
    assert "178 rows and 16 columns" in said
    assert "2 columns are not used: 'bottle_id' (identifier), 'country' (constant)." in said
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["sentence"] in said
    assert set(summary["findings"]) == {"label", "duplicate"}
    for finding in summary["findings"].values():
        assert finding["sentence"] in said
    assert f"The most suspicious of {len(flagged)} flagged rows" in said
    assert "written: " in said and "Warning" not in said


@pytest.mark.parametrize(("share", "status"), [(0.01, 1), (0.5, 0)])
def test_exit_status_says_whether_too_many_labels_are_wrong(wine, tmp_path, share, status):
    result = run(
        *(wine[0], "--label", -1, "--only", "label"),
        *("--fail-above", share, "--out", tmp_path / "out"),
    )
    assert result.exit_code == status, result.output
    assert ("of the labels are wrong, more than the 1.0% of --fail-above" in words(result)) == (
        status == 1
    )
    assert (tmp_path / "out" / "report.html").exists()


def test_the_same_seed_gives_the_same_rows(wine, tmp_path):
    contents = []
    for name in ("a", "b"):
        out = tmp_path / name
        result = run(
            *(wine[0], "--label", "grower", "--only", "label"),
            *("--max-rows", 90, "--seed", 3, "--out", out),
        )
        assert result.exit_code == 0, result.output
        contents.append((out / "rows.csv").read_bytes())
    assert contents[0] == contents[1] and contents[0].count(b"\n") == 91


def test_pictures_give_a_list_of_files_to_keep(tmp_path):
    rng = np.random.default_rng(0)
    for name, level in (("dark", 40), ("light", 200)):
        (tmp_path / "in" / name).mkdir(parents=True)
        for number in range(20):
            pixels = rng.normal(level, 15, (8, 8)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "in" / name / f"{number:02}.png")
    (tmp_path / "in" / "dark" / "20.png").write_bytes(b"no picture")
    copied = tmp_path / "in" / "light" / "20.png"
    copied.write_bytes((tmp_path / "in" / "dark" / "07.png").read_bytes())
    result = run(tmp_path / "in", "--only", "label,duplicate", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "1 picture left out because unreadable: file dark/20.png" in words(result)
    rows = pd.read_parquet(tmp_path / "out" / "rows.parquet").set_index("row")
    assert len(rows) == 41 and rows.loc["light/20.png", "flagged"]
    kept = (tmp_path / "out" / "clean_files.txt").read_text().splitlines()
    assert kept == [str(tmp_path / "in" / name) for name in rows.index[~rows["flagged"]]]


HOSTILE = ["\x1b[31mred\x07", "[bold]x[/] \u202eevil"]


def test_what_the_data_hold_is_inert_on_the_terminal(wine, tmp_path):
    _, table, _wrong = wine
    names = {"Barolo": HOSTILE[0], "Barbera": HOSTILE[1]}
    table = table.assign(grower=table["grower"].replace(names))
    table.columns = ["[red]\x1b[2J", *table.columns[1:]]
    table.to_csv(tmp_path / "t.csv", index=False)
    result = run(
        *(tmp_path / "t.csv", "--label", "grower", "--only", "label,confused-pairs"),
        *("--out", tmp_path / "out"),
    )
    assert result.exit_code == 0, result.output
    refused = run(tmp_path / "t.csv", "--label", "nothing", "--out", tmp_path / "other")
    assert refused.exit_code == 2
    for output in (result.output, refused.output):
        assert not {"\x1b", "\x07", "\u202e"} & set(output)
        assert r"[red]\x1b[2J" in output
    assert r"\x1b[31mred\x07" in result.output and "[bold]x[/]" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "growers"], "Did you mean 'grower'? Its 16 columns are 'bottle_id',"),
        ([], "label must name the column of the labels"),
        (["--label", "alcohol", "--task", "classification"], "Is it measured"),
        (["--label", "country"], "one class only, 'Italy' in 178 rows"),
        (["--label", "grower", "--only", "labels"], "got 'labels'. Did you mean 'label'?"),
        (["--label", "grower", "--only", ","], "--only must hold names of label, "),
        (["--label", "grower", "--only", "leak", "--fail-above", "0.1"], "needs the kind 'label'"),
        (["--label", "grower", "--fail-above", "5"], "--fail-above"),
        (["--label", "grower", "--max-rows", "1"], "--max-rows"),
        (["--label", "grower", "--features", "nowhere.npy"], "features='nowhere.npy': no such"),
        (["--label", "grower", "--task", "ranking"], "task must be one of"),
    ],
)
def test_bad_input_exits_with_2_and_writes_nothing(wine, tmp_path, arguments, message):
    result = run(wine[0], *arguments, "--out", tmp_path / "deep" / "out")
    assert result.exit_code == 2
    assert message in words(result) and "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


def test_a_missing_source_is_refused_with_the_nearest_name(wine, tmp_path):
    result = run(wine[0].with_name("wein.csv"), "--label", "grower", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "no such file or folder. Did you mean 'wine.csv'?" in words(result)


def refuse_to_work(*_, **settings):
    raise AssertionError("work has begun")


@pytest.mark.parametrize("kind", ["a file", "below a file", "not empty"])
def test_a_folder_that_cannot_be_written_is_refused_before_any_work(
    wine, tmp_path, monkeypatch, kind
):
    monkeypatch.setattr("skpoison.audit._sources.read_source", refuse_to_work)
    out = tmp_path / "out"
    if kind == "not empty":
        out.mkdir()
        (out / "mine.txt").write_text("mine")
    else:
        out.write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    result = run(
        wine[0], "--label", "grower", "--out", out / "x" if kind == "below a file" else out
    )
    assert result.exit_code == 2
    assert words(result).startswith("Error: --out: ")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(wine, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    result = run(wine[0], "--label", "grower", "--out", tmp_path / "locked" / "out")
    assert result.exit_code == 2 and "cannot be written" in words(result)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize(
    "where", ["_audit.audit_data", "_writers.render"], ids=["while looking", "while writing"]
)
def test_an_interrupted_audit_leaves_nothing(wine, tmp_path, monkeypatch, where, error):
    def interrupted(*_, **settings):
        raise error

    monkeypatch.setattr(f"skpoison.audit.{where}", interrupted)
    out = tmp_path / "new" / "out"
    result = run(wine[0], "--label", "grower", "--only", "label", "--out", out)
    assert result.exit_code == (130 if error is KeyboardInterrupt else 2)
    assert "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


def test_several_labels_are_tags(tmp_path):
    """Tags of two columns, of which a tenth is wrong in one; tags that exclude each other."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4)).round(3)
    hot, wet = X[:, 0] + X[:, 1] > 0, X[:, 2] - X[:, 3] > 0
    wrong = np.arange(300) < 30
    table = pd.DataFrame(X, columns=list("abcd")).assign(
        hot=np.where(hot, "Yes", "no"), wet=(wet ^ wrong).astype(int)
    )
    table.to_csv(tmp_path / "t.csv", index=False)
    options = [tmp_path / "t.csv", "--label", "hot", "--label", "wet", "--only", "tags"]
    result = run(*options, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "The label 'hot, wet' holds 2 tags a row." in words(result)
    assert "Most are wrong of tag wet" in words(result)
    rows = pd.read_parquet(tmp_path / "out" / "rows.parquet")
    assert rows["flagged"][:30].mean() > 0.8 and rows["flagged"][30:].mean() < 0.1
    assert rows["label"][40] == ", ".join(
        name for name, on in {"hot": hot[40], "wet": wet[40]}.items() if on
    )
    assert list(pd.read_csv(tmp_path / "out" / "clean.csv")) == list(table)

    refused = run(*options, "--label", "a", "--out", tmp_path / "other")
    assert refused.exit_code == 2
    assert "each holds 0 and 1, yes and no, or true and false" in words(refused)
    table.assign(wet=(~hot).astype(int)).to_csv(tmp_path / "t.csv", index=False)
    excluding = run(*options[:-1], "label", "--out", tmp_path / "one")
    assert excluding.exit_code == 0, excluding.output
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert set(summary["classes"]) == {"hot", "wet"}


def test_progress_is_shown_on_a_terminal_and_not_in_a_file():
    """A terminal is what rich takes for one: no pseudo-terminal is needed."""
    code = (
        "from skpoison.audit._terminal import progress_bar\n"
        "with progress_bar() as advance:\n"
        "    advance('Wrong labels', 1, 4)\n"
    )
    plain = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    shown = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=plain | {"TERM": "xterm"} | force,
            capture_output=True,
            text=True,
            check=True,
        ).stderr
        for force in ({"FORCE_COLOR": "1"}, {})
    ]
    assert "Wrong labels" in shown[0] and "1/4" in shown[0]
    assert shown[1] == ""
