"""Reading what an experiment's file says."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import yaml

MOST_BYTES = 100_000  # of a protocol's file
MOST_RESULTS = 200_000  # of an experiment


class _Loader(yaml.SafeLoader):
    """YAML without anchors, which can make little text a great deal."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.YAMLError(f"a protocol has no anchors and aliases, got one in {mark}")
        return super().compose_node(parent, index)


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
        If it is no such file, is larger than 100,000 bytes or uses YAML's anchors.
    """
    with Path(path).open("rb") as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise ValueError(f"{path} is larger than {MOST_BYTES:,} bytes, the most of a protocol.")
    try:
        content = yaml.load(text, _Loader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{path} is not valid YAML: {error}") from error
    except RecursionError as error:
        raise ValueError(f"{path} is nested too deeply for a protocol.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold a mapping with the keys {list(keys)}.")
    return content


def check_size(n_results):
    """Raise a ValueError if an experiment has more results than can be planned."""
    if n_results > MOST_RESULTS:
        raise ValueError(
            f"The file asks for {n_results:,} results, an experiment has at most {MOST_RESULTS:,}."
        )


def read_protocol(path: str | PathLike[str], trust: Sequence[str] = ()) -> Any:
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
