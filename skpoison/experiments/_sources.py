"""What the library's code does, as a hash: it changes where a result may."""

import ast
import hashlib
from functools import cache
from pathlib import Path

import skpoison

ROOT = Path(skpoison.__file__).parent
FINDS_ONLY = "skpoison.utils._discovery"  # its imports are what it finds, not what a unit uses


@cache
def source_hash(*modules):
    """Hash the code of modules and of all modules of this library that they import.

    Comments, docstrings and the layout of the code make no difference.

    Parameters
    ----------
    *modules : str
        Their full names.

    Returns
    -------
    digest : str
        Hexadecimal.
    """
    waiting, found = list(modules), set()
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting.extend(_imports(module))
    text = "".join(f"{module}\n{_code(module)}\n" for module in sorted(found))
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _tree(module):
    path = _path(module)
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _path(module):
    """The file of a module of this library; None if it is no module."""
    folder = ROOT.joinpath(*module.split(".")[1:])
    for path in (folder.with_suffix(".py"), folder / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _code(module):
    tree = _tree(module)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [statement for statement in body if not _is_docstring(statement)]
    return _form(tree)


def _form(node):
    """A syntax tree as text that is the same in every version of Python: what is empty is left out.

    Versions add fields, and write strings out otherwise.
    """
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
        return f"{type(node).__name__}({','.join(f'{n}={_form(value)}' for n, value in fields)})"
    if isinstance(node, list):
        return f"[{','.join(map(_form, node))}]"
    return repr(node)


def _is_docstring(statement):
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


@cache
def _imports(module):
    """The modules of this library that a module imports anywhere in its code."""
    imported = set()
    if module == FINDS_ONLY:
        return imported
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "skpoison":
            imported.update(_defining(node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            imported.update(
                alias.name for alias in node.names if alias.name.split(".")[0] == "skpoison"
            )
    return imported - {"skpoison"}  # the version alone


@cache
def _defining(module, name):
    """The module that defines what is imported from another, past a package's ``__init__``."""
    if _path(f"{module}.{name}") is not None:
        return f"{module}.{name}"
    if _path(module).name == "__init__.py":
        for node in _tree(module).body:
            if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
                return _defining(node.module, name)
    return module
