"""The tests with other packages or Pythons: ``python tests/matrix.py oldest 3.11 3.12``.

Every choice gets an environment of its own below ``.venv/matrix``. ``oldest`` is the oldest of
each package that pyproject.toml names and allows; their dependencies are the newest, so that
deprecations are no errors there. Without a version of Python the tests run on that of this
process; for a path an interpreter is taken as it is. What follows ``--`` goes to pytest.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESOLUTION = {"oldest": "lowest-direct", "newest": "highest"}
NO_ERRORS = ["-W", "default::DeprecationWarning", "-W", "default::FutureWarning"]
VERSIONS = (
    "import importlib.metadata as m, platform; print('Python', platform.python_version(), *["
    "f'{n} {m.version(n)}' for n in ('scikit-learn', 'imbalanced-learn', 'numpy', 'pandas')])"
)


def uv(*arguments):
    """Run uv, which `pip install uv` brings."""
    subprocess.run([sys.executable, "-m", "uv", *map(str, arguments)], cwd=ROOT, check=True)


def environment(packages, python):
    """Make the environment anew, and return its interpreter."""
    name = python.strip(os.sep).replace(os.sep, "-")
    folder = ROOT / ".venv" / "matrix" / f"{packages}-{name}"
    uv("venv", "--quiet", "--clear", "--python", python, folder)
    interpreter = folder / "bin" / "python"
    resolution = ("--resolution", RESOLUTION[packages])
    uv("pip", "install", "--quiet", "--python", interpreter, *resolution, "--editable", ".[test]")
    return interpreter


def main():
    """Run the tests on every Python; the exit code is 1 if they fail on any."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", choices=RESOLUTION)
    parser.add_argument("pythons", nargs="*", default=[sys.executable], help="3.12, or a path")
    own, rest = sys.argv[1:], []
    if "--" in own:
        own, rest = own[: own.index("--")], own[own.index("--") + 1 :]
    arguments = parser.parse_args(own)
    options = NO_ERRORS if arguments.packages == "oldest" else []
    failed = []
    for python in arguments.pythons:
        try:
            interpreter = environment(arguments.packages, python)
        except subprocess.CalledProcessError:
            failed.append(python)  # uv has said what is missing
            continue
        subprocess.run([interpreter, "-c", VERSIONS], check=True)
        tests = [interpreter, "-m", "pytest", "--numprocesses", "auto", *options, *rest]
        if subprocess.run(tests, cwd=ROOT).returncode:
            failed.append(python)
    if failed:
        sys.exit(f"Failed with the {arguments.packages} packages on Python {', '.join(failed)}.")


if __name__ == "__main__":
    main()
