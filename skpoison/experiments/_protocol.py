"""`Protocol`: what an experiment is, read from and written to a YAML file."""

import math
from dataclasses import asdict, dataclass, field, fields
from numbers import Integral, Real
from typing import Literal, Self

import numpy as np
import yaml
from sklearn.svm import SVC

from skpoison._typing import FilePath
from skpoison.datasets._catalogue import IMAGE_SETS
from skpoison.experiments._files import check_size, read_mapping
from skpoison.experiments._plan import plan
from skpoison.utils._nearest import nearest

TRAINING_SHARE = 5 / 6
LENGTH = 200  # characters of what is shown of a wrong value


@dataclass(frozen=True)
class Protocol:
    """The published experiment and its variations.

    A run of [1]_ draws `n_train` rows that the victim trains on, `n_val` rows of the attacker and
    `n_test` rows on which accuracy is measured. Five runs of six train the detectors, one of six
    assesses them; the two groups draw from disjoint parts of the data, 5/6 and 1/6 of the rows.

    Parameters
    ----------
    dataset : {"mnist", "fashion_mnist", "cifar10", "digits"}
        The image set, see :func:`skpoison.datasets.load_images`.

    classes : tuple of int, default=(0, 1)
        The classes that are told apart.

    n_train, n_val, n_test : int, default=100, 200, 200
        Rows of one run.

    n_runs : int, default=60
        Number of runs, at least 2.

    rates : tuple of float, default=(0, 0.05, ..., 0.3)
        Poison rows / clean rows. The poison of a run is placed once, at the largest rate; smaller
        rates take the first rows of it, as the published code does.

    attacks, detectors : tuple of str
        Short names, see :func:`skpoison.utils.short_names`. By default those of the paper.

    victim : dict, default=None
        `kernel`, `C` and `gamma` of the support vector machine under attack. None: linear with
        C = 1 for grey images, RBF with C = 1 and gamma = 1 / n_features for colour.

    fit : {"pooled", "per_set"}, default="pooled"
        What a detector is fitted to. "pooled", as published: to the poisoned sets of all training
        runs together; it then judges the sets of the assessment runs. "per_set": to the very set
        that is to be cleaned; no run has to train anything, so that all runs assess.

    seed : int, default=0
        Equal protocols give equal results.

    Raises
    ------
    ValueError
        If a value is none of those accepted.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> from skpoison.experiments import Protocol
    >>> protocol = Protocol("digits", n_train=20, n_val=20, n_test=20, n_runs=6)
    >>> protocol.victim
    {'kernel': 'linear', 'C': 1.0, 'gamma': 'auto'}
    >>> protocol.runs("training")
    (('training', 0), ('training', 1), ('training', 2), ('training', 3), ('training', 4))
    >>> protocol.runs("assessment")
    (('assessment', 0),)
    """

    dataset: str
    classes: tuple = (0, 1)
    n_train: int = 100
    n_val: int = 200
    n_test: int = 200
    n_runs: int = 60
    rates: tuple = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
    attacks: tuple = ("flipping", "optimal", "semi-optimal", "mixed")
    detectors: tuple = ("rae", "cae", "cae+", "magnet", "centroid")
    victim: dict = field(default=None, hash=False)  # type: ignore[arg-type]
    fit: str = "pooled"
    seed: int = 0

    def __post_init__(self):
        _check(
            self.dataset in (*IMAGE_SETS, "digits"),
            self,
            "dataset",
            f"one of {[*IMAGE_SETS, 'digits']}",
        )
        for name in ("classes", "rates", "attacks", "detectors"):
            value = getattr(self, name)
            listed = isinstance(value, (list, tuple)) and len(value) > 0
            _check(listed, self, name, "a list that is not empty")
            plain = not any(isinstance(entry, (list, tuple, dict, set)) for entry in value)
            _check(plain, self, name, "a list of numbers or names")
            _check(len(set(value)) == len(value), self, name, "a list without repetitions")
            object.__setattr__(self, name, tuple(value))
        for name, least in {"n_train": 2, "n_val": 2, "n_test": 2, "n_runs": 2, "seed": 0}.items():
            whole = _is_integer(getattr(self, name)) and getattr(self, name) >= least
            _check(whole, self, name, f"an integer of at least {least}")
        lists = (self.rates, self.attacks, self.detectors)
        check_size(self.n_runs * math.prod(map(len, lists)))
        labels = len(self.classes) > 1 and all(map(_is_integer, self.classes))
        _check(labels, self, "classes", "at least two integers")
        self._check_rates()
        self._check_names()
        _check(self.fit in ("pooled", "per_set"), self, "fit", "'pooled' or 'per_set'")
        self._check_victim()

    def _check_rates(self):
        shares = all(_is_number(rate) and 0 <= rate <= 1 for rate in self.rates)
        _check(shares, self, "rates", "numbers from 0 to 1")
        object.__setattr__(self, "rates", tuple(sorted(map(float, self.rates))))
        counts = [self.n_poison(rate) for rate in self.rates]
        if len(set(counts)) < len(counts):
            raise ValueError(
                f"rates={list(self.rates)} of n_train={self.n_train} rows are {counts} poison "
                "rows; every rate must be another number of rows."
            )
        if counts[-1] > self.n_val:
            raise ValueError(
                f"rates={list(self.rates)} ask for up to {counts[-1]} poison rows, but the "
                f"attacker has n_val={self.n_val} rows to make them from."
            )

    def _check_names(self):
        from skpoison.utils import short_names
        from skpoison.utils._discovery import check_installed

        for name, kind in {"attacks": "attack", "detectors": "detector"}.items():
            known = short_names(kind)
            for short_name in getattr(self, name):
                check_installed(kind, short_name)
                if short_name not in known:
                    raise ValueError(
                        f"{name} holds {_shown(short_name)}, which is none of {sorted(known)}."
                        + nearest(short_name, known)
                    )

    def _check_victim(self):
        grey = self.dataset == "digits" or IMAGE_SETS[self.dataset].image_shape[2] == 1
        standard = {"kernel": "linear" if grey else "rbf", "C": 1.0, "gamma": "auto"}
        given = {} if self.victim is None else self.victim
        _check(isinstance(given, dict), self, "victim", f"a mapping of {sorted(standard)}")
        _check_keys(given, standard, "victim")
        object.__setattr__(self, "victim", standard | given)
        try:
            self.make_victim()._validate_params()
        except ValueError as error:
            raise ValueError(f"victim={_shown(self.victim)}: {error}") from error

    def make_victim(self) -> SVC:
        """Make the classifier under attack.

        Returns
        -------
        victim : SVC
            Not fitted.
        """
        return SVC(**self.victim)

    def n_poison(self, rate: float) -> int:
        """Count the poison rows of a rate.

        Parameters
        ----------
        rate : float
            Poison rows / clean rows.

        Returns
        -------
        n_poison : int
            Rounded to the nearest number of rows.
        """
        return int(np.floor(rate * self.n_train + 0.5))

    def plan(self) -> tuple[dict, dict]:
        """List what is to be done.

        Returns
        -------
        stages : dict of str to list of Unit
            "split", "attack", "train" and "assess".

        cells : dict of Unit to dict
            For every unit of "assess" its data set, fit, run, attack, rate and detector.
        """
        return plan(self)

    def runs(self, purpose: Literal["training", "assessment"]) -> tuple[tuple[str, int], ...]:
        """List the runs that train the detectors or assess them.

        Parameters
        ----------
        purpose : {"training", "assessment"}
            What the runs are for. With ``fit="per_set"`` no run trains and all assess.

        Returns
        -------
        runs : tuple of (str, int)
            Part of the data that the run draws from and number within it.
        """
        n_training = min(max(round(self.n_runs * TRAINING_SHARE), 1), self.n_runs - 1)
        training = tuple(("training", number) for number in range(n_training))
        rest = tuple(("assessment", number) for number in range(self.n_runs - n_training))
        if self.fit == "per_set":
            return {"training": (), "assessment": training + rest}[purpose]
        return {"training": training, "assessment": rest}[purpose]

    @classmethod
    def from_yaml(cls, path: FilePath) -> Self:
        """Read a protocol from a YAML file.

        Parameters
        ----------
        path : str or path-like
            The file: a mapping with this class's parameters as keys. What is left out takes its
            default; `dataset` must be there.

        Returns
        -------
        protocol : Protocol
            The protocol.

        Raises
        ------
        ValueError
            If the file is no such mapping, is larger than 100,000 bytes or uses YAML's anchors;
            an unknown key is named together with the nearest valid one.
        """
        names = [entry.name for entry in fields(cls)]
        content = read_mapping(path, names)
        try:
            _check_keys(content, names, "the protocol")
            if "dataset" not in content:
                raise ValueError("the key 'dataset' is missing.")
            return cls(**content)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{path}: {error}") from error

    def to_yaml(self) -> str:
        """Write the protocol as YAML.

        Returns
        -------
        text : str
            What :meth:`from_yaml` reads.
        """
        content = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }
        return yaml.safe_dump(content, sort_keys=False, default_flow_style=None)


def _is_integer(value):
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def _check(passed, protocol, name, accepted):
    if not passed:
        raise ValueError(f"{name} must be {accepted}, got {_shown(getattr(protocol, name))}.")


def _check_keys(content, accepted, where):
    for key in content:
        if key not in accepted:
            raise ValueError(
                f"{where} has the unknown key {_shown(key)}; accepted are {list(accepted)}."
                + nearest(key, accepted)
            )


def _shown(value):
    text = repr(value)
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}..."
