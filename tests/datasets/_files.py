"""Small image files in each published format, written from arrays by the tests alone."""

import gzip
import io
import tarfile

import numpy as np

KEYS = ("x_train", "y_train", "x_test", "y_test")
IDX_NAMES = dict(
    zip(
        KEYS,
        (
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        ),
        strict=True,
    )
)


def small_images(shape, n_train=20, n_test=10, seed=0):
    """Random arrays with every class in both parts."""
    rng = np.random.default_rng(seed)
    return {
        "x_train": rng.integers(0, 256, (n_train, *shape), dtype=np.uint8),
        "y_train": (np.arange(n_train) % 10).astype(np.uint8),
        "x_test": rng.integers(0, 256, (n_test, *shape), dtype=np.uint8),
        "y_test": (np.arange(n_test) % 10).astype(np.uint8),
    }


def idx_bytes(values):
    header = bytes([0, 0, 8, values.ndim])
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return header + sizes + values.tobytes()


def write_idx(folder, arrays, compress):
    folder.mkdir(parents=True)
    for key, name in IDX_NAMES.items():
        content = idx_bytes(arrays[key])
        if compress:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


def cifar_bytes(images, labels):
    """One label byte, then the red, the green and the blue plane, row by row."""
    records = []
    for image, label in zip(images, labels, strict=True):
        planes = [image[:, :, colour].tobytes() for colour in range(3)]
        records.append(bytes([label]) + b"".join(planes))
    return b"".join(records)


def cifar_files(arrays, n_rows):
    files = {
        f"data_batch_{number + 1}.bin": cifar_bytes(
            arrays["x_train"][number * n_rows : (number + 1) * n_rows],
            arrays["y_train"][number * n_rows : (number + 1) * n_rows],
        )
        for number in range(5)
    }
    return {**files, "test_batch.bin": cifar_bytes(arrays["x_test"], arrays["y_test"])}


def write_cifar_archive(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {"readme.html": b"<html>", **files}.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
