"""What must not change a verdict: the order of rows, names of labels, units, rounding, ...

Every detector judges the same rows twice, the second time changed in a way that means nothing.
"""

import joblib
import numpy as np
import pytest

from skpoison.utils import all_estimators
from tests.quick import quick

N_ROWS, N_POISON = 90, 9
RNG = np.random.RandomState(0)
Y_TRUE = np.arange(N_ROWS) % 3
POISON = np.isin(np.arange(N_ROWS), RNG.permutation(N_ROWS)[:N_POISON])
Y = np.where(POISON, (Y_TRUE + 1) % 3, Y_TRUE)
X = RNG.normal(size=(N_ROWS, 4)) + 8 * np.eye(4)[Y_TRUE]

ORDER = RNG.permutation(N_ROWS)
NOISE = 1e-7 * RNG.normal(size=X.shape)
NAMES = np.array(["pear", "fig", "apple"])


def verdict(detector, rows, labels):
    return detector.fit_predict(rows, labels) == -1


def in_other_order(detector):
    flagged = np.empty(N_ROWS, dtype=bool)
    flagged[ORDER] = verdict(detector, X[ORDER], Y[ORDER])
    return flagged


def twice(detector):
    flagged = verdict(detector, np.vstack([X, X]), np.tile(Y, 2))
    np.testing.assert_array_equal(flagged[:N_ROWS], flagged[N_ROWS:])
    return flagged[:N_ROWS]


def side_by_side(detector):
    with joblib.parallel_config("threading"):
        return verdict(detector.set_params(n_jobs=2), X, Y)


RELATIONS = {
    "row order": in_other_order,
    "column order": lambda detector: verdict(detector, X[:, ::-1], Y),
    "units": lambda detector: verdict(detector, X * [10, 0.1, 1, 3] + [5, 0, -2, 1], Y),
    "label names": lambda detector: verdict(detector, X, NAMES[Y]),
    "label type": lambda detector: verdict(detector, X, Y.astype(float) - 1),
    "float32": lambda detector: verdict(detector, X.astype(np.float32), Y),
    "memory order": lambda detector: verdict(detector, np.asfortranarray(X), Y),
    "duplicate rows": twice,
    "one more row": lambda detector: verdict(
        detector, np.vstack([X, X[Y_TRUE == 1].mean(axis=0)]), np.append(Y, 1)
    )[:-1],
    "rounding": lambda detector: verdict(detector, X + NOISE, Y),
    "seed": lambda detector: verdict(detector.set_params(random_state=1), X, Y),
    "n_jobs": side_by_side,
}
OF_NETWORKS = ("label names", "memory order", "n_jobs")
DISTANCES = "its distances are those of the rows as they are: columns in one unit are its premise"
LOT = "it draws: rows near its threshold fall on either side"
DIFFERENT = {
    "units": {
        "BlockwiseDetector": DISTANCES,
        "CentroidDetector": DISTANCES,
        "ClassConditionalDetector": DISTANCES,
        "InfluenceDetector": "its kernel has one width for all columns",
        "KNNDetector": DISTANCES,
        "SlabDetector": DISTANCES,
        "SpectralSignatureDetector": "its direction is that of the largest variance",
        "SpectreDetector": "its components are those of the largest variance",
    },
    "duplicate rows": {
        "KNNDetector": "a copy is the nearest neighbour",
        "StripDetector": LOT,
    },
    "label names": {
        "AreaUnderMarginDetector": "the order of the classes orders the network's first weights",
        "CAEPlusDetector": "the order of the classes orders the network's first weights",
    },
    "row order": {"DataOOBDetector": LOT, "StripDetector": LOT},
    "column order": {"DataOOBDetector": LOT, "StripDetector": LOT},
    "one more row": {"StripDetector": LOT},
    "seed": {"DataOOBDetector": LOT, "StripDetector": LOT},
}
# Nothing is found where no trigger is.
FINDS_NOTHING = ("TriggerSearchDetector",)


def share(detector):
    return detector.set_params(contamination=N_POISON / N_ROWS)


def cases():
    for name, detector in all_estimators("detector"):
        accepted = detector._get_param_names()
        for relation in RELATIONS:
            if "epochs" in accepted and relation not in OF_NETWORKS:
                continue
            if relation == "n_jobs" and "n_jobs" not in accepted:
                continue
            if name not in DIFFERENT.get(relation, {}):
                yield name, relation


@pytest.fixture(scope="module")
def plain():
    """Verdicts on the rows as they are, by detector."""
    return {}


@pytest.mark.parametrize(("name", "relation"), list(cases()))
def test_what_means_nothing_changes_no_verdict(name, relation, plain):
    make = dict(all_estimators("detector"))[name]
    if name not in plain:
        plain[name] = verdict(share(quick(make)), X, Y)
    changed = RELATIONS[relation](share(quick(make)))
    if name in FINDS_NOTHING:
        assert not plain[name].any() and not changed.any()
        return
    common, together = plain[name] & changed, plain[name] | changed
    assert common.sum() >= 0.95 * together.sum() > 0


def test_the_table_of_differences_names_what_there_is():
    known = dict(all_estimators("detector"))
    for relation, reasons in DIFFERENT.items():
        assert relation in RELATIONS and set(reasons) <= set(known)
