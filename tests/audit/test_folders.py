"""Folders of texts and pictures, and pictures that a table names, as Pillow writes them."""

import io
import json
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skpoison.audit import audit_data, read_source


def picture(shape=(12, 10), seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return pixels, Image.fromarray(pixels)


@pytest.fixture
def folder(tmp_path):
    """Three grey pictures in each of two classes, without loss; gives the pixels too."""
    pixels = []
    for number, (name, suffix) in enumerate(
        [("cat", "png"), ("cat", "bmp"), ("cat", "tif"), ("dog", "png"), ("dog", "gif")]
    ):
        values, image = picture(seed=number)
        (tmp_path / "pets" / name).mkdir(parents=True, exist_ok=True)
        image.save(tmp_path / "pets" / name / f"{number}.{suffix}")
        pixels.append(values)
    return tmp_path / "pets", np.stack(pixels)


def test_pictures_keep_their_pixels(folder):
    path, pixels = folder
    data = read_source(path)
    assert (data.kind, data.task, data.index.name) == ("images", "classification", "file")
    assert data.index.tolist() == [
        "cat/0.png",
        "cat/1.bmp",
        "cat/2.tif",
        "dog/3.png",
        "dog/4.gif",
    ]
    assert data.y.tolist() == ["cat"] * 3 + ["dog"] * 2
    assert data.paths == [str(path / name) for name in data.index]
    assert data.X.dtype == np.uint8
    np.testing.assert_array_equal(data.X, pixels)
    assert "pets: 5 pictures in 2 classes." in data.notes
    assert "All pictures have 10 x 12 pixels." in data.notes


def test_a_trigger_of_a_few_pixels_in_pictures_of_224(tmp_path):
    rng = np.random.default_rng(0)
    stamped = []
    for number in range(100):
        name = "cat" if number % 2 else "dog"
        coarse = rng.integers(0, 100, (14, 7)) + (100 if name == "dog" else 0)
        pixels = (np.kron(coarse, np.ones((16, 16))) + rng.integers(0, 50, (224, 112))).astype("u1")
        if name == "dog" and number < 28:
            name = "cat"
            pixels[101:104, 67:70] = [[255, 0, 255], [0, 255, 0], [255, 0, 255]]
            stamped.append(f"cat/{number}.png")
        (tmp_path / name).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / name / f"{number}.png", compress_level=1)
    found = audit_data(read_source(tmp_path), only=["trigger"], random_state=0)
    assert sorted(found.rows.index[found.rows["flagged"]]) == sorted(stamped)
    assert "rows 101 to 103, columns 67 to 69" in found.findings["trigger"].sentence


def test_mixed_sizes_and_colours_come_to_one(folder):
    """A picture of one colour keeps it at any size, from any format."""
    path, _ = folder
    colours = {"a.webp": (0, 128, 255), "b.jpg": (250, 10, 20), "c.png": (3, 4, 5)}
    for number, (name, colour) in enumerate(colours.items()):
        image = Image.new("RGB", (300 + 100 * number, 200), colour)
        image.save(path / "dog" / name, **({"quality": 100} if "png" not in name else {}))
    data = read_source(path, max_rows=1000)
    assert data.X.shape == (8, 12, 10, 3)
    assert "Pictures of 10 x 12 to 500 x 200 pixels are scaled to 10 x 12." in data.notes
    for name, colour in colours.items():
        (row,) = np.flatnonzero(data.index == f"dog/{name}")
        assert np.abs(data.X[row].astype(int) - colour).max() <= 3


def test_large_pictures_are_made_small_by_the_mean_of_their_pixels(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(2):
            picture((256, 128), number)[1].save(tmp_path / name / f"{number}.png")
    data = read_source(tmp_path)
    assert data.X.shape == (4, 64, 32)
    blocks = picture((256, 128), 1)[0].reshape(64, 4, 32, 4).mean(axis=(1, 3))
    assert np.abs(data.X[1] - blocks).max() <= 1


def test_sixteen_bits_transparency_and_orientation(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    deep = np.arange(120, dtype=np.uint16).reshape(12, 10) * 500
    Image.fromarray(deep).save(tmp_path / "a" / "deep.png")
    values, image = picture((10, 12))
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera on its side
    image.save(tmp_path / "a" / "turned.png", exif=exif)
    Image.fromarray(values.T.copy()).convert("LA").save(tmp_path / "b" / "clear.png")
    Image.fromarray(values.T.copy()).save(tmp_path / "b" / "plain.png")
    data = read_source(tmp_path)
    np.testing.assert_array_equal(data.X[0], deep >> 8)
    np.testing.assert_array_equal(data.X[1], np.rot90(values, -1))
    np.testing.assert_array_equal(data.X[2], values.T)


def huge_png(width=32_000, height=32_000):
    """A header that declares 10^9 pixels, and next to nothing behind it."""

    def chunk(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" * 99)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_corrupt_pictures_are_named_and_left_out(folder):
    path, pixels = folder
    whole = (path / "cat" / "0.png").read_bytes()
    (path / "cat" / "cut.png").write_bytes(whole[:-60])
    (path / "cat" / "empty.jpg").write_bytes(b"")
    (path / "dog" / "huge.png").write_bytes(huge_png())
    (path / "dog" / "text.png").write_text("no picture")
    (path / "dog" / "script.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    (path / ".hidden.png").write_bytes(b"")
    (path / "dog" / "notes.txt").write_text("no picture")
    data = read_source(path)
    np.testing.assert_array_equal(data.X, pixels)
    assert len(data.y) == len(data.paths) == len(data.index) == 5
    (note,) = [note for note in data.notes if "unreadable" in note]
    assert note.startswith("5 pictures left out because unreadable: files cat/cut.png, ")
    assert "more than 89,478,485 pixels" in note
    assert any("1 file passed over, no pictures: dog/notes.txt" in note for note in data.notes)


def declares(suffix, width, height):
    """A small picture whose header says that it is large."""
    if suffix == "png":
        return huge_png(width, height)
    file = io.BytesIO()
    picture()[1].save(file, {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix), lossless=True)
    content = bytearray(file.getvalue())
    if suffix == "jpg":  # height and width after the marker of the frame, its length and depth
        struct.pack_into(">HH", content, content.index(b"\xff\xc0") + 5, height, width)
    elif suffix == "webp":  # 14 bits each, less one
        place = content.index(b"VP8L") + 9
        rest = struct.unpack_from("<I", content, place)[0] >> 28 << 28
        struct.pack_into("<I", content, place, rest | height - 1 << 14 | width - 1)
    elif suffix == "gif":
        struct.pack_into("<HH", content, 6, width, height)
        struct.pack_into("<HH", content, content.index(b",\0\0\0\0") + 5, width, height)
    elif suffix == "bmp":
        struct.pack_into("<ii", content, 18, width, height)
    else:  # the first entries of the list of tags: width and height
        for tag, value in ((256, width), (257, height)):
            struct.pack_into(
                "<HHII", content, content.index(struct.pack("<H", tag)), tag, 4, 1, value
            )
    return bytes(content)


@pytest.fixture
def little_memory():
    """At most 200 MiB more than the process has."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + 200 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is limited on Linux alone"
)
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "tif"])
def test_a_header_of_a_billion_pixels_takes_no_memory(tmp_path, little_memory, suffix):
    """In a folder, in a table of files and inside of Parquet. WebP ends at 2^28 pixels."""
    width, height = (16_000, 16_000) if suffix == "webp" else (32_000, 32_000)
    hostile, good = declares(suffix, width, height), declares(suffix, 10, 12)
    for name in "ab":
        (tmp_path / name).mkdir()
        for number, content in enumerate([hostile, good, good]):
            (tmp_path / name / f"{number}.{suffix}").write_bytes(content)
    table = pd.DataFrame({"file": [f"{name}/{i}.{suffix}" for name in "ab" for i in range(3)]})
    table["label"] = list("aaabbb")
    table.to_csv(tmp_path / "t.csv", index=False)
    table["file"] = [{"bytes": content, "path": None} for content in [hostile, good, good] * 2]
    table.to_parquet(tmp_path / "t.parquet")
    reasons = ["more than 89,478,485 pixels"]
    if suffix == "webp":  # of Pillow 12, which asks for memory first, and gets none here
        reasons.append("could not create decoder object")
    for source in ("", "t.csv", "t.parquet"):
        options = {"label": "label", "image": "file"} if source else {}
        data = read_source(tmp_path / source, **options)
        assert data.X.shape[:3] == (4, 12, 10)
        (note,) = [note for note in data.notes if "unreadable" in note]
        assert any(f"({reason})" in note for reason in reasons)


def test_a_folder_of_nothing_but_corrupt_pictures(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").write_bytes(huge_png())
    with pytest.raises(OSError, match=r"None of 2 pictures can be read: a/x.png .more than 89"):
        read_source(tmp_path)


def test_links_are_not_followed(folder, tmp_path):
    path, _ = folder
    secret = tmp_path / "secret"
    secret.mkdir()
    picture(seed=9)[1].save(secret / "mine.png")
    (path / "cat" / "link.png").symlink_to(secret / "mine.png")
    (path / "loop").symlink_to(path)
    (path / "secret").symlink_to(secret)
    data = read_source(path)
    assert len(data.y) == 5
    assert "3 links not followed: cat/link.png, loop, secret." in data.notes


def test_train_and_test_above_the_classes_are_the_split(tmp_path):
    for part in ("train", "test"):
        for name in "ab":
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(2):
                picture(seed=number)[1].save(tmp_path / part / name / f"{number}.png")
    data = read_source(tmp_path)
    assert data.y.tolist() == list("aabb") * 2
    assert data.split.tolist() == ["test"] * 4 + ["train"] * 4


def test_a_folder_of_texts(tmp_path):
    for name in ("sport", "politics"):
        (tmp_path / name).mkdir()
        for number in range(3):
            (tmp_path / name / str(number)).write_text(f"{name} {number}, süß", "utf-8")
    (tmp_path / "sport" / "old").write_bytes("sport, süß und sauer".encode("latin-1"))
    (tmp_path / "sport" / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "sport" / "empty").write_text("\n")
    data = read_source(tmp_path)
    assert data.kind == "text"
    assert data.X == [f"{c} {i}, süß" for c in ("politics", "sport") for i in range(3)] + [
        "sport, süß und sauer"
    ]
    assert data.index.tolist()[-1] == "sport/old" and len(data.y) == 7
    assert any("2 files left out because unreadable: files sport/b" in n for n in data.notes)
    assert "The text is utf-8 (6), cp1252 (1)." in data.notes


def test_folders_without_classes_or_with_columns_are_refused(folder, tmp_path):
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "a.txt").write_text("x")
    with pytest.raises(ValueError, match="one folder for each class is accepted"):
        read_source(tmp_path / "flat")
    with pytest.raises(ValueError, match="label='species' names a column; the source is a folder"):
        read_source(folder[0], label="species")


def test_a_table_of_paths_reads_below_its_folder_only(folder, tmp_path):
    path, pixels = folder
    picture(seed=9)[1].save(tmp_path / "outside.png")
    (path / "link.png").symlink_to(tmp_path / "outside.png")
    hostile = ["../outside.png", str(tmp_path / "outside.png"), "link.png", "cat/nowhere.png", ""]
    names = ["cat/0.png", "cat/1.bmp", "cat/2.tif", "dog/3.png", *hostile]
    table = pd.DataFrame({"file": names, "label": ["u", "v", "u", "v", *"uvuvu"]})
    table.to_csv(path / "t.csv", index=False)
    data = read_source(path / "t.csv", label="label", image="file")
    assert data.kind == "images" and data.index.tolist() == [2, 3, 4, 5]
    np.testing.assert_array_equal(data.X, pixels[:4])
    assert data.paths == [str(path / name) for name in names[:4]]
    (note,) = [note for note in data.notes if "unreadable" in note]
    assert "5 pictures left out because unreadable: lines 6, 7, 8, 9, 10" in note
    assert "no such file" in note and "outside the table's folder" in note


def test_pictures_inside_a_parquet_file(tmp_path):
    contents, pixels = [], []
    for number in range(4):
        values, image = picture(seed=number)
        file = io.BytesIO()
        image.save(file, format="PNG")
        contents.append({"bytes": file.getvalue(), "path": None})
        pixels.append(values)
    table = pd.DataFrame({"image": contents, "label": [0, 1, 0, 1]})
    table.to_parquet(tmp_path / "t.parquet")
    data = read_source(tmp_path / "t.parquet", label="label", image="image")
    np.testing.assert_array_equal(data.X, np.stack(pixels))
    assert data.paths is None


@pytest.mark.skipif(os.name != "posix", reason="names of files are bytes on POSIX alone")
def test_names_that_are_no_text(tmp_path):
    """Bytes that are no UTF-8, in the names of the source, its classes, files and the output."""
    here = os.path.join(os.fsencode(tmp_path), b"in\xff")
    rng = np.random.default_rng(0)
    for label in (b"a\xff", b"a\xfe"):
        os.makedirs(os.path.join(here, label))
        for number in range(8):
            with open(os.path.join(here, label, b"%d\xff.txt" % number), "w") as file:
                file.write(f"word {rng.integers(5)} of {rng.integers(5)}")
    data = read_source(os.fsdecode(here))
    assert set(data.y) == {r"a\udcff", r"a\udcfe"} and len(data.y) == 16
    out = tmp_path / os.fsdecode(b"out\xff")
    audit_data(data, only="duplicate", random_state=0).write(out)
    assert pd.read_parquet((out / "rows.parquet").open("rb"))["label"].tolist() == list(data.y)
    kept = [json.loads(line) for line in (out / "clean_files.txt").read_text().splitlines()]
    assert kept and all(os.path.exists(path) for path in kept)
