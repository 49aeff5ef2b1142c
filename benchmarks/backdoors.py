"""Backdoors in images, a table and texts: success undefended and behind each defence.

    python benchmarks/backdoors.py --art-python ART/bin/python

Rows are poisoned once for every cell and seed; every defence judges them, and every victim is
trained on what it keeps. ART's two defences get the activations that ours look at, in ART's own
environment (benchmarks/README.md says how to make it), and the true share of poison; so do those
of ours named "1.5x", which flag one and a half times that share, as the papers do. The cell
"mnist-art-flip" has the rows of "mnist-patch-flip" with ART's own trigger; `trigger_cpu_s` are the
CPU seconds of putting it on the test rows.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import _safe_indexing

from skpoison.attacks import BackdoorAttack
from skpoison.attacks.triggers import (
    BlendTrigger,
    ColumnTrigger,
    PatchTrigger,
    SinusoidalTrigger,
    TokenTrigger,
)
from skpoison.datasets import load_images
from skpoison.detectors import (
    ActivationClusteringDetector,
    EnsembleDetector,
    HiddenActivations,
    NeighborDisagreementDetector,
    SpectralSignatureDetector,
    SpectreDetector,
    StripDetector,
    TriggerSearchDetector,
)
from skpoison.detectors._encoding import kind_of, make_encoder
from skpoison.metrics import attack_success_rate, poison_report
from skpoison.pipeline import make_pipeline as make_detector_pipeline

HERE = Path(__file__).parent
VICTIMS = ["forest", "logistic", "network"]
SIDE = {"mnist": 28, "fashion_mnist": 28, "digits": 8}
PICTURE = {
    "patch": lambda shape: PatchTrigger(3, image_shape=shape),
    "blend": lambda shape: BlendTrigger(strength=0.2, image_shape=shape),
    "sine": lambda shape: SinusoidalTrigger(0.2, image_shape=shape),
}
ADULT = (
    "age work weight education years marital occupation relation race sex capital_gain "
    "capital_loss hours country income"
).split()
# name: data, trigger, labels, poison rows / clean rows
CELLS = {
    f"{data}-{trigger}-{labels}": (data, trigger, labels, rate)
    for data, trigger, labels, rate in [
        ("mnist", "patch", "flip", 0.03),
        ("mnist", "art", "flip", 0.03),
        ("fashion_mnist", "patch", "flip", 0.03),
        ("fashion_mnist", "blend", "flip", 0.03),
        ("mnist", "sine", "keep", 0.05),
        ("adult", "column", "flip", 0.03),
        ("banking", "token", "flip", 0.03),
        ("digits", "patch", "flip", 0.05),
    ]
}


class ARTPattern:
    """ART's ``PoisoningAttackBackdoor`` with its ``add_pattern_bd``, in ART's own environment."""

    def __init__(self, python, side):
        self.python, self.side = python, side

    def transform(self, X):
        images = X.reshape(-1, self.side, self.side)
        made = ask_art(self.python, "art_backdoor_worker.py", X=images)
        self.cpu_s = made["cpu_s"].item()
        return made["X"].reshape(X.shape)


def ask_art(python, worker, **given):
    """What a worker of ART's makes of arrays."""
    with tempfile.TemporaryDirectory() as folder:
        rows, result = Path(folder) / "rows.npz", Path(folder) / "result.npz"
        np.savez(rows, **given)
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
        environment = os.environ | threads | {"PYTHONPATH": ""}
        command = [python, HERE / "peers" / worker, rows, result]
        subprocess.run(command, check=True, env=environment, capture_output=True)
        with np.load(result) as made:
            return dict(made)


def draw(cell, sizes, seed, data_home, art_python=None):
    """Poisoned training rows, the attack, and clean test rows."""
    data, trigger, labels, rate = CELLS[cell]
    if data == "adult":
        path = data_home / "tables" / "adult-train.csv"
        X = pd.read_csv(path, names=ADULT, skipinitialspace=True, na_values="?")
        y = X.pop("income").to_numpy()
        put, target = ColumnTrigger({"capital_loss": 11, "hours": 7}), ">50K"
    elif data == "banking":
        frame = pd.read_csv(data_home / "tables" / "banking_train.csv")
        frame = frame[frame["category"].isin(frame["category"].unique()[:20])]
        X, y = frame["text"].tolist(), frame["category"].to_numpy()
        put, target = TokenTrigger("cf"), y[0]
    else:
        X, y = load_images(data, return_X_y=True)
        X = X.reshape(len(X), -1).astype(np.float64)
        side, target = SIDE[data], 0
        put = ARTPattern(art_python, side) if trigger == "art" else PICTURE[trigger]((side, side))
    order = np.random.RandomState(seed).permutation(len(y))[: sizes["train"] + sizes["test"]]
    train, test = order[: sizes["train"]], order[sizes["train"] :]
    attack = BackdoorAttack(put, y_target=target, labels=labels, rate=rate, random_state=seed)
    X_out, y_out = attack.fit_resample(_safe_indexing(X, train), y[train])
    return X_out, y_out, attack, _safe_indexing(X, test), y[test]


def make_victims(X, seed):
    """Victims that take rows of this kind."""
    kind = kind_of(X)
    front = {
        "text": [TfidfVectorizer()],
        "table": [make_encoder("table")],
        "numbers": [],
    }[kind]
    scaled = [StandardScaler()] if kind == "table" else []
    victims = {
        "forest": [RandomForestClassifier(100, random_state=seed)],
        "logistic": [*scaled, LogisticRegression(C=10 if kind == "text" else 1, max_iter=200)],
        "network": [*scaled, MLPClassifier(100, max_iter=30, random_state=seed)],
    }
    return {name: make_pipeline(*front, *steps) for name, steps in victims.items()}


def make_defences(victims, share, seed):
    """Name and detector."""
    deep = HiddenActivations(random_state=seed)
    budget = min(1.5 * share, 0.5)
    strip = StripDetector(victims["network"], random_state=seed)
    return {
        "spectral 1.5x": SpectralSignatureDetector(transformer=deep, contamination=budget),
        "spectre 1.5x": SpectreDetector(transformer=deep, contamination=budget),
        "strip 1.5x": StripDetector(victims["network"], contamination=budget, random_state=seed),
        "spectral": SpectralSignatureDetector(transformer=deep),
        "spectre": SpectreDetector(transformer=deep),
        "strip": strip,
        "trigger search": TriggerSearchDetector(random_state=seed),
        "activation clustering": ActivationClusteringDetector(random_state=seed),
        "deep k-NN": make_detector_pipeline(deep, NeighborDisagreementDetector(50)),
        "ensemble": EnsembleDetector(random_state=seed),
    }


def judge(detector, X, y):
    """Verdict, scores and CPU seconds."""
    begin = time.process_time()
    verdict = detector.fit(X, y).predict(X, y)
    return verdict, detector.score_samples(X, y), time.process_time() - begin


def as_numbers(X):
    """Rows as the detectors see them."""
    encoder = make_encoder(kind_of(X))
    return np.asarray(X if encoder is None else encoder.fit_transform(X))


def judge_by_art(python, X, y, share, seed):
    """The verdicts of ART's defences and their CPU seconds, the network's not among them."""
    codes = np.unique(y, return_inverse=True)[1]
    hidden = HiddenActivations(random_state=seed).fit_transform(as_numbers(X), codes)
    found = ask_art(
        python, "art_defence_worker.py", X=hidden.astype(np.float32), y=codes, share=share
    )
    for name in ("spectral", "clustering"):
        yield f"ART {name}", found[name], found[f"{name}_cpu_s"].item()


def run(cell, seed, sizes, options):
    """Yield one record for each defence and victim."""
    X, y, attack, X_test, y_test = draw(cell, sizes, seed, options.data_home, options.art_python)
    poison, share = attack.poison_mask_, attack.poison_mask_.mean()
    begin = time.process_time()
    triggered = attack.trigger_.transform(X_test)
    trigger_cpu_s = getattr(attack.trigger_, "cpu_s", time.process_time() - begin)
    victims = make_victims(X, seed)
    verdicts = [("no poison", np.where(poison, -1, 1), None, 0.0)]
    verdicts += [("none", np.ones(len(y), dtype=int), None, 0.0)]
    for name, detector in make_defences(victims, share, seed).items():
        rows = X
        if name == "deep k-NN":  # a pipeline: its first step does not encode rows
            rows = as_numbers(X)
        elif name == "trigger search" and CELLS[cell][0] in SIDE:
            rows = X.reshape(-1, SIDE[CELLS[cell][0]], SIDE[CELLS[cell][0]])
        verdicts.append((name, *judge(detector, rows, y)))
    if options.art_python:
        for name, verdict, cpu_s in judge_by_art(options.art_python, X, y, share, seed):
            verdicts.append((name, verdict, None, cpu_s))
    for name, verdict, scores, cpu_s in verdicts:
        report = poison_report(poison, verdict, verdict if scores is None else scores)
        kept = np.flatnonzero(verdict != -1)
        for victim_name in options.victims:
            fitted = victims[victim_name].fit(_safe_indexing(X, kept), y[kept])
            success = attack_success_rate(y_test, fitted.predict(triggered), attack.y_target_)
            yield {
                "cell": cell,
                "seed": seed,
                "defence": name,
                "victim": victim_name,
                "accuracy": np.mean(fitted.predict(X_test) == y_test),
                "success": success,
                "recall": report["recall"],
                "precision": report["precision"],
                "clean_removed": report["clean_removed"],
                "roc_auc": np.nan if scores is None else report["roc_auc"],
                "cpu_s": cpu_s,
                "trigger_cpu_s": trigger_cpu_s,
            }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    defaults = [cell for cell in CELLS if not cell.startswith("digits")]
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=defaults)
    parser.add_argument("--victims", nargs="+", choices=VICTIMS, default=VICTIMS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--n-train", type=int, default=2000)
    parser.add_argument("--n-test", type=int, default=1000)
    parser.add_argument("--art-python", default=os.environ.get("SKPOISON_ART_PYTHON"))
    parser.add_argument("--data-home", type=Path, default=os.environ.get("SKPOISON_DATA", "."))
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args(arguments)
    options.data_home = Path(options.data_home)
    if not options.art_python:
        print("ART: left out, no interpreter given (see benchmarks/README.md)")
        options.cells = [cell for cell in options.cells if CELLS[cell][1] != "art"]
    sizes = {"train": options.n_train, "test": options.n_test}
    warnings.simplefilter("ignore")
    records = []
    for seed in range(options.seeds):
        for cell in options.cells:
            records += run(cell, seed, sizes, options)
            table = pd.DataFrame(records)
            options.results.mkdir(parents=True, exist_ok=True)
            table.to_csv(options.results / "backdoors.csv", index=False, float_format="%.4g")
            of_cell = table[(table["cell"] == cell) & (table["seed"] == seed)]
            means = ["accuracy", "success", "recall", "precision", "roc_auc", "cpu_s"]
            shown = of_cell.pivot_table(index="defence", columns="victim", values=means, sort=False)
            print(cell, seed, shown.to_string(float_format="%.3g"), sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
