"""From a protocol to its units of work."""

from functools import cache

from skpoison.experiments._sources import source_hash
from skpoison.experiments._store import Unit
from skpoison.experiments.stages import module_of
from skpoison.utils import short_names


def plan(protocol):
    """List the units of every stage and the cells of the results.

    Parameters
    ----------
    protocol : Protocol
        The experiment.

    Returns
    -------
    stages : dict of str to list of Unit
        "split", "attack", "train" and "assess", in the order in which they are done. A unit needs
        units of earlier stages only.

    cells : dict of Unit to dict
        For every unit of "assess" its data set, fit, run, attack, rate and detector.
    """
    runs = protocol.runs("training") + protocol.runs("assessment")
    splits = {run: _split(protocol, run) for run in runs}
    attacks = {}
    if protocol.rates[-1] > 0:
        attacks = {
            (run, attack): _attack(protocol, splits[run], attack)
            for attack in protocol.attacks
            for run in runs
        }
    # Without poison all attacks are one. Sets of one size follow each other: what the networks'
    # back end has compiled for it is used again.
    conditions = [("none", rate) for rate in protocol.rates if rate == 0]
    conditions += [(attack, rate) for rate in protocol.rates if rate for attack in protocol.attacks]

    detectors, cells = {}, {}
    for attack, rate in conditions:
        for detector in protocol.detectors:
            trained = ()
            if protocol.fit == "pooled":
                training = protocol.runs("training")
                needs = _sets(training, attack, splits, attacks)
                trained = (_train(protocol, detector, attack, rate, needs),)
                detectors[detector, attack, rate] = trained[0]
            for run in protocol.runs("assessment"):
                needs = _sets([run], attack, splits, attacks) + trained
                unit = _assess(protocol, detector, attack, rate, run, needs)
                cells[unit] = {
                    "dataset": protocol.dataset,
                    "fit": protocol.fit,
                    "run": _run_name(run),
                    "attack": attack,
                    "rate": rate,
                    "detector": detector,
                }
    stages = {"split": splits, "attack": attacks, "train": detectors}
    return {name: list(units.values()) for name, units in stages.items()} | {
        "assess": list(cells)
    }, cells


def _split(protocol, run):
    purpose, number = run
    params = {
        "dataset": protocol.dataset,
        "classes": sorted(protocol.classes),
        "purpose": purpose,
        "number": number,
        "sizes": {name: getattr(protocol, name) for name in ("n_train", "n_val", "n_test")},
        "partition_seed": protocol.seed,
    }
    return Unit("split", _run_name(run), params, code=_code("split"))


def _attack(protocol, rows, attack):
    params = {
        "attack": attack,
        "n_poison": protocol.n_poison(protocol.rates[-1]),
        "victim": protocol.victim,
    }
    name = f"{attack}-{rows.name}"
    return Unit("attack", name, params, (rows,), _code("attack", "attack", attack))


def _train(protocol, detector, attack, rate, needs):
    n_poison = protocol.n_poison(rate)
    name = f"{detector}-{attack}-{n_poison:03d}"
    params = {"detector": detector, "n_poison": n_poison}
    return Unit("train", name, params, needs, _code("train", "detector", detector))


def _assess(protocol, detector, attack, rate, run, needs):
    n_poison = protocol.n_poison(rate)
    params = {
        "detector": detector,
        "n_poison": n_poison,
        "pooled": protocol.fit == "pooled",
        "victim": protocol.victim,
    }
    name = f"{detector}-{attack}-{n_poison:03d}-{_run_name(run)}"
    return Unit("assess", name, params, needs, _code("assess", "detector", detector))


def _code(stage, kind=None, short_name=None):
    """Hash of what does a stage, with the attack or detector of that name."""
    modules = [module_of(stage)]
    if kind is not None:
        modules.append(_classes(kind)[short_name].__module__)
    return source_hash(*modules)


@cache
def _classes(kind):
    return {name: estimator for name, (estimator, _) in short_names(kind).items()}


def _sets(runs, attack, splits, attacks):
    """The units that hold poisoned sets: first the rows of all runs, then their poison."""
    rows = tuple(splits[run] for run in runs)
    return rows + tuple(attacks[run, attack] for run in runs if attack != "none")


def _run_name(run):
    purpose, number = run
    return f"{purpose}-{number:02d}"
