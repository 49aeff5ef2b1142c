"""Saved files: what comes back, how large they are, and what is refused."""

import copy
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import StandardScaler

from skpoison.attacks import LabelFlipAttack
from skpoison.audit import Audit, AuditData
from skpoison.detectors import (
    CentroidDetector,
    ConfidentLearningDetector,
    EnsembleDetector,
    KNNDetector,
    NeighborDisagreementDetector,
)
from skpoison.filtering import PoisonFilter
from skpoison.persistence import FORMAT, load, save
from skpoison.thresholds import LabelNoiseThreshold
from skpoison.utils import all_estimators
from tests.audit.audits import finding, hostile_table
from tests.quick import quick
from tests.test_common import HARD_ROWS

SAVED = sorted((Path(__file__).parent / "saved").glob("format_*"))
RNG = np.random.RandomState(0)
Y = np.repeat(["ham", "spam"], 20)
X = RNG.normal(size=(40, 3)) + 3 * (Y == "spam")[:, np.newaxis]
NEW = X + RNG.normal(size=X.shape) / 3


@pytest.fixture
def path(tmp_path):
    """Where a test saves."""
    return tmp_path / "file.skpoison"


def write(path, body, version="0.1.0", format_=FORMAT):
    """Write a file as the documentation says it is made."""
    digest = hashlib.sha256(version.encode() + body).hexdigest()
    path.write_bytes(f"skpoison {format_} {version} {digest}\n".encode() + body)


def parts_of(path):
    """The members of the archive in a file."""
    body = path.read_bytes().partition(b"\n")[2]
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return body.getvalue()


@pytest.mark.filterwarnings("ignore:Trying to unpickle:UserWarning")
@pytest.mark.parametrize("folder", SAVED, ids=lambda folder: folder.name)
def test_files_of_every_format_can_be_read(folder):
    known = load(folder / "known.skpoison")
    for name in ("centroid", "ensemble", "cae", *(["margin"] if "margin" in known else [])):
        detector = load(folder / f"{name}.skpoison")
        scores = [detector.score_samples(rows, known["y"]) for rows in (known["X"], known["new"])]
        np.testing.assert_allclose(scores, known[name], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(detector.training_scores_, known[name][0])
    np.testing.assert_array_equal(load(folder / "filter.skpoison").sample_indices_, known["kept"])
    attack = LabelFlipAttack(rate=0.25, random_state=0)
    again = attack.fit_resample(known["X"], known["y"])
    np.testing.assert_array_equal(known["X_poisoned"], again[0])
    np.testing.assert_array_equal(known["y_poisoned"], again[1])
    np.testing.assert_array_equal(known["mask"], attack.poison_mask_)


def test_audits_of_every_format_can_be_read():
    for folder in SAVED:
        found = load(folder / "audit.skpoison")
        known = pd.read_csv(folder / "audit.csv", keep_default_na=False)
        pd.testing.assert_frame_equal(found.rows[known.columns], known, check_dtype=False)
        assert found.data.X["town"].to_list() == ["Łódź"] * 15 + ["Lodz"] * 14 + ["Łódź"]
        assert found.data.X["day"].max() == pd.Timestamp("2026-01-29", tz="UTC")
        assert found.summary["sentence"] in found._repr_html_()


def test_there_are_files_of_this_format():
    assert SAVED[-1].name == f"format_{FORMAT}"
    assert max(path.stat().st_size for path in SAVED[-1].iterdir()) < 20_000


@pytest.mark.parametrize("kind", HARD_ROWS)
def test_detectors_of_rows_that_are_no_numbers(kind, path):
    rows = HARD_ROWS[kind]
    detector = CentroidDetector().fit(rows, Y)
    save(detector, path)
    new = rows[3:9]
    loaded = load(path)
    np.testing.assert_array_equal(loaded.score_samples(rows, Y), detector.training_scores_)
    np.testing.assert_allclose(loaded.score_samples(new), detector.score_samples(new))


@pytest.mark.parametrize(
    "rows", [X.astype(np.float32), X.astype(object), sparse.csr_array(X)], ids=["f4", "O", "sparse"]
)
def test_an_attacks_result(rows, path):
    attack = LabelFlipAttack(rate=0.3, random_state=0)
    X_out, y_out = attack.fit_resample(rows, Y)
    save({"X": X_out, "y": y_out, "poison_mask": attack.poison_mask_}, path)
    result = load(path)
    dense = [m.toarray() if sparse.issparse(m) else m for m in (result["X"], X_out)]
    np.testing.assert_array_equal(*dense)
    assert result["X"].dtype == X_out.dtype
    np.testing.assert_array_equal(result["y"], y_out)
    np.testing.assert_array_equal(result["poison_mask"], attack.poison_mask_)


def tables_of_every_kind():
    """Columns of every dtype, named by texts, numbers and twice; rows named by two levels."""
    table = pd.DataFrame(
        {
            "mixed": pd.Series([1, "a", None, 2.5], dtype=object),
            "half": pd.Series(["b", "\udc80", "", "c"], dtype=object),
            "gaps": pd.array([1, None, 2, 3], dtype="Int64"),
            "kinds": pd.Categorical(["x", "y", None, "x"], ["y", "x", "z"], ordered=True),
            "days": pd.to_datetime(["2026-01-01", None, "2026-01-03", "1900-02-28"], utc=True),
            7: np.array([0.1, np.nan, np.inf, -0.0], dtype=np.float32),
        }
    )
    levels = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["u", None])
    return {
        "plain": table,
        "levels": table.set_axis(levels),
        "twice": table.set_axis([3.5, "mixed", "mixed", None, "d", "e"], axis=1).set_index("e"),
        "none": table[[]].set_axis(pd.date_range("2026", periods=4, name="day")),
    }


@pytest.mark.parametrize("kind", ["plain", "levels", "twice", "none"])
def test_an_audit_of_a_table(kind, path):
    table = tables_of_every_kind()[kind]
    y = np.array(["u", "v", "u", "v"], dtype=object)
    data = AuditData(table, y, "table", index=table.index, columns={"frame": "number"})
    asked = finding("label", "Wrong labels", 4, [2], table=table, suggested_label=y[::-1])
    save(Audit(data, {"label": asked}, seconds=1.5), path)
    loaded = load(path)
    for back in (loaded.data.X, loaded.findings["label"].table):
        pd.testing.assert_frame_equal(back, table, check_freq=False)
    assert type(loaded.data.index) is type(table.index)
    assert loaded.data.columns == {"frame": "number"}


def test_an_audit_gives_the_same_report(path):
    found = hostile_table()
    save(found, path)
    loaded = load(path)
    pd.testing.assert_frame_equal(loaded.rows, found.rows)
    assert loaded.summary == found.summary
    loaded.to_html(path.with_name("loaded.html"))
    found.to_html(path.with_name("found.html"))
    pages = [path.with_name(name).read_text() for name in ("loaded.html", "found.html")]
    assert pages[0] == pages[1]


def test_a_fitted_filter_in_a_pipeline(path):
    pipeline = make_pipeline(
        LabelFlipAttack(rate=0.2, random_state=0),
        StandardScaler(),
        PoisonFilter(CentroidDetector(contamination=0.2)),
        ConfidentLearningDetector(),
    ).fit(X, Y)
    save(pipeline, path)
    loaded = load(path)
    before, after = pipeline["poisonfilter"], loaded["poisonfilter"]
    np.testing.assert_array_equal(after.poison_mask_, before.poison_mask_)
    np.testing.assert_array_equal(after.detector_.predict(NEW, Y), before.detector_.predict(NEW, Y))
    np.testing.assert_array_equal(loaded.predict(NEW), pipeline.predict(NEW))


def test_what_is_not_fitted_keeps_its_parameters(path):
    detector = EnsembleDetector().set_params(label_noise__n_trees=50)
    rule = LabelNoiseThreshold(2.5, noise="pair")
    save([detector, rule], path)
    assert repr(load(path)) == repr([detector, rule])


def test_saving_changes_nothing_and_replaces_the_file_whole(path):
    detector = KNNDetector().fit(X, Y)
    before = copy.deepcopy(detector)
    path.write_text("something else")
    save(detector, path, remember_rows=False)
    np.testing.assert_array_equal(detector.training_scores_, before.training_scores_)
    np.testing.assert_array_equal(detector.score_samples(X, Y), before.score_samples(X, Y))
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    load(path)


@pytest.mark.parametrize("name", [name for name, _ in all_estimators("detector")])
def test_a_file_is_less_than_twice_as_large_as_the_rows(name, path):
    rows, y = make_classification(360, 40, n_informative=10, flip_y=0.1, random_state=0)
    detector = quick(dict(all_estimators("detector"))[name]).fit(rows, y)
    save(detector, path)
    size = path.stat().st_size
    assert size < 2 * rows.nbytes
    save(detector, path, remember_rows=False)
    assert path.stat().st_size < size


def test_without_the_rows_they_are_judged_as_new_ones(path):
    """Rows that differ in the seventh digit are new to every detector."""
    detector = EnsembleDetector(random_state=0).fit(X, Y)
    save(detector, path)
    size = path.stat().st_size
    save(PoisonFilter(detector, prefit=True), path, remember_rows=False)
    loaded = load(path).detector
    assert path.stat().st_size < size
    assert len(loaded.training_scores_) == 0
    new = X * (1 + 1e-6)
    np.testing.assert_allclose(
        loaded.score_samples(X, Y), detector.score_samples(new, Y), rtol=1e-3, atol=1e-3
    )
    assert np.abs(loaded.score_samples(X, Y) - detector.training_scores_).max() > 0.01


def test_a_flipped_byte_is_seen(path):
    save(CentroidDetector().fit(X, Y), path)
    content = bytearray(path.read_bytes())
    for place in [*range(100), *range(100, len(content), 13)]:
        content[place] ^= 1 << place % 8
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"damaged|no file that|later version"):
            load(path)
        content[place] ^= 1 << place % 8


def test_a_cut_file_is_seen(path):
    save(CentroidDetector().fit(X, Y), path)
    content = path.read_bytes()
    for size in [*range(0, 100, 7), *range(100, len(content), 97)]:
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"damaged|no file that"):
            load(path)


def test_files_of_others_are_refused_by_a_sentence(path):
    path.write_bytes(b"PK\x03\x04 a zip, but none of ours")
    with pytest.raises(ValueError, match=r"is no file that skpoison.persistence.save has written"):
        load(path)
    write(path, b"", version="9.0", format_=FORMAT + 1)
    with pytest.raises(ValueError, match=r"by skpoison 9.0 in format \d.*install the later"):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(path.with_name("none"))


def test_types_that_are_not_trusted_are_named(path):
    detector = ConfidentLearningDetector(RandomForestClassifier(3, random_state=0)).fit(X, Y)
    save(detector, path)
    with pytest.raises(ValueError, match=r"not trusted: sklearn.tree._tree.Tree. Do you know"):
        load(path)
    loaded = load(path, trusted=["sklearn.tree._tree.Tree"])
    np.testing.assert_array_equal(loaded.score_samples(NEW), detector.score_samples(NEW))


@pytest.mark.parametrize(
    ("module", "name", "loader"),
    [
        ("os", "system", "FunctionNode"),
        ("builtins", "eval", "TypeNode"),
        ("skpoison.experiments._run", "run_protocol", "FunctionNode"),
        ("skpoison.detectors._encoding", "make_encoder", "FunctionNode"),
        ("skpoison.detectors._base", "os", "ObjectNode"),
        ("keras.src.layers.core.lambda_layer", "Lambda", "ObjectNode"),
    ],
)
def test_code_is_never_loaded(path, module, name, loader):
    node = {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1}
    schema = {**node, "protocol": 2, "_skops_version": "0.16.0"}
    write(path, zipped({"schema.json": json.dumps(schema)}))
    with pytest.raises(ValueError, match=f"not trusted: {module}.{name}"):
        load(path)


@pytest.mark.parametrize("part", ["__class__", "__module__", "__loader__"])
def test_names_in_a_file_do_nothing_to_a_terminal(path, part):
    node = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1}
    schema = {**node, "protocol": 2, "_skops_version": "0.16.0", part: "\x1b[2J"}
    write(path, zipped({"schema.json": json.dumps(schema)}))
    with pytest.raises(ValueError, match=r"\\x1b\[2J") as refusal:
        load(path)
    assert "\x1b" not in str(refusal.value)
    path.write_bytes(b"skpoison 99 \x1b[2J 0\n")
    with pytest.raises(ValueError, match=r"by skpoison \\x1b\[2J in format 99"):
        load(path)


def saved_array():
    """The parts of a file that holds one array, and the array's name in it."""
    buffer = io.BytesIO()
    np.save(buffer, np.arange(5.0))
    node = {"__class__": "ndarray", "__module__": "numpy", "__loader__": "NdArrayNode"}
    schema = {**node, "type": "numpy", "file": "a.npy", "protocol": 2, "_skops_version": "0.16.0"}
    return {"schema.json": json.dumps(schema), "a.npy": buffer.getvalue()}


def test_hostile_arrays_are_refused(path):
    parts = saved_array()
    write(path, zipped(parts))
    np.testing.assert_array_equal(load(path), np.arange(5.0))

    lying = parts["a.npy"].replace(b"(5,)", b"(9999999999,)").replace(b"         \n", b"\n")
    write(path, zipped(parts | {"a.npy": lying}))
    with pytest.raises(ValueError, match=r"declares shape .9999999999,., more than the file holds"):
        load(path)

    objects = io.BytesIO()
    np.save(objects, np.array([{}], dtype=object), allow_pickle=True)
    write(path, zipped(parts | {"a.npy": objects.getvalue()}))
    with pytest.raises(ValueError, match="holds Python objects, which are never read"):
        load(path)

    write(path, zipped(parts | {"bomb": bytes(10**7)}))
    assert path.stat().st_size < 20_000
    with pytest.raises(ValueError, match=r"unpacks to 10,000.* more than the 1,000,000 accepted"):
        load(path, max_bytes=10**6)


@pytest.mark.parametrize(
    "schema", ["", "{}", "[]", "[" * 100_000, '{"protocol": 1e9}'], ids=lambda text: text[:5]
)
def test_nonsense_under_a_right_checksum_is_refused(path, schema):
    write(path, zipped({"schema.json": schema}))
    with pytest.raises(ValueError, match="cannot be loaded"):
        load(path)


def test_what_cannot_be_saved_is_refused_before_anything_is_written(path):
    detector = NeighborDisagreementDetector(metric=lambda a, b: np.abs(a - b).sum()).fit(X, Y)
    with pytest.raises(TypeError, match=r"cannot be saved: it holds .*<lambda>"):
        save(detector, path)
    with path.open("w") as file, pytest.raises(TypeError, match="dict cannot be saved"):
        save({"file": file}, path.with_name("other"))
    assert not path.with_name("other").exists()
