"""What is public says the types of its parameters and of its result."""

import inspect

from tests.test_docs import public_modules, public_names


def _functions(value):
    """A public function, or the methods that a public class and its bases of ours define."""
    if not inspect.isclass(value):
        return [value]
    bases = [base for base in value.__mro__ if base.__module__.startswith("skpoison.")]
    members = {name: member for base in reversed(bases) for name, member in vars(base).items()}
    found = []
    for name, member in members.items():
        if name == "__init__" or not name.startswith("_"):
            member = getattr(member, "__func__", getattr(member, "fget", member))
            if inspect.isfunction(member):
                found.append(inspect.unwrap(member))
    return found


def _untyped(function):
    """The parameters without a type, and "return" where there is none."""
    names = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
    if function.__name__ != "__init__":
        names.append("return")
    return [name for name in names if name not in function.__annotations__]


def test_every_public_signature_is_annotated():
    public = {
        function
        for module in public_modules()
        for name in public_names(module)
        for function in _functions(getattr(module, name))
        if function.__module__.startswith("skpoison.")
    }
    assert len(public) > 200
    missing = {f"{f.__module__}.{f.__qualname__}": _untyped(f) for f in public if _untyped(f)}
    assert not missing
