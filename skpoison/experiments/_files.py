"""Reading what an experiment's file says."""

from pathlib import Path

import yaml


def read_mapping(path, keys):
    """Read a YAML file that holds one mapping.

    Parameters
    ----------
    path : str or path-like
        The file.

    keys : sequence of str
        The keys that it may have, for the error.

    Returns
    -------
    content : dict
        What it holds.

    Raises
    ------
    ValueError
        If it is no such file.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold a mapping with the keys {list(keys)}.")
    return content


def read_protocol(path, trust=()):
    """Read an experiment of either kind: a `Comparison` has `datasets`, a `Protocol` a `dataset`.

    Parameters
    ----------
    path : str or path-like
        The YAML file.

    trust : sequence of str, default=()
        Packages of which a comparison may name classes: importing one runs its code.

    Returns
    -------
    protocol : Protocol or Comparison
        The experiment.

    Raises
    ------
    ValueError
        If the file holds none.
    """
    from skpoison.experiments import Comparison, Protocol

    content = read_mapping(path, ["dataset", "datasets", "..."])
    if "datasets" in content:
        return Comparison.from_yaml(path, trust)
    return Protocol.from_yaml(path)
