"""What the four stages do, one file each: from the files of earlier units to a unit's own."""

from importlib import import_module

__all__ = ["STAGE_NAMES", "stage_function"]

STAGE_NAMES = ("split", "attack", "train", "assess")


def stage_function(stage):
    """The function that does the units of a stage.

    Parameters
    ----------
    stage : {"split", "attack", "train", "assess"}
        Its name.

    Returns
    -------
    function : callable
        ``function(folder, seed, needs, **params)`` writes its files to `folder`; `needs` are the
        folders of the units that it needs.
    """
    return getattr(import_module(f"skpoison.experiments.stages._{stage}"), stage)
