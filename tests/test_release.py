"""What a release says of itself is the same everywhere."""

import re
import tomllib
from pathlib import Path

import yaml

import skpoison

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"matplotlib": "matplotlib-base"}


def test_one_version():
    recipe = yaml.safe_load((ROOT / "conda" / "recipe.yaml").read_text())
    assert recipe["context"]["version"] == skpoison.__version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == skpoison.__version__


def test_conda_needs_what_pip_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {"python": project["requires-python"]}
    for requirement in project["dependencies"]:
        name, version = re.fullmatch(r"([\w-]+)(>=.+)", requirement).groups()
        needed[CONDA_NAMES.get(name, name)] = version
    recipe = yaml.safe_load((ROOT / "conda" / "recipe.yaml").read_text())
    assert dict(line.split(" ") for line in recipe["requirements"]["run"]) == needed


def test_every_extra_is_explained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    explained = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert all(f"`{extra}`" in explained for extra in project["optional-dependencies"])
