"""The documentation names everything that is public, and its code calls what there is."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from sklearn.utils.estimator_checks import check_estimator

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


def test_code_of_the_pages_calls_what_there_is():
    public = {
        name: getattr(module, name)
        for module in public_modules()
        for name in public_names(module)
        if hasattr(module, name)
    }
    n_calls = 0
    for page in [API.parents[1] / "README.md", *sorted(API.parent.glob("*.md"))]:
        for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
            for node in ast.walk(ast.parse(code)):
                if isinstance(node, ast.ImportFrom) and node.module.startswith("skpoison"):
                    module = importlib.import_module(node.module)
                    assert all(hasattr(module, alias.name) for alias in node.names), page.name
                elif isinstance(node, ast.Call) and getattr(node.func, "id", None) in public:
                    keywords = {word.arg: word for word in node.keywords}
                    inspect.signature(public[node.func.id]).bind_partial(*node.args, **keywords)
                    n_calls += 1
    assert n_calls > 50


@pytest.mark.filterwarnings("ignore:MedianDetector judges labels")
def test_contributing_s_attack_detector_and_rule_work_as_they_are(monkeypatch):
    text = (API.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    module = ModuleType("contributed")
    monkeypatch.setitem(sys.modules, "contributed", module)  # pickle looks there
    names = vars(module)
    for kind, code in re.findall(r"```(python|pycon)\n(.*?)```", text, flags=re.S):
        if kind == "python":
            exec(code, names)
        else:
            examples = doctest.DocTestParser().get_doctest(code, names, "CONTRIBUTING", None, 0)
            found = doctest.DocTestRunner().run(examples, clear_globs=False)
            assert found.attempted > 0 and found.failed == 0
            names.update(examples.globs)
    check_estimator(module.MedianDetector(contamination=0.1))
