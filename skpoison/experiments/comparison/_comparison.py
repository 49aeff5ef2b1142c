"""`Comparison`: attacks x defences x victims on any data, read from and written to a YAML file."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import Self

import yaml

from skpoison._typing import FilePath
from skpoison.experiments._files import check_size, read_mapping
from skpoison.experiments.comparison._data import check_dataset
from skpoison.experiments.comparison._entries import make, normal_entry
from skpoison.experiments.comparison._plan import plan
from skpoison.utils._nearest import nearest

LISTS = ("datasets", "victims", "attacks", "defences")
NO_DEFENCE = {"name": "none", "use": "none"}


@dataclass(frozen=True)
class Comparison:
    """Every attack against every defence of every victim, on every data set.

    A run draws rows, half of them to train on, a quarter of the attacker's and a quarter to test
    on. Each attack poisons the training rows at each rate; each defence cleans them, or takes the
    victim's place; each victim is trained on what is left.

    Each of the four lists holds names, classes, or mappings of either (`use`) with a `name` for
    the tables and parameters, one of which may be such a mapping itself::

        attacks:
          - flipping
          - {name: gentle, use: my_package.MyAttack, step: 0.1, estimator: {use: linear-svm}}

    Parameters
    ----------
    datasets : list
        Image sets of :func:`skpoison.datasets.load_images`, with `classes` to keep; "iris",
        "wine", "breast_cancer", "diabetes"; or "file" with `path` (CSV or Parquet), `label`,
        `classes` to keep, for texts the column `text`, for a numeric target ``task: regression``.

    victims : list
        "linear-svm", "rbf-svm", "logistic", "forest", "boosting", "mlp", "network", "ridge", or
        classes. Tables and texts are made numbers of and scaled before them.

    attacks : list
        Short names, see :func:`skpoison.utils.short_names`, or classes.

    defences : list, default=()
        Short names or classes: of detectors, whose verdict a :class:`PoisonFilter` carries out; of
        samplers; of learners that take the victim as `estimator`; of other learners, which stand
        in the victim's place. "none" is always there.

    rates : list of float, default=(0, 0.1, 0.2)
        Poison rows / clean rows. 0 is always there.

    n_runs : int, default=5
        Draws of rows.

    max_rows : int, default=2000
        The most rows of a run.

    seed : int, default=0
        Equal comparisons give equal results.

    trust : tuple of str, default=()
        Packages of your own of which entries may name classes: importing one runs its code.

    Raises
    ------
    ValueError
        If a value is none of those accepted.

    See Also
    --------
    Protocol : The published experiment.

    Examples
    --------
    >>> from skpoison.experiments import Comparison
    >>> comparison = Comparison(["iris"], ["linear-svm"], ["flipping"], ["centroid"])
    >>> [entry["name"] for entry in comparison.defences]
    ['none', 'centroid']
    """

    datasets: tuple
    victims: tuple
    attacks: tuple
    defences: tuple = ()
    rates: tuple = (0.0, 0.1, 0.2)
    n_runs: int = 5
    max_rows: int = 2000
    seed: int = 0
    trust: tuple = ()

    def __post_init__(self):
        for name in (*LISTS, "rates"):
            value = getattr(self, name)
            filled = isinstance(value, (list, tuple)) and (len(value) or name == "defences")
            _check(filled, self, name, "a list that is not empty")
        for name, least in {"n_runs": 1, "max_rows": 8, "seed": 0}.items():
            value = getattr(self, name)
            whole = isinstance(value, Integral) and not isinstance(value, bool) and value >= least
            _check(whole, self, name, f"an integer of at least {least}")
        lists = (self.datasets, self.victims, self.attacks, self.rates)
        check_size(self.n_runs * math.prod(map(len, lists)) * max(len(self.defences), 1))
        for name in LISTS:
            self._set(name, tuple(normal_entry(entry, name) for entry in getattr(self, name)))
        self._set("datasets", tuple(map(check_dataset, self.datasets)))
        if all(entry["use"] != "none" for entry in self.defences):
            self._set("defences", (NO_DEFENCE, *self.defences))
        for name in LISTS:
            names = [entry["name"] for entry in getattr(self, name)]
            _check(len(set(names)) == len(names), self, name, "entries of different names")
        for name in ("victims", "attacks", "defences"):
            for entry in getattr(self, name):
                if entry["use"] != "none":
                    make(entry, name, self.trust)
        shares = all(
            isinstance(rate, Real) and not isinstance(rate, bool) and 0 <= rate <= 1
            for rate in self.rates
        )
        _check(shares, self, "rates", "numbers from 0 to 1")
        self._set("rates", tuple(sorted({0.0, *map(float, self.rates)})))

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    def plan(self) -> tuple[dict, dict]:
        """List what is to be done.

        Returns
        -------
        stages : dict of str to list of Unit
            "draw", "poison", "clean" and "score".

        cells : dict of Unit to dict
            For every unit of "score" its data set, run, attack, rate, defence and victim.
        """
        return plan(self)

    @classmethod
    def from_yaml(cls, path: FilePath, trust: Sequence[str] = ()) -> Self:
        """Read a comparison from a YAML file.

        Parameters
        ----------
        path : str or path-like
            The file: a mapping with this class's parameters as keys.

        trust : sequence of str, default=()
            Packages of which the file may name classes: importing one runs its code.

        Returns
        -------
        comparison : Comparison
            The comparison.

        Raises
        ------
        ValueError
            If the file is no such mapping; an unknown key is named together with the nearest one.
        """
        names = [entry.name for entry in fields(cls) if entry.name != "trust"]
        content = read_mapping(path, names)
        for key in content:
            if key not in names:
                raise ValueError(
                    f"{path} has the unknown key {key!r}; accepted are {names}."
                    + nearest(key, names)
                )
        missing = [name for name in ("datasets", "victims", "attacks") if name not in content]
        if missing:
            raise ValueError(f"{path}: the key {missing[0]!r} is missing.")
        try:
            return cls(**content, trust=tuple(trust))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error

    def to_yaml(self) -> str:
        """Write the comparison as YAML.

        Returns
        -------
        text : str
            What :meth:`from_yaml` reads.
        """
        content = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if name != "trust"
        }
        return yaml.safe_dump(content, sort_keys=False, default_flow_style=None)


def _check(passed, comparison, name, accepted):
    if not passed:
        raise ValueError(f"{name} must be {accepted}, got {getattr(comparison, name)!r}.")
