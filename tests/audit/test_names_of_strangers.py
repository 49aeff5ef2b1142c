"""Names of columns, labels, arrays and files do nothing to the terminal of who prints a message."""

import json

import numpy as np
import pandas as pd
import pytest

from skpoison.audit import audit, read_source

NAME = "\x1b[2J"  # clears the screen
WRITTEN = r"\x1b[2J"
RNG = np.random.RandomState(0)
N_ROWS = 60
NUMBERS = RNG.normal(size=N_ROWS)
CLASSES = np.array(["a", "b"])[RNG.randint(2, size=N_ROWS)]
TEXTS = [" ".join(RNG.choice(list("abcdefgh"), 8)) for _ in range(N_ROWS)]
OBJECTS = np.array([[], 1], dtype=object)
IDENTIFIERS = [f"{NAME}{row}" for row in range(N_ROWS)]


def table(folder, **columns):
    path = folder / "table.csv"
    pd.DataFrame({**columns, "label": CLASSES}).to_csv(path, index=False)
    return path


def lines(folder, cell):
    path = folder / "table.jsonl"
    path.write_text("\n".join([json.dumps({NAME: cell, "label": "a"})] * N_ROWS))
    return path


def arrays(folder, **values):
    path = folder / "arrays.npz"
    np.savez(path, **values)
    return path


def pictures(folder):
    for name in (f"a{NAME}", "b"):
        (folder / name).mkdir()
        (folder / name / f"{NAME}.png").write_bytes(b"no picture")
    return folder


@pytest.mark.parametrize(
    ("source", "parameters"),
    [
        (lambda f: table(f, **{NAME: NUMBERS}), {"label": "none"}),
        (lambda f: table(f, **{f"class{NAME}": NUMBERS}), {"label": "class"}),
        (lambda f: table(f, **{NAME: IDENTIFIERS}), {"label": NAME}),
        (lambda f: table(f, **{NAME: range(N_ROWS)}), {"label": NAME}),
        (lambda f: table(f, **{NAME: TEXTS}), {"label": [NAME, "label"]}),
        (lambda f: table(f, **{NAME: CLASSES}), {"label": NAME, "groups": NAME}),
        (lambda f: lines(f, [1, [2]]), {"label": "label"}),
        (lambda f: lines(f, [1, 2]), {"label": NAME}),
        (lambda f: lines(f, [1, 2]), {"label": "label", "groups": NAME}),
        (lambda f: arrays(f, **{NAME: NUMBERS, "y": CLASSES}), {}),
        (
            lambda f: arrays(f, X=NUMBERS, y=CLASSES, **{NAME: np.array([[], 1], object)}),
            {"groups": NAME},
        ),
        (pictures, {}),
    ],
)
def test_errors(source, parameters, tmp_path):
    with pytest.raises((ValueError, OSError)) as refusal:
        read_source(source(tmp_path), **parameters)
    assert NAME not in str(refusal.value) and WRITTEN in str(refusal.value)


@pytest.mark.parametrize(
    "columns",
    [
        {NAME: ["x"] * N_ROWS, "number": NUMBERS},
        {NAME: [np.inf, *NUMBERS[1:]]},
        {NAME: [NAME, *map(str, NUMBERS[1:])]},
        {NAME: NUMBERS, f"{NAME} ": NUMBERS},
        {NAME: TEXTS},
    ],
)
def test_notes(columns, tmp_path):
    notes = "\n".join(read_source(table(tmp_path, **columns), label="label").notes)
    assert NAME not in notes and WRITTEN in notes


def test_labels_of_an_array():
    with pytest.raises(ValueError, match="identifier") as refusal:
        audit(NUMBERS.reshape(-1, 1), IDENTIFIERS)
    assert NAME not in str(refusal.value) and WRITTEN in str(refusal.value)
