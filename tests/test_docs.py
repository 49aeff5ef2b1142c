"""The documentation names everything that is public."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import skpoison

API = Path(__file__).parents[1] / "docs" / "api.rst"
NOT_LISTED = {
    "skpoison.__main__",
    "skpoison.cli",
    "skpoison.experiments.comparison",  # its class is listed under skpoison.experiments
    "skpoison.experiments.stages",  # the work behind run_protocol
}


def _listed():
    """What docs/api.rst lists, without the library's name."""
    return re.findall(r"^   (\w+(?:\.\w+)+)$", API.read_text(encoding="utf-8"), flags=re.M)


def public_names(module):
    """Classes and functions that a module defines or, with ``__all__``, offers."""
    if hasattr(module, "__all__"):
        values = {name: getattr(module, name) for name in module.__all__}
    else:
        values = {
            name: value
            for name, value in vars(module).items()
            if getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
        }
    return {n for n, v in values.items() if inspect.isclass(v) or inspect.isfunction(v)}


def public_modules():
    """The modules and packages whose names have no underscore in front."""
    for found in pkgutil.walk_packages(skpoison.__path__, "skpoison."):
        if found.name not in NOT_LISTED and "._" not in found.name:
            yield importlib.import_module(found.name)


def test_the_api_page_lists_every_public_class_and_function_once():
    public = {
        f"{module.__name__.removeprefix('skpoison.')}.{name}"
        for module in public_modules()
        for name in public_names(module)
    }
    assert sorted(_listed()) == sorted(public)
