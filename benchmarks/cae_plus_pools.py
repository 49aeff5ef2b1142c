"""What CAE+ sees of pooled poison: by its code, by the rows as they are, and by both.

    python benchmarks/cae_plus_pools.py [--cells "mnist 3 v 5" ...]
    python benchmarks/cae_plus_pools.py --report

Pairs of classes that no reported table has. A detector is fitted to 15 draws' sets of 100 clean and
up to 30 poison rows together, as in the paper, and judges five other sets; with ``--pool 1`` to one
set, which it judges itself, for five draws. Appends to ``benchmarks/results/cae_plus_pools.csv``,
one row a set and judge; cells that are there are not run again. ``--report`` writes
``cae_plus_pools.md``.
"""

import argparse
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from cae_plus import CELLS
from leaderboard import draw, judge, poisoned_sets, undefended
from threadpoolctl import threadpool_limits

from skpoison.detectors import ConfidentLearningDetector, CrossFittedCAEDetector
from skpoison.detectors._cross_fitted_cae import judge_rows, judge_twice
from skpoison.detectors._cross_fitting import near_duplicate_groups

RESULTS = Path(__file__).parent / "results"
RUNS = RESULTS / "cae_plus_pools.csv"
ATTACKS = ("flipping", "optimal", "semi-optimal")
RATES = (0.1, 0.3)
N_JUDGED = 5
FIRST_SEED = 500  # other benchmarks draw those before


def draws(cell, seeds):
    """Yield test rows, poisoned sets, victim and image shape of each draw."""
    for seed in seeds:
        parts, image_shape, victim = draw(*CELLS[cell], seed, os.environ.get("SKPOISON_DATA"))
        sets = list(poisoned_sets(parts, victim, seed, RATES, ATTACKS))
        yield parts[2], sets, victim, image_shape


def verdicts(detector, X, y, has_learnt):
    """Yield (judge, verdict, scores) of the parts of a fitted CAE+, and of all together."""
    rows, codes = detector._scaled(X), np.searchsorted(detector.classes_, y)
    groups = near_duplicate_groups(rows, codes)
    own = np.arange(len(y)), codes
    seen = {"code": detector._encode_rows(rows), "rows": rows.reshape(len(rows), -1)}
    parts = ("code", detector._on_code, judge_twice), ("rows", detector._on_rows, judge_rows)
    for name, judged, how in parts:
        if has_learnt:  # anew, for the leave-one-out predictions
            log_odds = judged.fit_log_odds(seen[name], codes, groups, 0, how)[own]
        else:
            log_odds = judged.log_odds(seen[name])[own]
        found = judged.rule.contamination_ > 0
        yield name, np.where(found & (log_odds > 0), -1, 1), -log_odds
    yield "code and rows", detector.predict(X, y), detector.score_samples(X, y)


def run(cell, n_pooled):
    """Rows of one cell."""
    first = FIRST_SEED + N_JUDGED
    judged = list(draws(cell, range(FIRST_SEED, first)))
    pool = list(draws(cell, range(first, first + n_pooled))) if n_pooled > 1 else None
    rows = []
    for number in range(len(judged[0][1])):
        fits = [pool] if pool else [[draw] for draw in judged]
        for fitted_to in fits:
            sets = [draw[1][number][2:4] for draw in fitted_to]
            X, y = (np.concatenate(arrays) for arrays in zip(*sets, strict=True))
            cae = CrossFittedCAEDetector(image_shape=judged[0][3], random_state=0).fit(X, y)
            linear = ConfidentLearningDetector(random_state=0).fit(X, y)
            for test, sets, victim, _ in judged if pool else fitted_to:
                attack, rate, X, y, poison = sets[number]
                about = {"cell": cell, "pool": n_pooled, "attack": attack, "rate": rate}
                about |= undefended(victim, test, X, y, poison)
                found = [*verdicts(cae, X, y, not pool)]
                confident = linear.predict(X, y), linear.score_samples(X, y)
                for name, verdict, scores in [*found, ("confident-learning", *confident)]:
                    measured = judge(victim, test, X, y, poison, None, verdict, scores, np.nan)
                    measures = ("defended", "f1", "average_precision", "clean_removed")
                    rows.append(about | {"judge": name} | {key: measured[key] for key in measures})
    return pd.DataFrame(rows)


def report(runs):
    """Points lost, and clean rows removed where there is no poison, over cells and sets."""
    runs["lost"] = 100 * (runs["clean"] - runs["defended"])
    names = list(dict.fromkeys(runs["judge"]))
    lines = [f"| sets fitted to | attack | poison rows | no defence | {' | '.join(names)} |"]
    lines.append("| ---: | --- " + "| ---: " * (2 + len(names)) + "|")
    attacked = runs[runs["attack"] != "none"]
    for (n_pooled, attack, rate), table in attacked.groupby(["pool", "attack", "rate"]):
        undefended = 100 * (table["clean"] - table["poisoned"]).mean()
        means = table.groupby("judge")[["lost", "f1"]].mean().loc[names]
        cells = [f"{row.lost:.1f} / {row.f1:.2f}" for row in means.itertuples()]
        lines.append(
            f"| {n_pooled} | {attack} | {100 * rate:.0f} | {undefended:.1f} | "
            + " | ".join(cells)
            + " |"
        )
    honest = runs[runs["attack"] == "none"]
    for n_pooled, table in honest.groupby("pool"):
        means = 100 * table.groupby("judge")["clean_removed"].mean().loc[names]
        cells = " | ".join(f"{share:.1f} %" for share in means)
        lines.append(f"| {n_pooled} | none: clean rows removed | 0 | | {cells} |")
    text = "\n".join(lines) + "\n"
    (RESULTS / "cae_plus_pools.md").write_text(text)
    print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--pool", type=int, default=15)
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if options.report:
        report(pd.read_csv(RUNS))
        return
    for cell in options.cells:
        done = pd.read_csv(RUNS) if RUNS.exists() else pd.DataFrame(columns=["cell", "pool"])
        if not ((done["cell"] == cell) & (done["pool"] == options.pool)).any():
            with threadpool_limits(1), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # poison rows that did not move
                table = run(cell, options.pool).round(4)
            (pd.concat([done, table]) if len(done) else table).to_csv(RUNS, index=False)
            print(cell, flush=True)


if __name__ == "__main__":
    main()
