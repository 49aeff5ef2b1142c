"""Tables of every format, as pandas and pyarrow write them, and as people break them."""

import gzip
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal
from pyarrow import feather, parquet

from skpoison.audit import audit, audit_data, read_source

N = 60


@pytest.fixture
def table():
    """Numbers, categories, dates and texts with gaps; the label last."""
    rng = np.random.default_rng(0)
    words = np.array("river stone cloud ember quiet seven lantern harvest".split())
    return pd.DataFrame(
        {
            "width": np.where(rng.random(N) < 0.1, np.nan, rng.normal(size=N).round(3)),
            "legs": rng.integers(0, 9, N),
            "colour": rng.choice(["red", "grün", None], N),
            "born": pd.date_range("2020-01-31", periods=N, freq="D").astype("datetime64[us]"),
            "remark": [" ".join(rng.choice(words, 6)) for _ in range(N)],
            "kind": rng.choice(["cat", "dog"], N),
        }
    )


def write_ipc_stream(table, path):
    content = pa.Table.from_pandas(table)
    with pa.ipc.new_stream(path, content.schema) as writer:
        writer.write_table(content)


WRITERS = {
    "t.csv": lambda t, p: t.to_csv(p, index=False),
    "t.tsv": lambda t, p: t.to_csv(p, index=False, sep="\t"),
    "semicolons.csv": lambda t, p: t.to_csv(p, index=False, sep=";", decimal=","),
    "bars.txt": lambda t, p: t.to_csv(p, index=False, sep="|"),
    "t.csv.gz": lambda t, p: t.to_csv(p, index=False),
    "t.csv.bz2": lambda t, p: t.to_csv(p, index=False),
    "t.csv.xz": lambda t, p: t.to_csv(p, index=False),
    "t.csv.zip": lambda t, p: t.to_csv(p, index=False),
    "utf16.csv": lambda t, p: t.to_csv(p, index=False, encoding="utf-16"),
    "mark.csv": lambda t, p: t.to_csv(p, index=False, encoding="utf-8-sig"),
    "latin.csv": lambda t, p: t.to_csv(p, index=False, encoding="latin-1"),
    "t.jsonl": lambda t, p: t.to_json(p, orient="records", lines=True, date_format="iso"),
    "t.jsonl.gz": lambda t, p: t.to_json(p, orient="records", lines=True, date_format="iso"),
    "list.json": lambda t, p: t.to_json(p, orient="records", date_format="iso"),
    "t.parquet": lambda t, p: t.to_parquet(p),
    "t.feather": lambda t, p: t.to_feather(p),
    "stream.arrow": write_ipc_stream,
    "no_suffix": lambda t, p: t.to_parquet(p),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_table_that_was_written(tmp_path, table, name):
    WRITERS[name](table, tmp_path / name)
    data = read_source(tmp_path / name, label="kind")
    assert (data.kind, data.task, data.label_name) == ("table", "classification", "kind")
    assert data.columns == {
        "kind": "label",
        "width": "number",
        "legs": "number",
        "colour": "category",
        "born": "date",
        "remark": "text",
    }
    assert data.y.tolist() == table["kind"].tolist()
    expected = table.drop(columns="kind")
    X = data.X.reset_index(drop=True)
    X["born"] = X["born"].dt.tz_localize(None)
    assert_frame_equal(X, expected, check_dtype=False)
    is_text = any(part in name for part in ("csv", "tsv", "jsonl", "txt"))
    header = 0 if "jsonl" in name else 1
    assert data.index.name == ("line" if is_text else "row")
    assert data.index[0] == (1 + header if is_text else 0)


def test_a_zstandard_file_is_unpacked(tmp_path, table):
    with pa.CompressedOutputStream(pa.OSFile(str(tmp_path / "t.csv.zst"), "wb"), "zstd") as file:
        file.write(table.to_csv(index=False).encode())
    data = read_source(tmp_path / "t.csv.zst", label="kind")
    assert data.X["legs"].tolist() == table["legs"].tolist()


@pytest.mark.parametrize(
    ("encoding", "note"), [("utf-16-le", "utf-16-le"), ("cp1252", "cp1252"), ("utf-8", "utf-8")]
)
def test_the_encoding_is_told_and_said(tmp_path, encoding, note):
    text = "größe,sorte\n" + "1,süß “x”\n2,sauer\n" * 5
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    data = read_source(tmp_path / "t.csv", label="sorte")
    assert set(data.y) == {"süß “x”", "sauer"} and list(data.X) == ["größe"]
    assert f"The text is {note}." in data.notes


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    rows = ['1,"two\nlines",a', "", "2,x,b", '3,"one more,\r\nof two",a', "4,y,b"]
    (tmp_path / "t.csv").write_text("n,text,label\n" + "\n".join(rows), newline="")
    data = read_source(tmp_path / "t.csv", label="label")
    assert data.index.tolist() == [2, 5, 6, 8]
    assert data.X["text"].tolist() == ["two\nlines", "x", "one more,\r\nof two", "y"]


BROKEN = ["3", "5,x,a,b", '8,"never closed,a', '11,"stray" quote,b', "12,\udcff,a"]


def write_broken_table(path):
    """Good and broken rows in turn; gives the lines of both and the numbers in the good ones."""
    lines, broken, good = ["n,text,label"], [], {}
    for n in range(1, 41):
        if n % 7 == 0:
            broken.append(len(lines) + 1)
            lines.append(BROKEN[n // 7 - 1])
        good[len(lines) + 1] = n
        if n % 10 == 0:
            lines += [f'{n},"a ""quote"" and', f'a línea",{"ab"[n % 2]}']
        else:
            lines.append(f"{n},días {n % 3},{'ab'[n % 2]}")
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    return broken, good


def test_broken_lines_are_refused_by_number(tmp_path):
    broken, _ = write_broken_table(tmp_path / "t.csv")
    with pytest.raises(ValueError, match="--skip-bad") as caught:
        read_source(tmp_path / "t.csv", label="label")
    reasons = ["1 cell", "4 cells", *["broken quotes or characters"] * 3]
    lines = ", ".join(f"{n} ({why})" for n, why in zip(broken, reasons, strict=True))
    assert f"5 of 46 lines are broken, where 3 cells are expected: lines {lines}." in str(
        caught.value
    )


def test_broken_lines_are_left_out_on_demand_and_all_others_stay(tmp_path):
    broken, good = write_broken_table(tmp_path / "t.csv")
    data = read_source(tmp_path / "t.csv", label="label", skip_bad=True, groups="n")
    assert dict(zip(data.index, data.groups.astype(int), strict=True)) == good
    assert any(f"5 broken lines are left out: lines {broken[0]}" in note for note in data.notes)


def test_broken_json_lines(tmp_path):
    lines = ['{"a": 1, "y": "u"}', '{"a": 2, "y"', "[3]", '{"a": 4, "y": "v"}', "[" * 100_000]
    (tmp_path / "t.jsonl").write_text("\n".join([*lines, *lines[:1] * 4, *lines[3:4] * 4]))
    with pytest.raises(ValueError, match=r"3 broken lines: lines 2 .*, 3 .no object., 5"):
        read_source(tmp_path / "t.jsonl", label="y")
    data = read_source(tmp_path / "t.jsonl", label="y", skip_bad=True)
    assert data.index.tolist() == [1, 4, *range(6, 14)]


def test_quotes_in_tabbed_text_are_letters(tmp_path):
    (tmp_path / "t.tsv").write_text("text\tlabel\n" + '"so he said\ta\nno, "no"\tb\n' * 3)
    data = read_source(tmp_path / "t.tsv", label="label", text="text")
    assert data.X == ['"so he said', 'no, "no"'] * 3


def rows_of(n=12, **columns):
    """A table of two classes and a column that is used, beside what a test is about."""
    rng = np.random.default_rng(1)
    plain = {"label": ["u", "v"] * (n // 2), "size": rng.normal(size=n).round(2)}
    return pd.DataFrame(plain | columns)


def test_a_table_without_header(tmp_path):
    table = rows_of(colour=["blue", "teal", "cyan"] * 4)
    table[["size", "colour", "label"]].to_csv(tmp_path / "t.csv", index=False, header=False)
    for label in (-1, "-1", "2"):
        data = read_source(tmp_path / "t.csv", label=label)
        assert data.label_name == "column 2" and data.index.tolist() == list(range(1, 13))
        assert data.y.tolist() == table["label"].tolist()
    with pytest.raises(ValueError, match=r"'column 0', 'column 1', 'column 2'.*-1 is the last"):
        read_source(tmp_path / "t.csv", label="label")


def test_a_header_is_told_from_words(tmp_path):
    table = rows_of(colour=["blue", "teal", "cyan"] * 4)[["colour", "label"]]
    table.to_csv(tmp_path / "with.csv", index=False)
    table.to_csv(tmp_path / "without.csv", index=False, header=False)
    assert read_source(tmp_path / "with.csv", label=-1).label_name == "label"
    assert read_source(tmp_path / "without.csv", label=-1).label_name == "column 1"


def test_names_of_columns_may_be_numbers(tmp_path):
    table = rows_of()
    table.columns = ["label", "0"]
    table.to_csv(tmp_path / "t.csv", index=False)
    data = read_source(tmp_path / "t.csv", label="label")
    assert data.columns == {"label": "label", "0": "number"}


def test_row_names_without_a_header_of_their_own(tmp_path):
    """As R's write.table leaves them."""
    table = rows_of()
    table.index = [f"r{i}" for i in range(len(table))]
    lines = table.to_csv(sep=";").splitlines()
    (tmp_path / "t.csv").write_text("\n".join([lines[0].lstrip(";"), *lines[1:]]))
    data = read_source(tmp_path / "t.csv", label="label")
    assert data.X["size"].tolist() == table["size"].tolist()
    assert data.columns["column 0"] == "dropped: identifier"


def test_columns_that_say_nothing_are_dropped_with_the_reason(tmp_path):
    table = rows_of(
        number=range(12, 0, -1),
        user_id=np.random.default_rng(0).permutation(10**6)[:12],
        token=[f"{i * 7919:x}" + "z" for i in range(12)],
        constant=3.5,
        same="x",
        empty=np.nan,
        year=[2001, 2002, 2003] * 4,
        price=np.arange(12) ** 3,
        infinite=[1.0, np.inf] * 6,
    )
    table.to_parquet(tmp_path / "t.parquet")
    data = read_source(tmp_path / "t.parquet", label="label")
    assert data.columns == {
        "label": "label",
        "size": "number",
        "number": "dropped: identifier",
        "user_id": "dropped: identifier",
        "token": "dropped: identifier",
        "constant": "dropped: constant",
        "same": "dropped: constant",
        "empty": "dropped: empty",
        "year": "number",
        "price": "number",
        "infinite": "number",
    }
    assert list(data.X) == ["size", "year", "price", "infinite"]
    assert data.X["infinite"].isna().sum() == 6
    assert any(
        note.startswith("6 columns are not used: 'number' (identifier)") for note in data.notes
    )


def test_cells_that_are_no_numbers_among_numbers_are_named(tmp_path):
    table = rows_of(60, age=["41", "x7"] + ["35", "36"] * 29)
    table.to_csv(tmp_path / "t.csv", index=False)
    data = read_source(tmp_path / "t.csv", label="label")
    assert data.columns["age"] == "number" and np.isnan(data.X["age"].iloc[1])
    assert any("'age'" in note and "'x7', line 3" in note for note in data.notes)


def test_duplicate_names_are_numbered_and_never_chosen_in_silence(tmp_path):
    (tmp_path / "t.csv").write_text("a,y,a,,y\n" + "1,u,2,5,u\n4,v,3,8,u\n0,u,3,8,v\n9,v,1,1,v\n")
    data = read_source(tmp_path / "t.csv", label="y (1)")
    assert list(data.X) == ["a (1)", "a (2)", "column 3", "y (2)"]
    with pytest.raises(ValueError, match=r"Did you mean 'y \(1\)'\?"):
        read_source(tmp_path / "t.csv", label="y")
    assert read_source(tmp_path / "t.csv", label=1).label_name == "y (1)"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_rows_without_a_label_are_left_out_and_named(tmp_path, suffix):
    table = rows_of()
    table.loc[[2, 7], "label"] = None
    getattr(table, f"to_{suffix}")(tmp_path / f"t.{suffix}", index=False)
    np.save(tmp_path / "f.npy", np.arange(24.0).reshape(12, 2))
    data = read_source(tmp_path / f"t.{suffix}", label="label", features=tmp_path / "f.npy")
    names = "lines 4, 9" if suffix == "csv" else "rows 2, 7"
    assert f"2 rows are left out without a label: {names}." in data.notes
    kept = [row for row in range(12) if row not in (2, 7)]
    assert data.X["size"].tolist() == table["size"][kept].tolist()
    assert data.features[:, 0].tolist() == [2.0 * row for row in kept]


def test_a_class_called_none_stays_a_class(tmp_path):
    rows_of(label=["None", "mild"] * 6).to_csv(tmp_path / "t.csv", index=False)
    assert set(read_source(tmp_path / "t.csv", label="label").y) == {"None", "mild"}


def test_the_only_column_of_texts_makes_texts(tmp_path, table):
    table.loc[3, "remark"] = None
    texts = table[["remark", "kind"]]
    texts.to_csv(tmp_path / "t.csv", index=False)
    alone = read_source(tmp_path / "t.csv", label="kind")
    table.to_csv(tmp_path / "more.csv", index=False)
    named = read_source(tmp_path / "more.csv", label="kind", text="remark")
    for data in (alone, named):
        assert data.kind == "text"
        assert data.X == table["remark"].drop(3).tolist()
        assert "1 row is left out without a text: line 5." in data.notes
    assert named.columns["legs"] == "not used"


def test_groups_and_split_are_taken_out_of_the_rows(tmp_path):
    table = rows_of(by=["ann", None, "bob"] * 4, part=["train"] * 6 + ["test"] * 6)
    table.to_csv(tmp_path / "t.csv", index=False)
    data = read_source(tmp_path / "t.csv", label="label", groups="by", split="part")
    assert data.groups.tolist() == ["ann", "(missing)", "bob"] * 4
    assert data.split.tolist() == table["part"].tolist()
    assert list(data.X) == ["size"] and data.columns["by"] == "groups"
    with pytest.raises(ValueError, match="label and split name the same column, 'label'"):
        read_source(tmp_path / "t.csv", label="label", split="label")


def test_lists_of_numbers_in_one_column_are_features(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(12, 5))
    table = pd.DataFrame({"label": ["u", "v"] * 6, "vector": list(vectors)})
    table.to_parquet(tmp_path / "t.parquet")
    data = read_source(tmp_path / "t.parquet", label="label")
    assert data.kind == "features"
    np.testing.assert_array_equal(data.X, vectors)


def test_types_of_arrow(tmp_path):
    content = pa.table(
        {
            "y": pa.array(["u", "v"] * 6).dictionary_encode(),
            "decimal": pa.array(range(1, 24, 2), pa.int64()).cast(pa.decimal128(22, 2)),
            "day": pa.array(np.arange(12), pa.int32()).cast(pa.date32()),
            "flag": pa.array([True, False, None] * 4),
            "whole": pa.array([1, None, 5] * 4, pa.int8()),
            "nested": pa.array([{"a": 1}] * 12),
            "took": pa.array(np.arange(12) ** 2, pa.duration("s")),
        }
    )
    feather.write_feather(content, tmp_path / "t.feather")
    parquet.write_table(content, tmp_path / "t.parquet")
    for name in ("t.feather", "t.parquet"):
        data = read_source(tmp_path / name, label="y")
        assert [data.columns[column] for column in content.column_names] == [
            "label",
            "number",
            "date",
            "category",
            "number",
            "dropped: nested values",
            "number",
        ]
        assert data.X["decimal"].tolist() == list(range(1, 24, 2))
        assert data.X["took"].tolist() == [float(i**2) for i in range(12)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "t.csv: it is empty"),
        (b"\n \n\n", "t.csv: it is empty"),
        (b"a,label\n", "it holds a header and no row"),
        (b"a,label\n1,u\n2,u\n", "one class only, 'u' in 2 rows"),
        (b"a,label\n1,\n2,\n", "label='label' is empty in all rows"),
        (b"label\nu\nv\nu\nv\n", "No column is left beside the label"),
        (b"a,label\n\0\0\0\0\0\n", "zero bytes"),
        (b"PAR1 and then nothing", "t.csv: broken, cut off"),
        (b"ARROW1\0\0 and then nothing", "t.csv: broken, cut off"),
        (gzip.compress(b"a,label\n1,u\n" * 500, mtime=0)[:-12], "t.csv: broken, cut off"),
        (b"\x28\xb5\x2f\xfd and then nothing", "t.csv: broken, cut off"),
        (b"PK\x03\x04 and then nothing", "t.csv: broken, cut off"),
    ],
)
def test_files_that_hold_no_table_are_refused_in_a_sentence(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises((ValueError, OSError), match=message):
        read_source(tmp_path / "t.csv", label="label")


def test_what_unpacks_to_too_much_is_refused_by_its_declared_size(tmp_path):
    """A zip that says it holds 3 GiB, and has 200 bytes."""
    with zipfile.ZipFile(tmp_path / "t.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", "a,label\n1,u\n2,v\n")
    content = bytearray((tmp_path / "t.zip").read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 3 * 2**30)
    (tmp_path / "t.zip").write_bytes(content)
    with pytest.raises(OSError, match="more than 2 GiB"):
        read_source(tmp_path / "t.zip", label="label")


def test_a_gzip_that_declares_too_much_is_refused_before_it_is_unpacked(tmp_path):
    content = gzip.compress(np.random.default_rng(0).bytes(2**22), 1)
    (tmp_path / "t.csv.gz").write_bytes(content[:-4] + struct.pack("<I", 3 * 2**30))
    with pytest.raises(OSError, match="more than 2 GiB"):
        read_source(tmp_path / "t.csv.gz", label="label")


@pytest.mark.parametrize("kind", ["parquet", "stream"])
def test_a_table_of_arrow_that_unpacks_to_too_much(tmp_path, monkeypatch, kind):
    """One text, said a hundred thousand times in a few bytes."""
    pa = pytest.importorskip("pyarrow")
    texts = pa.DictionaryArray.from_arrays(np.zeros(100_000, np.int32), ["long text " * 100])
    table = pa.table({"text": texts.dictionary_decode(), "label": np.arange(100_000) % 2})
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        pq = pytest.importorskip("pyarrow.parquet")
        pq.write_table(table, path)
        assert path.stat().st_size < 2**20
    else:
        with pa.ipc.new_stream(path, table.schema) as file:
            file.write_table(table, max_chunksize=1000)
    monkeypatch.setattr("skpoison.audit._tables.MAX_BYTES", 2**26)
    with pytest.raises(OSError, match="more than the 67,108,864 bytes accepted"):
        read_source(path, label="label")


def test_a_zip_whose_member_leaves_the_folder_is_written_nowhere(tmp_path):
    (tmp_path / "a").mkdir()
    with zipfile.ZipFile(tmp_path / "a" / "t.zip", "w") as archive:
        archive.writestr("../t.csv", "a,label\n1.5,u\n2,v\n1,u\n2,v\n")
    assert read_source(tmp_path / "a" / "t.zip", label="label").y.tolist() == list("uvuv")
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "t.zip"]


def test_a_zip_with_two_files_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("a.csv", "a,label\n")
        archive.writestr("b.csv", "a,label\n")
    with pytest.raises(OSError, match="holds 2 files, where one is accepted"):
        read_source(tmp_path / "t.zip", label="label")


def test_fifty_thousand_columns(tmp_path):
    X = np.random.default_rng(0).integers(-50, 50, (4, 50_000))
    lines = [",".join([*map(str, row), label]) for row, label in zip(X, "uvuv", strict=True)]
    header = ",".join([*(f"g{i}" for i in range(50_000)), "label"])
    (tmp_path / "t.csv").write_text("\n".join([header, *lines]))
    data = read_source(tmp_path / "t.csv", label=-1)
    assert data.columns["label"] == "label" and len(data.columns) == 50_001
    assert data.X["g49999"].tolist() == X[:, -1].tolist()


def test_an_error_does_not_list_all_columns_of_a_wide_table(tmp_path):
    names = [f"g{i}" * 40 for i in range(300)]
    (tmp_path / "t.csv").write_text(",".join([*names, "label"]) + "\n" + "1," * 300 + "u\n")
    with pytest.raises(ValueError, match=r"Did you mean 'label'\? Its 301 columns are") as caught:
        read_source(tmp_path / "t.csv", label="labl")
    assert len(str(caught.value)) < 2000


@pytest.mark.data
def test_real_tables():
    """Rows, classes and gaps as the sources of the data sets state them."""
    tables = Path(os.environ.get("SKPOISON_DATA", "")) / "tables"
    if not tables.is_dir():
        pytest.skip("needs the real tables in a folder that SKPOISON_DATA names")
    adult = read_source(tables / "adult-train.csv", label=-1)
    assert adult.X.shape == (32_561, 14) and adult.task == "classification"
    assert dict(zip(*np.unique(adult.y, return_counts=True), strict=True)) == {
        "<=50K": 24_720,
        ">50K": 7_841,
    }
    assert adult.X.isna().sum().sum() == 1_836 + 1_843 + 583
    assert list(adult.columns.values()).count("category") == 8
    penguins = read_source(tables / "penguins.csv", label="species")
    assert penguins.X.shape == (344, 6) and len(np.unique(penguins.y)) == 3
    mass = read_source(tables / "penguins.csv", label="body_mass_g")
    assert mass.task == "regression" and len(mass.y) == 342
    assert abs(mass.y.mean() - 4201.75) < 0.01
    banking = read_source(tables / "banking_train.csv", label="category")
    assert banking.kind == "text" and len(np.unique(banking.y)) == 77
    assert len(banking.X) == 10_003


def test_halves_of_characters_in_json(tmp_path):
    """JSON may hold what no table may."""
    rows = [
        {"size": i % 7, "half\udc80": "v\ud800", "y": "ab"[i % 2] + "\ud83d"} for i in range(40)
    ]
    rows[0]["half\udc80"] = "\U0001f600"
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = read_source(tmp_path / "t.jsonl", label="y")
    assert set(data.y) == {r"a\ud83d", r"b\ud83d"}
    assert list(data.table[r"half\udc80"][:2]) == ["\U0001f600", r"v\ud800"]


def test_empty_columns_are_no_trouble_unless_there_is_no_other(tmp_path):
    lines = ["size,nothing,label", *(f"{i % 7},,{'ab'[i % 2]}" for i in range(40))]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines))
    found = audit_data(read_source(path, label="label"))
    assert len(found.rows) == 40
    empty = pd.DataFrame({"nothing": [None] * 40, "nor this": [np.nan] * 40})
    y = np.arange(40) % 2
    assert len(audit(empty.assign(size=y), y).rows) == 40
    with pytest.raises(ValueError, match="X holds no value: all of its 2 columns are empty"):
        audit(empty, y)


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
def test_pipes_and_devices_are_refused_for_they_may_never_end(tmp_path):
    os.mkfifo(tmp_path / "table.csv")
    (tmp_path / "endless.csv").symlink_to("/dev/zero")
    for name in ("table.csv", "endless.csv"):
        with pytest.raises(OSError, match=f"{name}' is a pipe or a device"):
            read_source(tmp_path / name, label=-1)


@pytest.mark.parametrize("place", ["header", "cell", "label"])
def test_a_cell_may_be_long(place, tmp_path):
    long = "x" * 200_000
    lines = ["a,b,label", *(f"{i % 7},word {i % 3},{'uv'[i % 2]}" for i in range(40))]
    line = {"header": 0, "cell": 5, "label": 7}[place]
    cells = lines[line].split(",")
    cells[{"header": 0, "cell": 1, "label": 2}[place]] = long
    path = tmp_path / "table.csv"
    path.write_text("\n".join([*lines[:line], ",".join(cells), *lines[line + 1 :]]))
    data = read_source(path, label=-1)
    values = {"header": data.X.columns, "cell": data.X["b"], "label": data.y}
    assert long in list(values[place]) and len(data.y) == 40
