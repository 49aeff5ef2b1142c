"""Discovery: what the tests, the command line and the experiments know about is found here."""

import inspect
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from skpoison.utils._nearest import nearest

KINDS = ("attack", "detector", "learner", "regression attack", "regression detector", "other")


def all_estimators(kind: str | None = None) -> list[tuple[str, Any]]:
    """List the estimators of the library.

    Those that need a package of an extra (the class attribute ``required_package``) are listed
    where it is installed.

    Parameters
    ----------
    kind : str, default=None
        "attack", "detector" and "learner" (of :mod:`skpoison.robust`), or "other": what is none of
        them (the filter, the reformer). Attacks on regressions and detectors of wrong numbers are
        "regression attack" and "regression detector". None: all.

    Returns
    -------
    estimators : list of (str, type)
        Name and class, sorted by name.

    Examples
    --------
    >>> from skpoison.utils import all_estimators
    >>> "LabelFlipAttack" in dict(all_estimators("attack"))
    True
    """
    if kind not in (None, *KINDS):
        raise ValueError(f"kind must be one of {[*KINDS]} or None, got {kind!r}.")
    return [(name, estimator) for name, estimator in _find(kind) if _can_run(estimator)]


def _find(kind):
    """As `all_estimators`, with those that cannot run here."""
    found = set()
    for folder in ("attacks", "detectors", "filtering", "robust"):
        module = import_module(f"skpoison.{folder}")
        for value in vars(module).values():
            is_ours = inspect.isclass(value) and value.__module__.startswith(module.__name__)
            is_estimator = is_ours and hasattr(value, "get_params")
            if is_estimator and not inspect.isabstract(value):
                found.add(value)
    return sorted((e.__name__, e) for e in found if kind in (None, _kind_of(e)))


def _kind_of(estimator):
    from skpoison.attacks import BasePoisoningAttack, BaseRegressionPoisoningAttack
    from skpoison.detectors import BasePoisonDetector, ResidualDetector

    if estimator.__module__.startswith("skpoison.robust"):
        return "learner"
    bases = {  # the narrower first
        "regression attack": BaseRegressionPoisoningAttack,
        "regression detector": ResidualDetector,
        "attack": BasePoisoningAttack,
        "detector": BasePoisonDetector,
    }
    return next((kind for kind, base in bases.items() if issubclass(estimator, base)), "other")


def _can_run(estimator):
    package = getattr(estimator, "required_package", None)
    return package is None or find_spec(package) is not None


def short_names(kind: str) -> dict[str, tuple[Any, dict]]:
    """Short names by which estimators are known, and what they stand for.

    Parameters
    ----------
    kind : str
        As in `all_estimators`.

    Returns
    -------
    names : dict of str -> (type, dict)
        The class and the constructor's keywords behind each name.

    Examples
    --------
    >>> from skpoison.utils import short_names
    >>> short_names("attack")["flipping"][0].__name__
    'LabelFlipAttack'
    """
    return _names(all_estimators(kind))


def _names(estimators):
    return {
        name: (estimator, dict(keywords))
        for _, estimator in estimators
        for name, keywords in vars(estimator).get("short_names", {}).items()
    }


def check_installed(kind, name):
    """Raise an ImportError if what a short name stands for needs a package not installed here."""
    estimator, _ = _names(_find(kind)).get(name, (None, None))
    if estimator is None or _can_run(estimator):
        return
    extra = getattr(estimator, "required_extra", None)
    hint = f": pip install 'skpoison[{extra}]'" if extra else ""
    raise ImportError(
        f"{kind} {name!r} needs the package {estimator.required_package!r}, "
        f"which is not installed{hint}."
    )


def make_estimator(kind: str, name: str, **params: Any) -> Any:
    """Make the estimator of a short name.

    Parameters
    ----------
    kind : str
        As in `all_estimators`.

    name : str
        A short name.

    **params
        Further parameters. Those that the class does not have are left out, so that one set
        (say, an image's shape) serves all.

    Returns
    -------
    estimator : object
        A new one.

    Raises
    ------
    ValueError
        If there is no such name; the message holds the nearest one.

    ImportError
        If it needs a package that is not installed; the message holds the extra to install.

    Examples
    --------
    >>> from skpoison.utils import make_estimator
    >>> make_estimator("attack", "flipping", rate=0.1)
    LabelFlipAttack(rate=0.1)
    """
    check_installed(kind, name)
    known = short_names(kind)
    if name not in known:
        hint = nearest(name, known)
        raise ValueError(f"{kind} must be one of {sorted(known)}, got {name!r}.{hint}")
    estimator, keywords = known[name]
    accepted = estimator._get_param_names()
    return estimator(**keywords | {key: params[key] for key in params if key in accepted})
