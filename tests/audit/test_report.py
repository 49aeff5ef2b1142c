"""The page is read back with an HTML parser, as a browser would."""

import base64
import io
import re
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import sparse
from sklearn.datasets import load_digits

from skpoison.audit import AuditData
from tests.audit.audits import HOSTILE, HOSTILE_LABELS, Page, audit_of, finding, hostile_table


def page_of(audit, tmp_path):
    audit.to_html(tmp_path / "report.html")
    return Page((tmp_path / "report.html").read_text(encoding="utf-8"))


@pytest.fixture
def digits():
    """Digits of which ten are labelled as the next one."""
    X, truth = load_digits(return_X_y=True)
    y = truth.copy()
    wrong = np.arange(0, 200, 20)
    y[wrong] = (truth[wrong] + 1) % 10
    score = np.random.default_rng(0).normal(size=len(y))
    score[wrong] = 6 + np.arange(10)
    found = finding(
        "label",
        "Wrong labels",
        len(y),
        wrong,
        score=score,
        suggested_label=truth,
        probability=np.isin(np.arange(len(y)), wrong) * 0.9,
    )
    none = finding("duplicate", "Duplicates", len(y), sentence="No row is there twice.")
    return audit_of(
        AuditData(X.reshape(-1, 8, 8) / 16, y, "images", label_name="digit"), found, none
    )


def hostile_text():
    data = AuditData(HOSTILE, np.array(HOSTILE_LABELS, dtype=object), "text")
    return audit_of(data, finding("outlier", "Far", len(HOSTILE), range(len(HOSTILE))))


@pytest.mark.parametrize("make", [hostile_table, hostile_text])
def test_hostile_values_are_text_and_nothing_else(make, tmp_path):
    page = page_of(make(), tmp_path)
    source = files("skpoison.audit").joinpath("templates/report.js").read_text(encoding="utf-8")
    assert page.scripts == [source]
    assert {tag for tag, _ in page.elements} <= set(
        "html head meta title style script body a header main section nav form figure figcaption "
        "div p span b bdi h1 h2 ul li dl dt dd table thead tbody tr th td mark small details "
        "summary pre button label input select option output svg line rect text".split()
    )
    for _, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("src", "srcset", "action", "formaction") or value.startswith(
                "data:"
            )
            assert name != "href" or value.startswith("#")
    for value in HOSTILE:
        written = value.encode("ascii", "backslashreplace").decode()
        for character in "\r\x1b\x07\x00":
            written = written.replace(
                character, "\\r" if character == "\r" else f"\\x{ord(character):02x}"
            )
        assert written.strip()[:50] in page.text
    assert "x" * 500 not in page.text


def test_nothing_is_loaded_from_elsewhere(digits, tmp_path):
    html = digits._repr_html_()
    assert "<script" not in html
    page = page_of(digits, tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<link|<iframe", text)
    (policy,) = [
        meta["content"]
        for meta in page.all("meta")
        if "content" in meta and "src" in meta["content"]
    ]
    assert policy.startswith("default-src 'none'")


def test_picture_of_the_scores_counts_the_rows(digits, tmp_path):
    page = page_of(digits, tmp_path)
    (svg,) = page.all("svg")
    score, flagged = digits.findings["label"].score, digits.findings["label"].flagged
    (cut,) = page.all("line", class_="cut")
    height = {rect["class"]: [] for rect in page.all("rect")}
    for rect in page.all("rect"):
        height[rect["class"]].append(float(rect["height"]))
        assert (float(rect["x"]) >= float(cut["x1"]) - 1) == (rect["class"] == "flagged")
    # heights are log(1 + rows), to one scale
    (ground,) = {float(rect["y"]) + float(rect["height"]) for rect in page.all("rect")}
    tick = [line for line in page.all("line", class_="grid")][1]  # ten rows
    unit = np.log1p(10) / (ground - float(tick["y1"]))
    assert np.expm1(np.array(height["flagged"]) * unit).sum() == pytest.approx(10, rel=0.03)
    assert np.expm1(np.array(height["kept"]) * unit).sum() == pytest.approx(
        len(score) - 10, rel=0.03
    )
    middle = (score[flagged].min() + score[~flagged].max()) / 2
    assert f"cut at {middle:.3g}" in svg["aria-label"]


def test_picture_of_the_labels_counts_pairs(digits, tmp_path):
    page = page_of(digits, tmp_path)
    flagged = digits.rows["flagged"]
    pairs = digits.rows[flagged].groupby(["label", "suggested_label"]).size()
    shown = {
        tuple(map(int, re.findall(r"\d+", link["aria-label"])))
        for link in page.all("a")
        if "data-given" in link
    }
    assert shown == {(count, *pair) for pair, count in pairs.items()}


def test_of_many_classes_the_most_confused_are_shown(tmp_path):
    names = np.array([f"class {k:03d}" for k in range(100)])
    y = np.repeat(names, 3)
    likelier = y.copy()
    likelier[:12] = "class 050"
    data = AuditData(["a text"] * 300, y, "text")
    found = finding(
        "label", "Wrong labels", 300, range(12), suggested_label=likelier, probability=np.ones(300)
    )
    page = page_of(audit_of(data, found), tmp_path)
    links = [link["aria-label"] for link in page.all("a") if "data-given" in link]
    assert links == [f"3 labelled class {k:03d}, likelier class 050" for k in range(4)]
    assert "most confused of 100 classes" in page.text


def test_thumbnails_are_the_images(digits, tmp_path):
    images = page_of(digits, tmp_path).all("img")
    assert [image["alt"] for image in images] == [str(row) for row in range(180, -1, -20)]
    file = io.BytesIO(base64.b64decode(images[0]["src"].removeprefix("data:image/png;base64,")))
    np.testing.assert_array_equal(np.asarray(Image.open(file)), np.round(255 * digits.data.X[180]))


def test_files_are_shown_as_they_are_and_broken_ones_as_they_were_read(tmp_path):
    paths = [tmp_path / "red.png", tmp_path / "broken.png"]
    Image.new("RGB", (300, 150), "red").save(paths[0])
    paths[1].write_bytes(paths[0].read_bytes()[:60])
    X = np.zeros((2, 4, 4, 3), dtype=np.uint8)
    data = AuditData(X, np.array([0, 1]), "images", paths=list(map(str, paths)))
    page = page_of(audit_of(data, finding("outlier", "Far", 2, [0, 1])), tmp_path)
    shown = [
        Image.open(io.BytesIO(base64.b64decode(image["src"].split(",")[1])))
        for image in page.all("img")
    ]
    assert [image.size for image in shown] == [(96, 48), (4, 4)]
    assert np.abs(np.asarray(shown[0], dtype=int)[20, 20] - [255, 0, 0]).max() < 5


def test_unusual_cells_are_marked_within_their_class(tmp_path):
    rng = np.random.default_rng(0)
    y = np.repeat(["cat", "dog"], 200)
    X = pd.DataFrame(
        {
            "weight": np.where(y == "cat", 4, 30) + rng.uniform(-1, 1, 400),
            "fur": np.where(np.arange(400) % 2, "long", "short"),
            "name": [f"name {row}" for row in range(400)],
        }
    )
    X.loc[7, "weight"], X.loc[9, "fur"] = 30.0, "none"  # a dog's weight, a cat alone without fur
    audit = audit_of(AuditData(X, y, "table"), finding("outlier", "Far", 400, [7, 9, 250]))
    page = page_of(audit, tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    marked = re.findall(r"<mark><bdi>(.*?)</bdi> <small>(.*?)</small>", html)
    assert marked == [("30", "top 0.5 %"), ("none", "rare: 0.5 %")]  # one of 200
    assert len(page.all("mark")) == 2


def test_words_of_the_suggested_label_are_marked(tmp_path):
    pets = ["the cat sat on a mat", "a dog and a cat", "the dog barks at a cat"] * 20
    cars = ["the engine of a car", "a car and a wheel", "the wheel turns"] * 20
    texts = [*pets, *cars, "word " * 300 + "the engine of a car " + "more " * 300]
    y = np.array(["pets"] * 60 + ["cars"] * 60 + ["pets"])
    likelier = y.copy()
    likelier[-1] = "cars"
    found = finding(
        "label", "Wrong labels", 121, [120], suggested_label=likelier, probability=np.ones(121)
    )
    page_of(audit_of(AuditData(texts, y, "text"), found), tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (
        {"engine", "car"} <= set(re.findall(r"<mark>(.*?)</mark>", html)) <= {"engine", "car", "of"}
    )


@pytest.mark.parametrize("kind", ["table", "text", "images"])
def test_page_of_60000_rows_is_small(kind, tmp_path):
    n, rng = 60_000, np.random.default_rng(0)
    X = {
        "table": lambda: pd.DataFrame(
            rng.normal(size=(n, 14)), columns=[f"<{k}>" * 12 for k in range(14)]
        ),
        "text": lambda: ["<&>" * 400] * n,
        "images": lambda: rng.integers(0, 256, (n, 40, 40, 3), dtype=np.uint8),
    }[kind]()
    y = rng.integers(0, 100, n)
    findings = [
        finding(
            name, name, n, range(k, n, 9), suggested_label=(y + 1) % 100, probability=rng.random(n)
        )
        for k, name in enumerate(["label", "outlier", "duplicate", "trigger", "influence", "order"])
    ]
    audit = audit_of(AuditData(X, y, kind), *findings)
    page = page_of(audit, tmp_path)
    assert (tmp_path / "report.html").stat().st_size < 5e6
    rows = [attributes for _, attributes in page.elements if attributes.get("class") == "row"]
    assert 300 <= len(rows) <= 1_000
    n_rest = sum(
        int(count.replace(",", "")) for count in re.findall(r"the other ([\d,]+)", page.text)
    )
    assert n_rest + len(rows) == sum(one.flagged.sum() for one in findings)


def test_pictures_of_which_none_is_flagged_have_a_page(tmp_path):
    X, y = np.zeros((4, 2, 2)), np.array([0, 1, 0, 1])
    order = finding("order", "Order", 4, found=True, sentence="Labels follow the file's order.")
    page = page_of(audit_of(AuditData(X, y, "images"), order), tmp_path)
    assert "follow the file's order" in page.text and not page.all("img")


@pytest.mark.parametrize("kind", ["table", "images"])
def test_code_drops_the_flagged_rows(kind, digits, tmp_path):
    audit = digits if kind == "images" else hostile_table()
    html = page_of(audit, tmp_path).text
    code = html[html.index("import numpy") : html.index("What was looked for")]
    data, n = pd.DataFrame({"row": range(len(audit.rows))}), len(audit.rows)
    scope = {"data": data, "X": np.arange(n), "y": np.arange(n)}
    exec(code, scope)
    left = scope["X"] if kind == "images" else scope["data"]["row"]
    np.testing.assert_array_equal(left, np.flatnonzero(~audit.rows["flagged"]))


@pytest.mark.parametrize(
    "data",
    [
        AuditData(sparse.eye_array(50, 900, format="csr"), np.arange(50) % 2, "features"),
        AuditData(np.ones((50, 3)), np.linspace(0, 1, 50), "features", task="regression"),
        AuditData(["", "a", "b c"], np.eye(3, dtype=int), "text", task="multilabel"),
        AuditData(
            pd.DataFrame({"d": pd.to_datetime([None, "2024-01-01"])}), np.array([1, 2]), "table"
        ),
    ],
)
def test_rows_of_any_kind_and_task(data, tmp_path):
    n = len(data.y)
    page = page_of(audit_of(data, finding("outlier", "Far", n, range(n))), tmp_path)
    rows = [attributes for _, attributes in page.elements if attributes.get("class") == "row"]
    assert [int(row["data-position"]) for row in rows] == list(range(n))


def test_nothing_found(tmp_path):
    audit = audit_of(
        AuditData(["a", "b"], np.array([0, 1]), "text"), finding("label", "Wrong labels", 2)
    )
    text = page_of(audit, tmp_path).text
    assert "Nothing wrong was found in 2 rows" in text
    assert "Drop what is flagged" not in text


def test_a_page_that_cannot_be_written_leaves_the_old_one(digits, tmp_path):
    with pytest.raises(OSError, match="could not be written"):
        digits.to_html(tmp_path / "no" / "report.html")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="could not be written"):
        digits.to_html(tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_regression_is_told_in_its_own_words(tmp_path):
    y = np.linspace(1, 2, 30)
    y[4] = 90.0
    data = AuditData(pd.DataFrame({"size": np.arange(30.0)}), y, "table", task="regression")
    found = finding(
        *("target", "Wrong targets", 30, [4]),
        suggested_label=np.linspace(1, 2, 30),
        probability=np.eye(30)[4],
    )
    audit = audit_of(data, found)
    page = page_of(audit, tmp_path)
    assert "given 90, expected 1.13793" in page.text and "wrong target > 99 %" in page.text
    assert "wrong label" not in page.text and "labelled" not in page.text
    assert audit.summary["sentence"] == "1 rows are flagged."  # once, where one kind flags rows
