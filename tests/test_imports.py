"""What starting loads and prints, each in a process of its own."""

import ast
import os
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

from skpoison.cli import DEMO_DETECTORS
from skpoison.utils import short_names

LIBRARY = ("attacks", "detectors", "filtering", "metrics", "pipeline", "robust", "thresholds")
OF_EXTRAS = {"keras", "tensorflow", "jax", "torch", "dask", "ray"}
NEEDED_LATER = {"matplotlib", "skrub", "typer", "jinja2", "PIL"}

ROOT = Path(__file__).parents[1]
OF_ALL = {"metrics", "utils", "__init__", "__version__", "_typing", "_samplers"}


def python(code):
    """Run code as on a user's terminal: what TensorFlow is to print is not settled beforehand."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND"}
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, run.stderr
    return run


def test_help_is_quick_to_come_and_quiet():
    run = python(
        "import sys, skpoison.cli\n"
        "try:\n    skpoison.cli.app(['--help'])\n"
        "except SystemExit:\n    print('loaded', *sys.modules)"
    )
    help_text, modules = run.stdout.split("loaded ")
    assert "demo" in help_text and run.stderr == ""
    assert not {"numpy", "sklearn", "pandas", "matplotlib", *OF_EXTRAS} & set(modules.split())


def test_the_library_loads_nothing_that_only_some_of_it_needs():
    run = python(
        "import importlib, importlib.util, sys\n"
        f"for name in {LIBRARY}:\n"
        "    if importlib.util.find_spec(f'skpoison.{name}'):\n"
        "        importlib.import_module(f'skpoison.{name}')\n"
        "print(*sys.modules)"
    )
    assert not (OF_EXTRAS | NEEDED_LATER) & set(run.stdout.split())
    assert run.stderr == ""


def test_a_network_is_trained_without_a_line_of_its_back_end():
    run = python(
        "import numpy as np\n"
        "from skpoison.detectors import ReconstructionDetector\n"
        "ReconstructionDetector(epochs=1).fit(np.eye(8)[:, :3])"
    )
    assert run.stderr == "" and run.stdout == ""


def test_without_keras_its_detectors_are_not_listed_and_say_what_to_install():
    run = python(
        "import sys\n"
        "sys.modules['keras'] = None  # as if it were not installed\n"
        "import numpy as np\n"
        "from skpoison.detectors import CAEDetector\n"
        "from skpoison.experiments import Protocol\n"
        "from skpoison.utils import make_estimator, short_names\n"
        "print(*short_names('detector'))\n"
        "for use in (\n"
        "    lambda: CAEDetector().fit(np.eye(4), [0, 1, 0, 1]),\n"
        "    lambda: make_estimator('detector', 'cae+'),\n"
        "    lambda: Protocol(dataset='digits', classes=(3, 8), detectors=['cae+']),\n"
        "):\n"
        "    try:\n        use()\n"
        "    except ImportError as error:\n        print(error)"
    )
    listed, *messages = run.stdout.splitlines()
    assert set(DEMO_DETECTORS) <= set(listed.split())
    assert {"cae", "cae+", "cae+-cross-fitted", "rae", "magnet"} == set(
        short_names("detector")
    ) - set(listed.split())
    assert len(messages) == 3
    assert all("'keras'" in line and "skpoison[networks]" in line for line in messages)


def imported_packages(path):
    """The library's packages and modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "skpoison":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("skpoison."):
            yield node.module.split(".")[1]


def test_packages_import_along_the_arrows_of_the_architecture():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    below = {}
    for upper, lower in re.findall(r"^  (\w+)\S*.*? -->\s+(\w+)", text, flags=re.M):
        below.setdefault(upper, set()).add(lower)
    reached = {}
    for package in TopologicalSorter(below).static_order():  # raises where arrows go in a circle
        reached[package] = {package}.union(*(reached[lower] for lower in below.get(package, ())))
    for path in (ROOT / "skpoison").rglob("*.py"):
        package = path.relative_to(ROOT / "skpoison").parts[0].removesuffix(".py")
        if path.name == "_discovery.py" or package in {"__init__", "__main__", "_samplers"}:
            continue  # what finds the estimators has to import them
        allowed = reached.get(package, {package})
        assert set(imported_packages(path)) <= allowed | OF_ALL, path
