"""What the stages do, one file each: from the files of earlier units to a unit's own."""

from importlib import import_module

__all__ = ["module_of", "stage_function"]

COMPARISON = ("draw", "poison", "clean", "score")


def module_of(stage):
    """Name of the module that holds the function of a stage."""
    if stage in COMPARISON:
        return "skpoison.experiments.comparison._stages"
    return f"skpoison.experiments.stages._{stage}"


def stage_function(stage):
    """The function that does the units of a stage.

    Parameters
    ----------
    stage : str
        Its name: one of those of `Protocol.plan` or `Comparison.plan`.

    Returns
    -------
    function : callable
        ``function(folder, seed, needs, **params)`` writes its files to `folder`; `needs` are the
        folders of the units that it needs.
    """
    return getattr(import_module(module_of(stage)), stage)
