"""From a comparison to its units of work."""

import hashlib
import inspect
import re
import warnings
from itertools import product
from pathlib import Path

from skpoison.experiments._sources import source_hash
from skpoison.experiments._store import Unit
from skpoison.experiments.comparison._data import is_regression, takes_rows
from skpoison.experiments.comparison._entries import cleans, make, wants_numbers
from skpoison.experiments.stages import module_of

NONE = {"name": "none", "use": "none"}


def plan(comparison):
    """List the units of every stage and the cells of the results; see `Comparison.plan`."""
    draws, poisons, cleaned, cells = [], [], [], {}
    conditions = [(NONE, 0.0)]
    conditions += [(a, rate) for rate in comparison.rates if rate for a in comparison.attacks]
    makers = _Makers(comparison)
    for dataset, run in product(comparison.datasets, range(comparison.n_runs)):
        where = [dataset["name"], f"{run:02d}"]
        common = {"dataset": dataset, "seed": 1000 * comparison.seed + run}
        params = common | {"max_rows": comparison.max_rows}
        drawn = _unit("draw", where, params, (), makers.code("draw"))
        draws.append(drawn)
        for attack, rate in conditions:
            if not makers.suits("attacks", attack, dataset):
                continue
            name = [attack["name"], f"{100 * rate:g}", *where]
            params = common | {"attack": attack, "rate": rate}
            code = makers.code("poison", attacks=attack)
            poison = _unit("poison", name, params, (drawn,), code)
            poisons.append(poison)
            for defence in comparison.defences:
                if not makers.suits("defences", defence, dataset):
                    continue
                needs, params = (drawn, poison), common | {"defence": defence}
                if makers.cleans(defence):
                    code = makers.code("clean", defences=defence)
                    clean = _unit("clean", [defence["name"], *name], params, needs, code)
                    cleaned.append(clean)
                    needs += (clean,)
                for victim in comparison.victims:
                    if not makers.suits("victims", victim, dataset):
                        continue
                    label = [victim["name"], defence["name"], *name]
                    code = makers.code("score", defences=defence, victims=victim)
                    unit = _unit("score", label, params | {"victim": victim}, needs, code)
                    cells[unit] = {
                        "dataset": dataset["name"],
                        "run": run,
                        "attack": attack["name"],
                        "rate": rate,
                        "defence": defence["name"],
                        "victim": victim["name"],
                    }
    makers.warn()
    return {"draw": draws, "poison": poisons, "clean": cleaned, "score": list(cells)}, cells


def _unit(stage, names, params, needs, code):
    """A unit of work; of names in a file only what is safe in the name of a folder is kept."""
    name = "-".join(re.sub(r"[^\w.+]", "_", name)[:40] for name in names)
    return Unit(stage, name, params, needs, code)


class _Makers:
    """The estimators behind the entries: what goes with what, and the code that they are."""

    def __init__(self, comparison):
        self.trust = comparison.trust
        self.made = {}
        self.left_out = {}

    def __getitem__(self, key):
        where, entry = key
        if entry["use"] == "none":
            return None
        name = where, entry["name"]
        if name not in self.made:
            self.made[name] = make(entry, where, self.trust)
        return self.made[name]

    def cleans(self, defence):
        """Whether it drops rows before a victim is trained."""
        estimator = self["defences", defence]
        return estimator is not None and cleans(estimator)

    def suits(self, where, entry, dataset):
        """Whether an attack, defence or victim goes with the rows and labels of a data set."""
        estimator = self[where, entry]
        is_sampler = where == "defences" and hasattr(estimator, "fit_resample")
        if estimator is None or is_sampler:
            return True
        reason = None
        if wants_numbers(estimator) != is_regression(dataset):
            reason = "for classes" if is_regression(dataset) else "for numbers as targets"
        elif where == "attacks" and not takes_rows(estimator, dataset):
            reason = "takes rows of numbers only"
        if reason:
            self.left_out[f"{entry['name']} on {dataset['name']} ({reason})"] = None
        return reason is None

    def warn(self):
        """Name what was left out."""
        if self.left_out:
            listed = ", ".join(self.left_out)
            warnings.warn(f"Left out: {listed}.", UserWarning, stacklevel=4)

    def code(self, stage, **entries):
        """Hash of the code that does a unit."""
        modules, others = [module_of(stage)], []
        estimators = [self[key] for key in entries.items() if key[1]["use"] != "none"]
        inner = [value for e in estimators for value in e.get_params(deep=False).values()]
        for kind in map(type, [*estimators, *(e for e in inner if hasattr(e, "get_params"))]):
            if kind.__module__.startswith("skpoison."):
                modules.append(kind.__module__)
            else:
                source = Path(inspect.getsourcefile(kind)).read_bytes()
                others.append(hashlib.sha256(source).hexdigest())
        return "-".join([source_hash(*modules), *others])
