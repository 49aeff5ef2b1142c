"""From a comparison to its units of work."""

import warnings
from itertools import product

from skpoison.experiments._store import Unit
from skpoison.experiments.comparison._data import is_regression, takes_rows
from skpoison.experiments.comparison._entries import cleans, make, wants_numbers

NO_ATTACK = {"name": "none", "use": "none"}


def plan(comparison):
    """List the units of every stage and the cells of the results; see `Comparison.plan`."""
    draws, poisons, cleaned, cells = {}, {}, {}, {}
    runs = range(comparison.n_runs)
    conditions = [(NO_ATTACK, 0.0)]
    conditions += [(a, rate) for rate in comparison.rates if rate for a in comparison.attacks]
    suits = _Suits(comparison)
    for dataset, run in product(comparison.datasets, runs):
        where = f"{dataset['name']}-{run:02d}"
        common = {"dataset": dataset, "seed": 1000 * comparison.seed + run}
        params = common | {"max_rows": comparison.max_rows}
        drawn = draws[where] = Unit("draw", where, params)
        for attack, rate in conditions:
            if not suits("attacks", attack, dataset):
                continue
            name = f"{attack['name']}-{100 * rate:g}-{where}"
            params = common | {"attack": attack, "rate": rate}
            poison = poisons[name] = Unit("poison", name, params, (drawn,))
            for defence in comparison.defences:
                if not suits("defences", defence, dataset):
                    continue
                needs = (drawn, poison)
                params = common | {"defence": defence}
                if defence["use"] != "none" and cleans(make(defence, "defences", comparison.trust)):
                    label = f"{defence['name']}-{name}"
                    needs += (Unit("clean", label, params, needs),)
                    cleaned[label] = needs[-1]
                for victim in comparison.victims:
                    if not suits("victims", victim, dataset):
                        continue
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
    suits.warn()
    stages = {"draw": draws, "poison": poisons, "clean": cleaned}
    stages = {name: list(units.values()) for name, units in stages.items()}
    return stages | {"score": list(cells)}, cells


class _Suits:
    """Which attacks, defences and victims suit which data sets; `warn` names the others."""

    def __init__(self, comparison):
        self.comparison = comparison
        self.answers = {}

    def __call__(self, where, entry, dataset):
        if entry["use"] == "none":
            return True
        key = entry["name"], dataset["name"]
        if key not in self.answers:
            estimator = make(entry, where, self.comparison.trust)
            is_sampler = where == "defences" and hasattr(estimator, "fit_resample")
            suits = is_sampler or wants_numbers(estimator) == is_regression(dataset)
            if where == "attacks":
                suits = suits and takes_rows(estimator, dataset)
            self.answers[key] = suits
        return self.answers[key]

    def warn(self):
        left_out = [
            f"{name} on {dataset}" for (name, dataset), ok in self.answers.items() if not ok
        ]
        if left_out:
            warnings.warn(
                f"Left out, as they do not go together: {', '.join(left_out)}.",
                UserWarning,
                stacklevel=4,
            )
