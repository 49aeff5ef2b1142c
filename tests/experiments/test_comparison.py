"""Comparisons: what a cell holds, what files may say, that work goes on where it stopped."""

import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from typer.testing import CliRunner

from skpoison.attacks import LabelFlipAttack
from skpoison.cli import app
from skpoison.detectors import CentroidDetector
from skpoison.experiments import Comparison, read_protocol, run_protocol, write_report
from skpoison.metrics import clean_removed_rate, poison_recall

FLIPS = {"name": "flips", "use": "flipping", "injection": "replace"}
DEFENCES = [{"name": "centroid", "use": "centroid", "contamination": 0.2}]
IRIS = Comparison(["iris"], ["linear-svm"], [FLIPS], DEFENCES, rates=[0.3], n_runs=2)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    return folder, run_protocol(IRIS, folder)


def rows_of_first_run(folder):
    X, y = load_iris(return_X_y=True)
    with np.load(next(folder.glob("draw/iris-00-*")) / "rows.npz") as rows:
        assert len(np.unique(np.concatenate(list(rows.values())))) == len(y)
        return [(X[rows[part]], y[rows[part]]) for part in ("train", "val", "test")]


def test_cells_are_what_scikit_learn_gives_by_hand(finished):
    folder, results = finished
    (X, y), (X_val, y_val), (X_test, y_test) = rows_of_first_run(folder)
    attack = LabelFlipAttack(rate=0.3, injection="replace", random_state=0)
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    verdict = CentroidDetector(contamination=0.2, random_state=0).fit_predict(X_out, y_out)

    def accuracy(X_train, y_train):
        scaler = StandardScaler().fit(X_train)
        victim = SVC(kernel="linear").fit(scaler.transform(X_train), y_train)
        return victim.score(scaler.transform(X_test), y_test)

    cells = results[results["run"] == 0].set_index(["attack", "defence"])
    assert cells.loc[("none", "none"), "score"] == accuracy(X, y)
    assert cells.loc[("flips", "none"), "score"] == accuracy(X_out, y_out)
    defended = cells.loc[("flips", "centroid")]
    assert defended["score"] == accuracy(X_out[verdict == 1], y_out[verdict == 1])
    assert defended["recall"] == poison_recall(attack.poison_mask_, verdict)
    assert defended["clean_removed"] == clean_removed_rate(attack.poison_mask_, verdict)


def test_what_is_done_is_not_done_again_and_a_new_line_adds_its_cells(finished):
    folder, results = finished
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*/*/SHA256SUMS")}
    more = Comparison(["iris"], ["linear-svm"], [FLIPS], [*DEFENCES, "knn"], rates=[0.3], n_runs=2)
    with pytest.raises(ValueError, match="holds the results of another protocol"):
        run_protocol(more, folder)
    again = run_protocol(more, folder, update=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    kept = again[again["defence"] != "knn"].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, results)
    assert len(again) == len(results) * 3 / 2


def test_a_learner_stands_in_for_the_victim_or_takes_it(tmp_path):
    defences = [
        {"use": "sklearn.ensemble.BaggingClassifier", "name": "bagged", "n_estimators": 3},
        {"use": "sklearn.dummy.DummyClassifier", "name": "prior"},
    ]
    comparison = Comparison(["wine"], ["linear-svm"], ["flipping"], defences, rates=[0], n_runs=1)
    results = run_protocol(comparison, tmp_path).set_index("defence")
    assert results.loc["bagged", "score"] > 0.9
    assert results.loc["prior", "score"] == pytest.approx(18 / 45, abs=1 / 45)  # largest class


def test_tables_and_texts_of_files_and_a_page(tmp_path):
    rng = np.random.default_rng(0)
    kind = np.repeat(["ham", "spam"], 40)
    table = pd.DataFrame({"size": rng.normal(size=80), "word": np.where(kind == "ham", "a", "b")})
    table.assign(kind=kind).to_csv(tmp_path / "table.csv", index=False)
    words = [f"{w} {rng.integers(9)} word" for w in np.where(kind == "ham", "eggs", "cash")]
    pd.DataFrame({"mail": words, "kind": kind}).to_parquet(tmp_path / "mails.parquet")
    comparison = Comparison(
        [
            {"use": "file", "name": "table", "path": str(tmp_path / "table.csv"), "label": "kind"},
            {
                "use": "file",
                "name": "mails <b>",
                "path": str(tmp_path / "mails.parquet"),
                "label": "kind",
                "text": "mail",
            },
        ],
        ["linear-svm"],
        ["flipping", "optimal"],
        ["label-noise"],
        rates=[0.2],
        n_runs=1,
    )
    with pytest.warns(
        UserWarning,
        match="Left out.*optimal on table .takes rows of numbers only., .*optimal on mails <b>",
    ):
        results = run_protocol(comparison, tmp_path / "out")
    clean = results[(results["attack"] == "none") & (results["defence"] == "none")]
    assert (clean["score"] == 1).all() and len(clean) == 2
    page = write_report(tmp_path / "out").read_text(encoding="utf-8")
    assert "mails <b>" not in page and "mails &lt;b&gt;" in page


def test_classes_of_a_file_and_a_folder_from_the_environment(tmp_path, monkeypatch):
    rows = pd.DataFrame(np.random.RandomState(0).normal(size=(90, 2)), columns=list("ab"))
    rows.assign(kind=np.arange(90) % 3).to_csv(tmp_path / "table.csv", index=False)
    monkeypatch.setenv("FOLDER_OF_MINE", str(tmp_path))
    table = {"use": "file", "path": "$FOLDER_OF_MINE/table.csv", "label": "kind", "classes": [0, 2]}
    learners = [{"use": "partitions", "n_partitions": 3}]
    comparison = Comparison([table], ["logistic"], ["flipping"], learners, rates=[0.2], n_runs=1)
    results = run_protocol(comparison, tmp_path / "out")
    assert set(results["defence"]) == {"none", "partitions"} and results["score"].notna().all()
    with np.load(next((tmp_path / "out").glob("draw/*")) / "rows.npz") as parts:
        assert sum(map(len, parts.values())) == 60
    assert str(tmp_path) not in (tmp_path / "out" / "protocol.yaml").read_text()
    with pytest.raises(ValueError, match=r"classes names .'7'., which no row has"):
        run_protocol(Comparison([table | {"classes": [0, 7]}], **rest(comparison)), tmp_path / "b")


def rest(comparison):
    names = ("victims", "attacks", "defences", "rates", "n_runs")
    return {name: getattr(comparison, name) for name in names}


def test_numbers_as_targets_and_backdoors(tmp_path):
    backdoor = {"use": "backdoor", "y_target": 0, "rate": 0.1}
    comparison = Comparison(
        ["diabetes", {"use": "digits", "classes": [0, 1]}],
        ["ridge", {"use": "sklearn.neighbors.KNeighborsClassifier", "n_neighbors": 1}],
        ["regression-statistical", backdoor],
        ["residual"],
        rates=[0.2],
        n_runs=1,
    )
    with pytest.warns(UserWarning, match="Left out"):
        results = run_protocol(comparison, tmp_path)
    assert not results["score"].isna().any()
    cells = results.set_index(["dataset", "attack", "defence"]).sort_index()
    assert set(cells.loc["diabetes", "victim"]) == {"ridge"}
    attacked = cells.loc[("diabetes", "regression-statistical", "none"), "score"]
    assert attacked < cells.loc[("diabetes", "none", "none"), "score"]
    # One neighbour has learnt the trigger by heart: rows that carry it are the target's.
    assert cells.loc[("digits", "backdoor", "none"), "attack_success"] > 0.5
    assert cells.loc[("digits", "none", "none"), "score"] == 1


def test_an_estimator_that_refuses_its_rows_leaves_its_cells_empty(tmp_path):
    # a third of iris is of each class: the attacker's quarter has 25 rows of others to copy
    comparison = Comparison(
        ["iris"], ["linear-svm"], ["backdoor"], ["centroid"], rates=[0.1, 0.9], n_runs=1
    )
    with pytest.warns(UserWarning, match="2 of 6 cells are empty.*rate=0.9 asks for 67 poison"):
        results = run_protocol(comparison, tmp_path)
    empty = results["rate"] == 0.9
    assert results.loc[empty, "refused"].str.contains("poison: rate=0.9").all()
    assert results.loc[empty, "score"].isna().all()
    assert results.loc[~empty, "score"].notna().all()
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "Empty cells" in page and "rate=0.9 asks for 67" in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"datasets": ["mnits"]}, "Did you mean 'mnist'"),
        ({"datasets": [{"use": "digits", "klasses": [1]}]}, "Did you mean 'classes'"),
        ({"datasets": [{"use": "file", "path": "none.csv", "label": "y"}]}, "no CSV or Parquet"),
        ({"victims": ["linear-smv"]}, "Did you mean 'linear-svm'"),
        ({"victims": [{"use": "forest", "n_estimator": 3}]}, "Did you mean 'n_estimators'"),
        ({"attacks": ["flippin"]}, "Did you mean 'flipping'"),
        ({"attacks": []}, "attacks must be a list that is not empty"),
        ({"defences": ["knn", "knn"]}, "entries of different names"),
        ({"datasets": [{"name": "\x1b[2J", "use": "iris"}]}, r"name '\\x1b\[2J'"),
        ({"datasets": [{"name": "=1+1", "use": "iris"}]}, "the first a letter or a digit"),
        ({"defences": [{"name": "a\u202eb", "use": "knn"}]}, "can be printed"),
        ({"defences": [3]}, "expected a name, or a mapping"),
        ({"defences": ["os.system"]}, "'os' is not trusted"),
        ({"defences": ["sklearn.utils.shuffle"]}, "no scikit-learn estimator"),
        ({"rates": [2]}, "numbers from 0 to 1"),
        (
            {"victims": [{"use": "sklearn.ensemble.BaggingClassifier", "estimator": "linear-svm"}]},
            "a parameter of 'sklearn.ensemble.BaggingClassifier' must be an estimator",
        ),
        ({"n_runs": True}, "an integer of at least 1"),
        ({"n_runs": 10**9}, "asks for 3,000,000,000 results, an experiment has at most 200,000"),
    ],
)
def test_what_is_wrong_is_said_before_any_work(change, message):
    content = {"datasets": ["iris"], "victims": ["linear-svm"], "attacks": ["flipping"]} | change
    with pytest.raises(ValueError, match=message):
        Comparison(**content)


def test_a_class_of_ones_own_is_one_line_once_its_package_is_trusted(tmp_path, monkeypatch):
    source = (
        "from sklearn.ensemble import IsolationForest\n"
        "from skpoison.detectors import CentroidDetector\n"
        "print('imported')\n\n\n"
        "class Mine(CentroidDetector):\n"
        "    pass\n\n\n"
        "class Named(IsolationForest):\n"
        "    def _get_param_names(self):  # no class method, as in PyOD\n"
        "        return IsolationForest._get_param_names()\n"
    )
    named = {"use": "package_of_mine.Named", "n_estimators": 5}
    (tmp_path / "package_of_mine.py").write_text(source)
    content = {
        "datasets": ["iris"],
        "victims": ["linear-svm"],
        "attacks": ["flipping"],
        "defences": [
            "package_of_mine.Mine",
            {"use": "class-conditional", "name": "Named", "estimator": named},
        ],
        "n_runs": 1,
        "rates": [0.1],
    }
    (tmp_path / "protocol.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="--trust package_of_mine"):
        read_protocol(tmp_path / "protocol.yaml")
    assert "package_of_mine" not in sys.modules

    arguments = ["run", str(tmp_path / "protocol.yaml"), "--out", str(tmp_path / "out")]
    outcome = CliRunner().invoke(app, [*arguments, "--trust", "package_of_mine"])
    assert outcome.exit_code == 0, outcome.output
    defences = set(pd.read_csv(tmp_path / "out" / "results.csv")["defence"])
    assert {"Mine", "Named"} <= defences


def test_yaml_says_it_all(tmp_path):
    (tmp_path / "protocol.yaml").write_text(IRIS.to_yaml())
    assert read_protocol(tmp_path / "protocol.yaml") == IRIS
