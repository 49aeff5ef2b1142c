"""Keys follow the code: a change of it changes the hash of what depends on it, and no other."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import skpoison

UNITS = ("split", "attack flipping", "train centroid", "train knn", "assess ensemble")
STATEMENT = ("import numpy", "N = 1\nimport numpy")
CHANGES = [  # file, what is replaced, by what, the units that depend on it
    ("__init__.py", '__version__ = "', '__version__ = "9', []),
    ("detectors/_centroid.py", '"""', '"""Other words. ', []),
    ("detectors/_centroid.py", "import numpy", "# a comment\nimport numpy", []),
    ("datasets/_splits.py", *STATEMENT, ["split"]),
    ("attacks/_label_flip.py", *STATEMENT, ["attack flipping"]),
    ("detectors/_centroid.py", *STATEMENT, ["train centroid", "assess ensemble"]),
    (
        "thresholds/_second_component.py",
        *STATEMENT,
        ["train centroid", "train knn", "assess ensemble"],
    ),
]
# One process: to import the library takes longer than all else.
PROGRAM = """
import json, sys
from pathlib import Path
from skpoison.experiments import _sources
from skpoison.experiments._plan import _code

def hashes(units):
    for function in vars(_sources).values():
        getattr(function, "cache_clear", lambda: None)()
    codes = []
    for unit in units:
        stage, *name = unit.split()
        kind = ["attack" if stage == "attack" else "detector"] if name else []
        codes.append(_code(stage, *kind, *name))
    return codes

units, changes = json.load(sys.stdin)
result = [hashes(units)]
for name, old, new, _ in changes:
    path = Path("skpoison", name)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    result.append(hashes(units))
    path.write_text(text)
print(json.dumps(result))
"""


def test_what_a_change_of_the_code_touches(tmp_path):
    shutil.copytree(Path(skpoison.__file__).parent, tmp_path / "skpoison")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([UNITS, CHANGES]),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    before, *after = json.loads(done.stdout)
    assert len(set(before)) == len(UNITS)
    touched = [
        [unit for unit, old, new in zip(UNITS, before, codes, strict=True) if old != new]
        for codes in after
    ]
    assert touched == [expected for *_, expected in CHANGES]
