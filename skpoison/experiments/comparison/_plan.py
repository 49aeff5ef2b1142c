"""From a comparison to its units of work."""

import warnings
from itertools import product

from skpoison.experiments._store import Unit
from skpoison.experiments.comparison._data import takes
from skpoison.experiments.comparison._entries import cleans, make

NO_ATTACK = {"name": "none", "use": "none"}


def plan(comparison):
    """List the units of every stage and the cells of the results; see `Comparison.plan`."""
    draws, poisons, cleaned, cells = {}, {}, {}, {}
    runs = range(comparison.n_runs)
    conditions = [(NO_ATTACK, 0.0)]
    conditions += [(a, rate) for rate in comparison.rates if rate for a in comparison.attacks]
    left_out = _left_out(comparison)
    for dataset, run in product(comparison.datasets, runs):
        where = f"{dataset['name']}-{run:02d}"
        common = {"dataset": dataset, "seed": 1000 * comparison.seed + run}
        params = common | {"max_rows": comparison.max_rows}
        drawn = draws[where] = Unit("draw", where, params)
        for attack, rate in conditions:
            if (dataset["name"], attack["name"]) in left_out:
                continue
            name = f"{attack['name']}-{100 * rate:g}-{where}"
            params = common | {"attack": attack, "rate": rate}
            poison = poisons[name] = Unit("poison", name, params, (drawn,))
            for defence in comparison.defences:
                needs = (drawn, poison)
                params = common | {"defence": defence}
                if defence["use"] != "none" and cleans(make(defence, "defences", comparison.trust)):
                    label = f"{defence['name']}-{name}"
                    needs += (Unit("clean", label, params, needs),)
                    cleaned[label] = needs[-1]
                for victim in comparison.victims:
                    label = f"{victim['name']}-{defence['name']}-{name}"
                    unit = Unit("score", label, params | {"victim": victim}, needs)
                    cells[unit] = {
                        "dataset": dataset["name"],
                        "run": run,
                        "attack": attack["name"],
                        "rate": rate,
                        "defence": defence["name"],
                        "victim": victim["name"],
                    }
    stages = {"draw": draws, "poison": poisons, "clean": cleaned}
    stages = {name: list(units.values()) for name, units in stages.items()}
    return stages | {"score": list(cells)}, cells


def _left_out(comparison):
    """Pairs of a data set and an attack that does not take its rows; a warning names them."""
    attacks = [(e["name"], make(e, "attacks", comparison.trust)) for e in comparison.attacks]
    pairs = {
        (dataset["name"], name)
        for dataset in comparison.datasets
        for name, attack in attacks
        if not takes(attack, dataset)
    }
    if pairs:
        listed = ", ".join(sorted(f"{name} on {dataset}" for dataset, name in pairs))
        warnings.warn(f"Left out, for want of numbers: {listed}.", UserWarning, stacklevel=4)
    return pairs
