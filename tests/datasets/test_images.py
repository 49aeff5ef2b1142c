"""load_images: every format gives back the pixels that were written, broken files none."""

import gzip
import io
import os
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits

from skpoison.datasets import load_images
from tests.datasets._files import (
    IDX_NAMES,
    cifar_files,
    idx_bytes,
    small_images,
    write_cifar_archive,
    write_idx,
)

GREY = small_images((28, 28))
COLOUR = small_images((32, 32, 3))
ROWS_A_FILE = 4  # 20 training rows in 5 batches
SMALL_CIFAR = small_images((32, 32, 3), n_train=20, n_test=ROWS_A_FILE)
DATA = os.environ.get("SKPOISON_DATA")  # read before the fixture hides it


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr("skpoison.datasets._readers.CIFAR_ROWS_A_FILE", ROWS_A_FILE)


def write_mnist_npz(folder, **changes):
    path = folder / "mnist.npz"
    np.savez_compressed(path, **{**GREY, **changes})
    return path


def assert_holds(images, arrays):
    """The rows are the written images, training first, each flattened row after row."""
    pixels = np.concatenate([arrays["x_train"], arrays["x_test"]])
    assert images.data.dtype == np.float32
    assert_allclose(images.data, pixels.reshape(len(pixels), -1) / 255, rtol=1e-6)
    assert_allclose(images.data.reshape(-1, *images.image_shape).squeeze(), pixels / 255, rtol=1e-6)
    assert_array_equal(images.target, np.concatenate([arrays["y_train"], arrays["y_test"]]))
    assert images.subset.tolist() == ["train"] * len(arrays["y_train"]) + ["test"] * len(
        arrays["y_test"]
    )


@pytest.mark.parametrize(
    ("name", "arrays", "shape"),
    [
        ("mnist", GREY, (28, 28, 1)),
        ("fashion_mnist", GREY, (28, 28, 1)),
        ("cifar10", COLOUR, (32, 32, 3)),
    ],
)
def test_npz(tmp_path, name, arrays, shape):
    np.savez(tmp_path / f"{name}.npz", **arrays)
    images = load_images(name, data_home=tmp_path)
    assert_holds(images, arrays)
    assert images.image_shape == shape
    assert len(images.target_names) == 10
    assert str(tmp_path / f"{name}.npz") in images.DESCR


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_idx(tmp_path, name, compress):
    write_idx(tmp_path / name, GREY, compress)
    assert_holds(load_images(name, data_home=tmp_path), GREY)


def test_cifar_folder(tmp_path, small_batches):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name, content in cifar_files(SMALL_CIFAR, ROWS_A_FILE).items():
        (folder / name).write_bytes(content)
    assert_holds(load_images("cifar10", data_home=tmp_path), SMALL_CIFAR)


def test_cifar_archive(tmp_path, small_batches):
    archive = tmp_path / "cifar-10-binary.tar.gz"
    write_cifar_archive(archive, cifar_files(SMALL_CIFAR, ROWS_A_FILE))
    assert_holds(load_images("cifar10", data_home=str(tmp_path)), SMALL_CIFAR)
    assert list(tmp_path.iterdir()) == [archive]  # nothing was unpacked to the disk


def test_digits():
    expected = load_digits()
    images = load_images("digits")
    assert images.data.dtype == np.float32
    assert images.image_shape == (8, 8, 1)
    assert_allclose(images.data * 16, expected.data)
    assert_array_equal(images.target, expected.target)
    with pytest.raises(ValueError, match=r"subset='train'.*'all' is accepted"):
        load_images("digits", subset="train")


def test_classes_subset_and_return_X_y(tmp_path):
    write_mnist_npz(tmp_path)
    images = load_images("mnist", classes=(7, 2), subset="test", data_home=tmp_path)
    assert images.target.tolist() == [2, 7]
    assert images.target_names[images.target].tolist() == ["2", "7"]
    assert_allclose(images.data, GREY["x_test"][[2, 7]].reshape(2, -1) / 255, rtol=1e-6)
    X, y = load_images("mnist", classes=(7, 2), subset="test", data_home=tmp_path, return_X_y=True)
    assert_array_equal(X, images.data)
    assert_array_equal(y, images.target)
    training = load_images("mnist", subset="train", data_home=tmp_path)
    assert_array_equal(training.target, GREY["y_train"])


def test_order_of_folders(tmp_path, cache, monkeypatch):
    labels = {"parameter": 1, "variable": 2, "cache": 3}
    folders = {"parameter": tmp_path / "a", "variable": tmp_path / "b", "cache": cache}
    for where, folder in folders.items():
        folder.mkdir()
        write_mnist_npz(folder, y_train=np.full(20, labels[where], np.uint8))
    monkeypatch.setenv("SKPOISON_DATA", str(folders["variable"]))

    def first_label(**options):
        return load_images("mnist", **options).target[0]

    assert first_label(data_home=folders["parameter"]) == 1
    assert first_label(data_home=tmp_path) == 2
    assert first_label() == 2
    monkeypatch.delenv("SKPOISON_DATA")
    assert first_label() == 3


def test_class_that_the_file_lacks(tmp_path):
    pair = {key: values[(COLOUR[f"y_{key[2:]}"] < 2)] for key, values in COLOUR.items()}
    path = tmp_path / "cifar10_airplane_automobile.npz"
    np.savez(path, **pair)
    assert set(load_images("cifar10", data_home=tmp_path).target) == {0, 1}
    with pytest.raises(ValueError, match=r"classes=\(1, 3\)") as error:
        load_images("cifar10", classes=(1, 3), data_home=tmp_path)
    assert f"{path} holds only the classes [0, 1]" in str(error.value)
    np.savez(tmp_path / "cifar10.npz", **COLOUR)  # the file with all classes comes first
    assert set(load_images("cifar10", classes=(1, 3), data_home=tmp_path).target) == {1, 3}


def test_a_folder_of_ones_own_is_pointed_to_its_reader(tmp_path):
    with pytest.raises(ValueError, match=r"'name'.*'cifar10'.*skpoison\.audit\.read_source"):
        load_images(str(tmp_path))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "imagenet"}, "'name'.*'cifar10'.*"),
        ({"subset": "validation"}, "'subset'.*'train'.*"),
        ({"classes": 3}, "'classes'"),
        ({"classes": (3, 10)}, r"classes=\(3, 10\).*0 to 9"),
        ({"classes": ("3", "4")}, "classes=.*0 to 9"),
        ({"classes": (3, 3)}, r"classes=\(3, 3\).*two"),
        ({"data_home": 3}, "'data_home'"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        load_images(**{"name": "mnist", **options})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": GREY["x_train"][:, :27]}, r"\(20, 27, 28\)"),
        ({"x_train": GREY["x_train"] / 255}, "float64"),
        ({"y_train": GREY["y_train"][1:]}, r"labels of shape \(19,\)"),
        ({"y_test": GREY["y_test"] + 1}, "labels from 1 to 10"),
        ({"y_test": GREY["y_test"].astype(float)}, "labels.*float64"),
        ({"y_test": GREY["y_test"].astype(object)}, "Python objects, which are never read"),
    ],
)
def test_npz_with_other_content(tmp_path, changes, message):
    path = write_mnist_npz(tmp_path, **changes)
    with pytest.raises(OSError, match=message) as error:
        load_images("mnist", data_home=tmp_path)
    assert str(path) in str(error.value)


def test_npz_without_a_key(tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=GREY["x_train"])
    with pytest.raises(OSError, match=r"mnist.npz: .*y_train"):
        load_images("mnist", data_home=tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK", b"not an archive", b"\x93NUMPY"])
def test_npz_that_is_none(tmp_path, content):
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(OSError, match=r"mnist.npz: broken"):
        load_images("mnist", data_home=tmp_path)


def test_npz_with_a_damaged_header(tmp_path):
    header = b"{'descr': '|u1', 'shape': (20, 28,"
    with zipfile.ZipFile(tmp_path / "mnist.npz", "w") as archive:
        archive.writestr("x_train.npy", b"\x93NUMPY\x01\x00" + bytes([len(header), 0]) + header)
    with pytest.raises(OSError, match=r"mnist.npz: broken"):
        load_images("mnist", data_home=tmp_path)


def test_npy_under_the_name_of_an_npz(tmp_path):
    with open(tmp_path / "mnist.npz", "wb") as file:
        np.save(file, GREY["x_train"])
    with pytest.raises(OSError, match=r"mnist.npz: broken"):
        load_images("mnist", data_home=tmp_path)


def test_archives_that_unpack_to_too_much(tmp_path):
    """Zeros, a thousand times smaller when packed; and a member that says so and holds nothing."""
    with gzip.open(tmp_path / "cifar-10-binary.tar.gz", "wb", 1) as file:
        for _ in range(257):
            file.write(bytes(2**20))
    with pytest.raises(OSError, match="more than the 268,435,456 bytes accepted"):
        load_images("cifar10", data_home=tmp_path)
    content = write_mnist_npz(tmp_path).read_bytes()
    place = content.index(b"PK\x01\x02") + 24
    content = content[:place] + struct.pack("<I", 3 * 2**30) + content[place + 4 :]
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(OSError, match=r"mnist.npz: .*more than the 2,147,483,648 accepted"):
        load_images("mnist", data_home=tmp_path)


def test_paths_that_leave_the_folder_are_written_nowhere(tmp_path, small_batches):
    """Members of an archive of tar are found by their names alone; of one of zip, refused."""
    data_home = tmp_path / "a" / "b"
    data_home.mkdir(parents=True)
    files = cifar_files(SMALL_CIFAR, ROWS_A_FILE)
    with tarfile.open(data_home / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for folder, (name, content) in zip(
            ["../../", f"{tmp_path}/"] * 3, files.items(), strict=True
        ):
            member = tarfile.TarInfo(folder + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert_holds(load_images("cifar10", data_home=data_home), SMALL_CIFAR)
    np.savez(data_home / "mnist.npz", **{"../../x": GREY["x_train"]}, **GREY)
    with pytest.raises(OSError, match=r"member '../../x.npy' leaves the folder"):
        load_images("mnist", data_home=data_home)
    assert [path.name for path in tmp_path.rglob("*")] == [
        *("a", "b", "cifar-10-binary.tar.gz", "mnist.npz")
    ]


def _truncations_and_flips(content):
    rng = np.random.default_rng(0)
    for length in rng.integers(0, len(content), 40):
        yield content[:length]
    for position in rng.integers(0, len(content), 40):
        damaged = bytearray(content)
        damaged[position] ^= 0x55
        yield bytes(damaged)


def _loads_nothing_wrong(name, tmp_path, arrays):
    """A damaged file is refused with its name, or the damage did not touch the images."""
    try:
        images = load_images(name, data_home=tmp_path)
    except OSError as error:
        assert str(tmp_path) in str(error)
        return False
    assert_holds(images, arrays)
    return True


def test_damaged_npz(tmp_path):
    path = write_mnist_npz(tmp_path)
    passed = 0
    for damaged in _truncations_and_flips(path.read_bytes()):
        path.write_bytes(damaged)
        passed += _loads_nothing_wrong("mnist", tmp_path, GREY)
    assert passed < 5  # a bit of a date or of a comment may be flipped unseen


def test_damaged_idx(tmp_path):
    write_idx(tmp_path / "mnist", GREY, compress=True)
    path = tmp_path / "mnist" / f"{IDX_NAMES['x_train']}.gz"
    passed = 0
    for damaged in _truncations_and_flips(path.read_bytes()):
        path.write_bytes(damaged)
        passed += _loads_nothing_wrong("mnist", tmp_path, GREY)
    assert passed < 5


def test_damaged_cifar_archive(tmp_path, small_batches):
    path = tmp_path / "cifar-10-binary.tar.gz"
    write_cifar_archive(path, cifar_files(SMALL_CIFAR, ROWS_A_FILE))
    passed = 0
    for damaged in _truncations_and_flips(path.read_bytes()):
        path.write_bytes(damaged)
        passed += _loads_nothing_wrong("cifar10", tmp_path, SMALL_CIFAR)
    assert passed < 5


@pytest.mark.parametrize(
    "content",
    [
        idx_bytes(GREY["x_train"])[:-1],  # a byte short
        idx_bytes(GREY["x_train"]) + b"\0",  # a byte long
        idx_bytes(GREY["x_train"]).replace(b"\0\0\x08", b"\0\0\x0d", 1),  # floats
        idx_bytes(GREY["x_train"])[:7],
        b"",
        gzip.compress(b"", mtime=0),
        gzip.compress(
            struct.pack(">HBB3I", 0, 8, 3, 60_000, 2_000, 2_000), mtime=0
        ),  # 240 GB, it says
        gzip.compress(idx_bytes(GREY["x_train"]) + bytes(50_000_000), mtime=0),  # more than it says
    ],
)
def test_idx_with_other_content(tmp_path, content):
    write_idx(tmp_path / "mnist", GREY, compress=False)
    path = tmp_path / "mnist" / IDX_NAMES["x_train"]
    path.write_bytes(content)
    with pytest.raises(OSError, match="broken") as error:
        load_images("mnist", data_home=tmp_path)
    assert str(error.value).startswith(str(path))


def test_cifar_batch_cut_between_two_records(tmp_path, small_batches):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    files = cifar_files(SMALL_CIFAR, ROWS_A_FILE)
    files["data_batch_3.bin"] = files["data_batch_3.bin"][:-3073]
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with pytest.raises(OSError, match=r"data_batch_3.bin: broken"):
        load_images("cifar10", data_home=tmp_path)


def test_cifar_archive_without_a_batch(tmp_path, small_batches):
    files = cifar_files(SMALL_CIFAR, ROWS_A_FILE)
    del files["data_batch_2.bin"]
    write_cifar_archive(tmp_path / "cifar-10-binary.tar.gz", files)
    with pytest.raises(OSError, match=r"tar.gz.*data_batch_2.bin"):
        load_images("cifar10", data_home=tmp_path)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "mean", "deviation"),
    [("mnist", 0.1307, 0.3081), ("fashion_mnist", 0.2860, 0.3530)],
)
def test_real_images_have_the_known_moments(monkeypatch, name, mean, deviation):
    """Mean and deviation of the training pixels, as everybody normalises with them."""
    if not DATA:
        pytest.skip("needs the real images in a folder that SKPOISON_DATA names")
    monkeypatch.setenv("SKPOISON_DATA", DATA)
    X, y = load_images(name, subset="train", return_X_y=True)
    assert X.shape == (60_000, 784)
    assert_allclose([X.mean(dtype=float), X.std(dtype=float)], [mean, deviation], atol=1e-4)
    if name == "fashion_mnist":
        assert_array_equal(np.bincount(y), 6_000)
