"""Tables and experiments in files on any content."""

import tempfile
from pathlib import Path

import numpy as np
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from skpoison.audit import audit, audit_data, read_source
from skpoison.experiments import read_protocol
from tests.fuzz.data import ANY, sets
from tests.fuzz.outcome import is_clean, judged

FEWER = settings(max_examples=max(settings().max_examples // 4, 1))
CELLS = st.one_of(
    st.sampled_from(["", "1", "2.5", "-3", "nan", "inf", "1e300", "1e-310", "cat", "dog", "True"]),
    st.sampled_from(["2024-02-20", "é", '"a, b"', '""', '"', "'", "=1+1", "<b>", "\x1b[2J", "NA"]),
    st.text(st.characters(codec="utf-8"), max_size=5),
)


@st.composite
def tables(draw):
    """The text of a table, its lines now and then of other lengths."""
    n_columns, n_rows = draw(st.integers(1, 5)), draw(st.integers(0, 40))
    columns = [draw(st.lists(CELLS, min_size=1, max_size=4)) for _ in range(n_columns)]
    columns[-1] = draw(st.sampled_from([["cat", "dog"], ["0", "1", "2"], columns[-1]]))
    rng = np.random.RandomState(draw(st.integers(0, 99)))
    lines = [[cells[rng.randint(len(cells))] for cells in columns] for _ in range(n_rows)]
    if draw(st.booleans()):
        lines.insert(0, [f"c{number}" for number in range(n_columns)])
    if lines and draw(st.integers(0, 4)) == 0:
        lines[-1] = draw(st.lists(CELLS, max_size=7))
    separator = draw(st.sampled_from([",", ",", ";", "\t", "|"]))
    text = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])).join(map(separator.join, lines))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    return text.encode(encoding, errors="replace")


@given(tables(), st.sampled_from([-1, -1, 0, "c0", "c1", "none", 9]), st.booleans())
def test_tables_are_read_or_refused(content, label, skip_bad):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        with judged():
            data = read_source(path, label=label, skip_bad=skip_bad)
            assert len(data.X) == len(data.y) == len(data.index) > 0


@FEWER
@given(tables())
def test_tables_are_audited_or_refused(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        with judged():
            check_audit(audit_data(read_source(path, label=-1, skip_bad=True), random_state=0))


@FEWER
@given(sets())
def test_arrays_are_audited_or_refused(given_set):
    X, y = given_set
    with judged(X, y):
        check_audit(audit(X, y, random_state=0))


def check_audit(found):
    """No kind of issue flags all rows, and the page can be written."""
    for name in found.findings:
        column = f"{name.replace('-', '_')}_flagged"
        if column in found.rows and name not in ("duplicate", "order", "leak"):
            assert not found.rows[column].all(), name
    assert found._repr_html_() and repr(found)


NAMES = st.sampled_from(
    [
        *("dataset", "datasets", "classes", "rates", "attacks", "detectors", "victim", "victims"),
        *("defences", "n_runs", "n_train", "seed", "fit", "use", "name", "path", "label", "C"),
        *("digits", "iris", "mnist", "file", "flipping", "centroid", "linear-svm", "none", "knn"),
        *("sklearn.svm.SVC", "os.system", "estimator", "kernel", "pooled", "rate", "trust"),
    ]
)
SCALARS = NAMES | ANY.filter(lambda value: not isinstance(value, tuple)) | st.integers(0, 9)
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=6,
)
PROTOCOL = {"dataset": "digits", "n_train": 20, "n_val": 20, "n_test": 20, "n_runs": 6}
COMPARISON = {
    "datasets": ["iris", {"name": "two", "use": "digits", "classes": [0, 1]}],
    "victims": ["linear-svm", {"name": "soft", "use": "linear-svm", "C": 0.1}],
    "attacks": ["flipping", {"name": "gentle", "use": "flipping", "rate": 0.1}],
    "defences": ["none", {"name": "half", "use": "centroid", "contamination": 0.5}],
}


@st.composite
def experiments(draw):
    """A file of an experiment in which some entries were changed, or any mapping."""
    content = dict(draw(st.sampled_from([PROTOCOL, COMPARISON, {}])))
    content |= draw(
        st.dictionaries(
            st.sampled_from([*content, "dataset"]) | NAMES,
            NESTED | st.just([0, 1]),
            max_size=draw(st.sampled_from([0, 1, 1, 3])),
        )
    )
    text = yaml.safe_dump(content)
    if draw(st.integers(0, 4)) == 0:
        cut, more = draw(st.integers(0, len(text))), draw(st.text(max_size=3))
        text = text[:cut] + more + text[cut:]
    return text.encode("utf-8", errors="replace")


@given(experiments())
def test_experiments_are_read_or_refused(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "experiment.yaml"
        path.write_bytes(content)
        with judged():
            try:
                experiment = read_protocol(path)
            except ValueError as error:
                if isinstance(error.__cause__, TypeError):
                    assert is_clean(error.__cause__)
                raise
            path.write_text(experiment.to_yaml(), encoding="utf-8")
            assert read_protocol(path) == experiment
            assert experiment.plan()
