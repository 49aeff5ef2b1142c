"""NumPy's files, the hostile ones too."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from sklearn.datasets import load_digits

from skpoison.audit import read_source

X, Y = load_digits(return_X_y=True)
X, Y = X[:200], Y[:200]


def test_an_archive_of_images(tmp_path):
    images = X.reshape(-1, 8, 8).astype(np.uint8)
    np.savez_compressed(tmp_path / "d.npz", x_train=images, y_train=Y, x_test=images[:9])
    data = read_source(tmp_path / "d.npz")
    assert (data.kind, data.task, data.label_name) == ("images", "classification", "y_train")
    np.testing.assert_array_equal(data.X, images)
    np.testing.assert_array_equal(data.y, Y)
    assert data.index.tolist() == list(range(200)) and data.index.name == "row"
    assert "Not read: 'x_test'." in data.notes


def test_keys_are_found_or_named(tmp_path):
    names = np.where(Y > 4, "high", "low")
    np.savez(tmp_path / "d.npz", X=X, names=names, by=Y % 3, part=np.where(Y, "a", "b"), y=Y)
    data = read_source(tmp_path / "d.npz", label="names", groups="by", split="part")
    assert data.kind == "features" and data.y.tolist() == names.tolist()
    assert data.groups.tolist() == [str(n) for n in Y % 3]
    assert data.split.tolist() == np.where(Y, "a", "b").tolist()
    with pytest.raises(
        ValueError, match=r"label='nmes' is no array of d.npz. Did you mean 'names'"
    ):
        read_source(tmp_path / "d.npz", label="nmes")
    np.savez(tmp_path / "e.npz", a=X, b=Y)
    with pytest.raises(
        ValueError, match=r"label must name the array of the labels. e.npz holds 'a'"
    ):
        read_source(tmp_path / "e.npz")


def test_single_arrays(tmp_path):
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", Y.reshape(-1, 1))
    np.save(tmp_path / "both.npy", np.column_stack([X, Y]))
    for source, label in (("X.npy", tmp_path / "y.npy"), ("both.npy", -1)):
        data = read_source(tmp_path / source, label=label)
        np.testing.assert_array_equal(data.X, X)
        np.testing.assert_array_equal(data.y, Y)
    with pytest.raises(ValueError, match=r"label must be the .npy file of the labels"):
        read_source(tmp_path / "X.npy")


def test_indicators(tmp_path):
    tags = (np.random.default_rng(0).random((200, 4)) < 0.5).astype(np.uint8)
    np.savez(tmp_path / "tags.npz", X=X, y=tags)
    data = read_source(tmp_path / "tags.npz")
    assert data.task == "multilabel"
    np.testing.assert_array_equal(data.y, tags)
    np.savez(tmp_path / "one_hot.npz", X=X, y=np.eye(10)[Y])
    np.testing.assert_array_equal(read_source(tmp_path / "one_hot.npz").y, Y)
    np.savez(tmp_path / "other.npz", X=X, y=tags * 2)
    with pytest.raises(ValueError, match="other values than 0 and 1"):
        read_source(tmp_path / "other.npz")


@pytest.mark.parametrize(
    ("images", "expected", "tolerance"),
    [
        (X.reshape(-1, 1, 8, 8) / 16, X.reshape(-1, 8, 8) / 16, 0),
        (X.reshape(-1, 8, 8, 1) * 15.0, X.reshape(-1, 8, 8) * 15, 0),
        (X.reshape(-1, 8, 8) - 8, X.reshape(-1, 8, 8) / 16, 1e-6),
    ],
)
def test_images_of_other_layouts_and_ranges(tmp_path, images, expected, tolerance):
    np.savez(tmp_path / "d.npz", X=images, y=Y)
    data = read_source(tmp_path / "d.npz")
    assert data.kind == "images"
    np.testing.assert_allclose(data.X, expected, atol=tolerance)


class Harmful:
    def __reduce__(self):
        return (open, ("harm.txt", "w"))


@pytest.mark.parametrize("part", ["X", "y"])
def test_objects_are_never_unpickled(tmp_path, monkeypatch, part):
    monkeypatch.chdir(tmp_path)
    objects = np.array([Harmful()] * 200, dtype=object)
    arrays = {"X": X, "y": Y} | {part: objects}
    np.savez("d.npz", **arrays)
    with pytest.raises(OSError, match=f"'{part}' holds Python objects, which are never read"):
        read_source("d.npz")
    np.save("X.npy", objects)
    with pytest.raises(OSError, match=r"X.npy: broken"):
        read_source("X.npy", label=0)
    (tmp_path / "p.npy").write_bytes(pickle.dumps(Harmful()))
    with pytest.raises((ValueError, OSError)):
        read_source("p.npy", label=0)
    assert not (tmp_path / "harm.txt").exists()


def npy_header(shape):
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def test_headers_that_declare_more_than_there_is_are_refused(tmp_path):
    (tmp_path / "X.npy").write_bytes(npy_header((10**9, 10**3)))
    with pytest.raises(OSError, match=r"X.npy: broken, cut off"):
        read_source(tmp_path / "X.npy", label=0)
    np.savez(tmp_path / "d.npz", y=Y)
    with zipfile.ZipFile(tmp_path / "d.npz", "a") as archive:
        archive.writestr("X.npy", npy_header((10**9, 10**3)) + bytes(80))
    with pytest.raises(OSError, match=r"'X' declares shape .1000000000, 1000., more than the file"):
        read_source(tmp_path / "d.npz")


def test_names_that_leave_the_folder_are_names_and_nothing_more(tmp_path):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "d.npz"
    np.savez(path, **{"X": X, "../y": Y, f"{tmp_path}/z": Y})
    np.testing.assert_array_equal(read_source(path, label="../y").y, Y)
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "d.npz"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X, "y": Y[:-1]}, "y holds 199 rows, where X has 200"),
        ({"X": np.where(X == 16, np.inf, X), "y": Y}, "infinite numbers in"),
        ({"X": X[0], "y": Y}, "X has|y holds"),
        ({"X": X.astype(complex), "y": Y}, "dtype complex128"),
        ({"X": X, "y": np.zeros(200)}, "one class only"),
        ({"X": np.array(3.0), "y": Y}, "X is a single value"),
        ({"X": X, "y": np.array("a")}, "y is a single value"),
        ({"X": X, "y": np.zeros(200, dtype="V4")}, r"y has dtype \|V4; numbers or texts"),
        ({"X": X, "y": np.zeros(200, dtype="i4,i4")}, "y has dtype .*; numbers or texts"),
        ({"X": X[:, :0], "y": Y}, r"X has shape \(200, 0\): it is empty"),
        ({"X": np.zeros((200, 0, 3)), "y": Y}, r"X has shape \(200, 0, 3\): it is empty"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        read_source(tmp_path / "d.npz")


def test_groups_are_one_value_a_row(tmp_path):
    np.savez(tmp_path / "d.npz", X=X, y=Y, who=np.zeros((200, 2)))
    with pytest.raises(ValueError, match=r"groups has shape \(200, 2\); one value a row"):
        read_source(tmp_path / "d.npz", groups="who")


def test_a_cut_off_archive_is_named(tmp_path):
    np.savez(tmp_path / "d.npz", X=X, y=Y)
    content = (tmp_path / "d.npz").read_bytes()
    (tmp_path / "d.npz").write_bytes(content[:-60])
    with pytest.raises(OSError, match=r"d.npz: broken, cut off"):
        read_source(tmp_path / "d.npz", label="y")
