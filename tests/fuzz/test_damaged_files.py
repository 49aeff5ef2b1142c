"""Files of every kind with bytes flipped, cut off, put in or taken out."""

import functools
import gzip
import struct
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_iris

from skpoison.audit import audit_data, read_source
from skpoison.datasets import load_images
from skpoison.detectors import CentroidDetector
from skpoison.experiments import read_protocol
from skpoison.persistence import load, save
from tests.fuzz.outcome import judged
from tests.fuzz.test_files import COMPARISON, PROTOCOL

X, Y = load_iris(return_X_y=True)
X, Y = X[::5], np.array(["u", "v", "w"])[Y[::5]]
TABLE = pd.DataFrame(X, columns=list("abcd")).assign(label=Y, text=[f"word {y} é" for y in Y])
PIXELS = np.random.RandomState(0).randint(256, size=(9, 8, 3), dtype=np.uint8)
KINDS = {
    **dict.fromkeys(["t.csv", "t.csv.gz", "t.csv.bz2", "t.csv.xz", "t.csv.zip"], "table"),
    **dict.fromkeys(["t.tsv", "t.jsonl", "t.json", "t.parquet", "t.feather"], "table"),
    **dict.fromkeys(["d.npz", "packed.npz", "X.npy"], "arrays"),
    **dict.fromkeys(["a.png", "a.jpg", "a.webp", "a.gif", "a.bmp", "a.tif"], "picture"),
    **dict.fromkeys(["mnist.npz", "train-images-idx3-ubyte.gz"], "image set"),
    **dict.fromkeys(["protocol.yaml", "comparison.yaml"], "experiment"),
    **dict.fromkeys(["detector.skpoison", "audit.skpoison"], "saved"),
}

IDX = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


@functools.cache
def whole(name):
    """The content of a good file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()


def write(path):
    name = path.name
    if name.startswith("t.csv"):
        TABLE.to_csv(path, index=False)
    elif name == "t.tsv":
        TABLE.to_csv(path, index=False, sep="\t")
    elif name.startswith("t.json"):
        TABLE.to_json(path, orient="records", lines=name.endswith("l"))
    elif name == "t.parquet":
        TABLE.to_parquet(path)
    elif name == "t.feather":
        TABLE.to_feather(path)
    elif name == "d.npz":
        np.savez(path, X=X, y=Y)
    elif name == "packed.npz":
        np.savez_compressed(path, X=X, y=Y)
    elif name == "X.npy":
        np.save(path, np.column_stack([X, np.arange(len(X)) % 3]))
    elif name.startswith("a."):
        Image.fromarray(PIXELS).save(path)
    elif name == "mnist.npz":
        np.savez_compressed(path, **images())
    elif name.startswith("train-images"):
        values = images()["x_train"]
        header = struct.pack(">HBB3I", 0, 8, 3, *values.shape)
        path.write_bytes(gzip.compress(header + values.tobytes(), mtime=0))
    elif name.endswith(".yaml"):
        path.write_text(yaml.safe_dump(PROTOCOL if name == "protocol.yaml" else COMPARISON))
    elif name == "detector.skpoison":
        save(CentroidDetector().fit(X, Y), path)
    else:
        with tempfile.TemporaryDirectory() as folder:
            np.savez(Path(folder) / "d.npz", X=X, y=Y)
            save(audit_data(read_source(Path(folder) / "d.npz"), only="duplicate"), path)


def images():
    """A set of images as small as may be."""
    rng = np.random.RandomState(0)
    x = rng.randint(256, size=(20, 28, 28), dtype=np.uint8)
    y = (np.arange(20) % 10).astype(np.uint8)
    return {"x_train": x, "y_train": y, "x_test": x[:10], "y_test": y[:10]}


@st.composite
def damaged(draw):
    """A kind of file and its content after one to three blows."""
    name = draw(st.sampled_from(list(KINDS)))
    content = bytearray(whole(name))
    for _ in range(draw(st.sampled_from([1, 1, 2, 3]))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        how = draw(st.sampled_from(["flip", "flip", "set", "cut", "insert", "remove", "swap"]))
        if how == "flip" and content:
            content[place] ^= 1 << draw(st.integers(0, 7))
        elif how == "set":
            content[place : place + 4] = draw(st.sampled_from([b"\0" * 4, b"\xff" * 4, b"\x7f"]))
        elif how == "cut":
            del content[place:]
        elif how == "insert":
            content[place:place] = draw(st.binary(min_size=1, max_size=9))
        elif how == "remove":
            del content[place : place + draw(st.integers(1, 99))]
        else:
            half = len(content) // 2
            content = content[half:] + content[:half]
    return name, bytes(content)


def read(name, folder):
    """Read the file of this name, the way of its kind; what comes back has the right form."""
    kind, path = KINDS[name], folder / name
    if kind in ("table", "arrays"):
        labels = {"table": "label", "arrays": "y"}[kind] if name != "X.npy" else -1
        data = read_source(path, label=labels, skip_bad=True)
        assert len(data.X) == len(data.y) == len(data.index) > 0
        return data
    if kind == "picture":
        for label in "pq":
            (folder / "pictures" / label).mkdir(parents=True)
            Image.new("RGB", (8, 9)).save(folder / "pictures" / label / "good.png")
        (folder / "pictures" / "p" / name).write_bytes(path.read_bytes())
        data = read_source(folder / "pictures")
        assert 2 <= len(data.X) == len(data.y) <= 3
        return data
    if kind == "image set":
        if name != "mnist.npz":
            (folder / "mnist").mkdir()
            for key, other in IDX.items():
                values = images()[key]
                header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
                (folder / "mnist" / other).write_bytes(header + values.tobytes())
            (folder / "mnist" / "train-images-idx3-ubyte").unlink()
            path.rename(folder / "mnist" / name)
        found = load_images("mnist", data_home=folder, download_if_missing=False)
        assert found.data.shape == (30, 784)
        return found
    if kind == "experiment":
        experiment = read_protocol(path)
        assert experiment.plan()
        return experiment
    return load(path)


class Named(Exception):
    """A refusal that names the file."""


@given(damaged())
def test_damaged_files_are_read_or_refused_by_name(drawn):
    name, content = drawn
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        with judged(), suppress(Named):
            try:
                read(name, Path(folder))
            except OSError as error:
                assert folder in str(error), error
                raise Named from error


def read_whole(name, folder):
    (folder / name).write_bytes(whole(name))
    return read(name, folder)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind == "table"])
def test_whole_tables_are_read(name, tmp_path):
    data = read_whole(name, tmp_path)
    expected = TABLE.drop(columns="label")
    pd.testing.assert_frame_equal(data.X.reset_index(drop=True), expected, check_dtype=False)
    assert data.y.tolist() == Y.tolist()


@pytest.mark.parametrize("name", ["d.npz", "packed.npz", "X.npy"])
def test_whole_arrays_are_read(name, tmp_path):
    data = read_whole(name, tmp_path)
    np.testing.assert_array_equal(data.X, X)
    assert data.y.tolist() == (Y.tolist() if name != "X.npy" else [0, 1, 2] * 10)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind == "picture"])
def test_whole_pictures_are_read(name, tmp_path):
    data = read_whole(name, tmp_path)
    assert data.y.tolist() == ["p", "p", "q"] and data.index[0] == f"p/{name}"
    if name in ("a.jpg", "a.webp"):  # they keep the picture only roughly
        assert np.corrcoef(data.X[0].ravel(), PIXELS.ravel())[0, 1] > 0.5
    else:
        np.testing.assert_array_equal(data.X[0], PIXELS)
    assert not np.any(data.X[1:])


@pytest.mark.parametrize("name", ["mnist.npz", "train-images-idx3-ubyte.gz"])
def test_whole_sets_of_images_are_read(name, tmp_path):
    found, expected = read_whole(name, tmp_path), images()
    pixels = np.concatenate([expected["x_train"], expected["x_test"]]).reshape(30, 784)
    np.testing.assert_allclose(found.data, pixels / 255, rtol=1e-6)
    np.testing.assert_array_equal(found.target, [*expected["y_train"], *expected["y_test"]])


@pytest.mark.parametrize(
    ("name", "content"), [("protocol.yaml", PROTOCOL), ("comparison.yaml", COMPARISON)]
)
def test_whole_experiments_are_read(name, content, tmp_path):
    experiment = read_whole(name, tmp_path)
    for key, value in content.items():
        found = getattr(experiment, key)
        if isinstance(value, list):
            value = [{"use": one, "name": one} if isinstance(one, str) else one for one in value]
            found = list(found)
        assert found == value


def test_whole_saved_files_are_read(tmp_path):
    detector = CentroidDetector().fit(X, Y)
    loaded = read_whole("detector.skpoison", tmp_path)
    np.testing.assert_array_equal(loaded.training_scores_, detector.training_scores_)
    found = read_whole("audit.skpoison", tmp_path)
    np.testing.assert_array_equal(found.data.X, X)
    assert list(found.findings) == ["duplicate"] and len(found.rows) == len(X)
