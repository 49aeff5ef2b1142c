"""Estimators by name: what a comparison's file may write in place of one."""

from importlib import import_module
from inspect import signature

from sklearn.base import clone, is_outlier_detector
from sklearn.utils import get_tags

from skpoison.utils import short_names
from skpoison.utils._nearest import nearest

VICTIMS = {
    "linear-svm": ("sklearn.svm.SVC", {"kernel": "linear"}),
    "rbf-svm": ("sklearn.svm.SVC", {}),
    "logistic": ("sklearn.linear_model.LogisticRegression", {"max_iter": 1000}),
    "forest": ("sklearn.ensemble.RandomForestClassifier", {}),
    "boosting": ("sklearn.ensemble.HistGradientBoostingClassifier", {}),
    "network": ("skpoison.victims.NetworkClassifier", {}),
    "mlp": ("sklearn.neural_network.MLPClassifier", {"max_iter": 500}),
    "ridge": ("sklearn.linear_model.Ridge", {}),
}
CHECKED = None  # in place of packages to trust: the entry was checked where it was read
OWN_PACKAGES = ("skpoison", "sklearn", "imblearn")
NAMED_KINDS = {
    "attacks": ("attack", "regression attack"),
    "defences": ("detector", "regression detector", "learner"),
    "victims": (),
}


def normal_entry(entry, where):
    """An entry as a mapping with `name` and `use`.

    Parameters
    ----------
    entry : str or dict
        A short name or a class, ``package.Class``; or a mapping with it as `use`, an optional
        `name` for the tables, and the constructor's parameters. A parameter may be such a mapping.

    where : str
        How errors call the list that it is from.

    Returns
    -------
    entry : dict
        Keys `name`, `use` and the parameters.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(entry, str):
        entry = {"use": entry}
    if not isinstance(entry, dict) or not isinstance(entry.get("use"), str):
        raise ValueError(
            f"{where} holds {entry!r}; expected a name, or a mapping with the key 'use', the "
            "constructor's parameters and, if you like, 'name'."
        )
    name = str(entry.get("name", entry["use"].rsplit(".", 1)[-1]))
    if not (name[:1].isalnum() and name.isprintable()):  # inert in tables and on terminals
        raise ValueError(
            f"{where} holds the name {name!r}; expected characters that can be printed, the first "
            "a letter or a digit."
        )
    return entry | {"name": name}


def make(entry, where, trust=(), **defaults):
    """Make the estimator of an entry.

    Parameters
    ----------
    entry : dict
        What :func:`normal_entry` gives.

    where : {"attacks", "victims", "defences"}
        The list that it is from, which has short names of its own.

    trust : tuple of str or CHECKED, default=()
        Packages, beside this library, scikit-learn and imbalanced-learn, of which a class may be
        imported.

    **defaults
        Parameters for a constructor that takes them and an entry that does not give them.

    Returns
    -------
    estimator : object
        Not fitted.

    Raises
    ------
    ValueError
        If there is no such name, class or parameter, or the class is of a package that is not
        trusted.
    """
    use = entry["use"]
    known = dict(VICTIMS)
    for kind in NAMED_KINDS[where]:
        known |= short_names(kind)
    if use in known:
        kind, keywords = known[use]
        kind = _import(kind, where, trust) if isinstance(kind, str) else kind
    elif "." in use:
        kind, keywords = _import(use, where, trust), {}
    else:
        raise ValueError(
            f"{where} holds {use!r}, which is none of {sorted(known)} and no class of the form "
            f"'package.Class'.{nearest(use, known)}"
        )
    given = {
        key: make(value, "victims", trust) if _is_entry(value) else value
        for key, value in entry.items()
        if key not in ("name", "use")
    }
    parameters = signature(kind).parameters.values()
    accepted = sorted(p.name for p in parameters if p.kind is not p.VAR_KEYWORD)
    unknown = set(given) - set(accepted)
    if unknown:
        raise ValueError(
            f"{where}: {use!r} has no parameter {sorted(unknown)}; it has {accepted}."
            + nearest(min(unknown), accepted)
        )
    defaults = {key: value for key, value in defaults.items() if key in accepted}
    estimator = clone(kind(**defaults | keywords | given))
    try:
        get_tags(estimator)
    except AttributeError as error:  # one of its parts is none
        raise ValueError(
            f"{where}: a parameter of {use!r} must be an estimator, written as a mapping with the "
            f"key 'use'; got {given}."
        ) from error
    return estimator


def _is_entry(value):
    return isinstance(value, dict) and isinstance(value.get("use"), str)


def _import(path, where, trust):
    module, _, name = path.rpartition(".")
    package = module.split(".")[0]
    if trust is not CHECKED and package not in (*OWN_PACKAGES, *trust):
        raise ValueError(
            f"{where} names {path!r}: importing a class runs its package's code, and {package!r} "
            f"is not trusted. Where you trust it, say so: --trust {package}."
        )
    try:
        kind = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{where} names {path!r}, which cannot be imported: {error}") from error
    if not hasattr(kind, "get_params"):
        raise ValueError(f"{where} names {path!r}, which is no scikit-learn estimator.")
    return kind


def cleans(defence):
    """Whether a defence drops rows before any victim is trained: a sampler or a detector."""
    return hasattr(defence, "fit_resample") or is_outlier_detector(defence)


def wants_numbers(estimator):
    """Whether an attack, detector or learner is for numbers as targets, not for classes."""
    return get_tags(estimator).regressor_tags is not None
