"""The files of an audit are read back; what cannot be written leaves nothing."""

import csv
import json
import os
import re
import resource
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from skpoison.audit import AuditData
from tests.audit.audits import HOSTILE, audit_of, finding, hostile_table


@pytest.fixture
def penguins():
    """A table of numbers, texts and gaps, of which every tenth row is flagged."""
    n = 300
    X = pd.DataFrame(
        {
            "mass": np.where(np.arange(n) % 7, np.arange(n) / 3 - 20, np.nan),
            "island": np.array(["Dream", "Biscoe", None], dtype=object)[np.arange(n) % 3],
        },
        index=[f"line {row}" for row in range(n)],
    )
    y = np.array(["Adelie", "Gentoo"])[np.arange(n) % 2]
    wrong = finding(
        "label",
        "Wrong labels",
        n,
        range(0, n, 10),
        suggested_label=y[::-1].copy(),
        probability=np.linspace(0, 1, n),
    )
    data = AuditData(X, y, "table", index=X.index, label_name="species", split=np.arange(n) % 2)
    return audit_of(data, wrong)


def written(audit, folder):
    audit.write(folder)
    return folder


def test_files_hold_every_row(penguins, tmp_path):
    folder = written(penguins, tmp_path / "above" / "audit")
    names = {"report.html", "rows.csv", "rows.parquet", "clean.csv", "summary.json"}
    assert {path.name for path in folder.iterdir()} == names
    assert [path.name for path in folder.parent.iterdir()] == ["audit"]
    expected = penguins.rows.reset_index(names="row")
    expected.insert(1, "position", range(len(expected)))
    for table in (
        pd.read_parquet(folder / "rows.parquet"),
        pd.read_csv(folder / "rows.csv", keep_default_na=False),
    ):
        pd.testing.assert_frame_equal(table, expected, check_dtype=False)
    assert json.loads((folder / "summary.json").read_text()) == penguins.summary


def test_clean_rows_are_those_not_flagged(penguins, tmp_path):
    clean = pd.read_csv(written(penguins, tmp_path / "audit") / "clean.csv")
    kept = np.arange(300) % 10 != 0
    expected = penguins.data.X[kept].assign(
        species=penguins.data.y[kept], split=penguins.data.split[kept]
    )
    pd.testing.assert_frame_equal(clean, expected.reset_index(drop=True), check_dtype=False)


def test_clean_texts_and_arrays(tmp_path):
    flagged = finding("outlier", "Far", 4, [2])
    texts = audit_of(AuditData(["a", "b\r\nc, d", "e", '"'], np.arange(4), "text"), flagged)
    with open(written(texts, tmp_path / "texts") / "clean.csv", newline="") as file:
        assert list(csv.reader(file)) == [
            ["text", "label"],
            ["a", "0"],
            ["b\r\nc, d", "1"],
            ['"', "3"],
        ]
    arrays = audit_of(AuditData(np.ones((4, 2)), np.arange(4), "features"), flagged)
    clean = pd.read_csv(written(arrays, tmp_path / "arrays") / "clean.csv")
    assert clean["position"].tolist() == clean["label"].tolist() == [0, 1, 3]


def test_files_to_keep_are_one_a_line(tmp_path):
    paths = [
        "a/1.png",
        "a/new\nline.png",
        "flagged.png",
        '"quoted".png',
        "umlaut ä.png",
        "\udc80.png",
    ]
    data = AuditData(np.zeros((6, 4, 4)), np.arange(6) % 2, "images", paths=paths)
    folder = written(audit_of(data, finding("outlier", "Far", 6, [2])), tmp_path / "audit")
    lines = (folder / "clean_files.txt").read_text(encoding="utf-8").splitlines()
    back = [json.loads(line) if line.startswith('"') else line for line in lines]
    assert back == [path for path in paths if path != "flagged.png"]
    assert not (folder / "clean.csv").exists()


def test_hostile_values_are_inert_in_every_file(tmp_path):
    audit = hostile_table()
    audit.findings["label"].flagged[:] = False
    audit = audit_of(audit.data, audit.findings["label"])  # all rows are clean
    folder = written(audit, tmp_path / "audit")
    cells = {}
    for name in ("rows.csv", "clean.csv"):
        with open(folder / name, encoding="utf-8", newline="") as file:
            cells[name] = [cell for line in csv.reader(file) for cell in line]
        for cell in cells[name]:
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", cell)
            if re.match(r"\s*[=+@-]", cell):
                float(cell)
    assert "'" + HOSTILE[6] in cells["clean.csv"]
    assert "-3.5" in cells["clean.csv"]
    assert HOSTILE[0] in cells["clean.csv"]
    text = (folder / "summary.json").read_bytes()
    assert not re.search(rb"[^\n\x20-\x7e]|<", text)
    assert json.loads(text)["label"] == HOSTILE[0]
    stored = pd.read_parquet(folder / "rows.parquet")
    assert stored["label"].tolist() == audit.data.y.tolist()


@pytest.mark.parametrize("what", ["folder", "file"])
def test_nothing_is_overwritten(what, penguins, tmp_path):
    place = tmp_path / "audit"
    kept = place / "mine.txt" if what == "folder" else place
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine")
    with pytest.raises(FileExistsError, match="name a new folder"):
        penguins.write(place)
    assert kept.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [place]


def test_an_empty_folder_is_taken(penguins, tmp_path):
    (tmp_path / "audit").mkdir()
    assert (written(penguins, tmp_path / "audit") / "rows.csv").exists()


@pytest.mark.parametrize("room", [0, 20_000])
def test_a_full_disk_leaves_nothing(room, penguins, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))  # no file may grow beyond
    try:
        with pytest.raises(OSError, match="could not be written, nothing of it is left"):
            penguins.write(tmp_path / "above" / "audit")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_an_error(penguins, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="could not be written"):
        penguins.write(tmp_path / "file" / "audit")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_interruption_leaves_nothing(penguins, tmp_path):
    class Interruption:
        def __str__(self):
            raise KeyboardInterrupt

    penguins.data.X["island"] = penguins.data.X["island"].astype(object)
    penguins.data.X.iloc[1, 1] = Interruption()  # a row that is kept: met when clean.csv is written
    (folder := tmp_path / "audit").mkdir()
    penguins.findings["label"].flagged[:] = False
    audit = audit_of(penguins.data, penguins.findings["label"])
    with pytest.raises(KeyboardInterrupt):
        audit.write(folder)
    assert list(tmp_path.iterdir()) == [folder]
    assert list(folder.iterdir()) == []


def test_a_second_audit_of_a_folder_says_that_it_is_taken(penguins, tmp_path):
    out = tmp_path / "audit"

    class Faster:
        def __str__(self):
            if not out.exists():
                (out / "of another").mkdir(parents=True)
            return "island"

    penguins.data.X["island"] = penguins.data.X["island"].astype(object)
    penguins.data.X.iloc[1, 1] = Faster()
    penguins.findings["label"].flagged[:] = False
    audit = audit_of(penguins.data, penguins.findings["label"])
    with pytest.raises(FileExistsError, match="audit is not empty: name a new folder"):
        audit.write(out)
    assert [path.name for path in tmp_path.iterdir()] == ["audit"]
    assert [path.name for path in out.iterdir()] == ["of another"]


KILLED_WHILE_WRITING = """
import os, signal, sys
import numpy as np
from skpoison.audit import Audit, AuditData

class Bomb:
    def __str__(self):
        os.kill(os.getpid(), signal.SIGKILL)

data = AuditData(np.ones((4, 2)), np.array(["a", "b"] * 2), "features")
Audit(data, {}, parameters={"bomb": Bomb()}).write(sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_what_a_killed_process_left_is_removed_by_the_next(penguins, tmp_path):
    out = tmp_path / "out"
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, out])
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    begun = re.fullmatch(r"(\.out\.)([0-9a-f]{8})(\..*\.)(\d+)(\.part)", left.name)
    pieces = begun.groups()
    others = {
        "of a living process": "".join([*pieces[:3], str(os.getpid()), ".part"]),
        "of another folder": left.name.replace(".out.", ".outer."),
        "of another machine": left.name.replace(pieces[2], pieces[2][:-1] + "x."),
        "of somebody's own": ".out.mine.part",
    }
    for name in others.values():
        (tmp_path / name).mkdir()
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / left.name.replace(pieces[1], "00000000")
    link.symlink_to(tmp_path / "elsewhere")
    penguins.write(out)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {*others.values(), "elsewhere", link.name, "out"}
