import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale
from sklearn.svm import SVC

from skpoison.attacks import ConstrainedPoisoningAttack, LabelFlipAttack
from skpoison.attacks._ascent import Box
from skpoison.attacks._feasible import FeasibleSet
from skpoison.detectors import CentroidDetector, SlabDetector

METHODS = ["influence", "kkt", "min-max"]


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    rows = np.random.RandomState(0).permutation(len(X))
    X, y = scale(X)[rows], y[rows]
    return (X[:100], y[:100]), (X[100:200], y[100:200]), (X[200:], y[200:])


@pytest.mark.parametrize("method", METHODS)
def test_poison_passes_the_detectors_and_harms_more_than_flips_that_pass(method, cancer):
    (X, y), val, test = cancer
    sphere = CentroidDetector(contamination=0.05).fit(X, y)
    slab = SlabDetector(center="mean", contamination=0.05).fit(X, y)

    def passes(rows, labels):
        scores = ((d, d.score_samples(rows, labels)) for d in (sphere, slab))
        limits = (
            np.array([np.quantile(d.training_scores_[y == k], 0.05) for k in (0, 1)])[labels]
            for d in (sphere, slab)
        )
        return np.all([s >= low - 1e-6 for (_, s), low in zip(scores, limits, strict=True)], axis=0)

    attack = ConstrainedPoisoningAttack(method=method, rate=0.2, random_state=0)
    X_out, y_out = attack.fit_resample(X, y, X_val=val[0], y_val=val[1])
    poison = attack.poison_mask_
    assert passes(X_out[poison], y_out[poison]).all()

    victim, by_chance = SVC(kernel="linear"), []
    for seed in range(3):
        flips = LabelFlipAttack(rate=1.0, random_state=seed)
        X_flip, y_flip = flips.fit_resample(X, y)
        chosen = np.flatnonzero(flips.poison_mask_)
        chosen = chosen[passes(X_flip[chosen], y_flip[chosen])][:20]
        rows = np.append(np.arange(100), chosen)
        by_chance.append(victim.fit(X_flip[rows], y_flip[rows]).score(*test))
    assert victim.fit(X_out, y_out).score(*test) < np.mean(by_chance) - 0.03


def test_min_max_in_a_sphere_is_the_closed_form():
    """The row of most loss is the centre's shift against the weights, by the radius."""
    rng = np.random.RandomState(0)
    X, y = np.concatenate([rng.randn(20, 3) - 1, rng.randn(20, 3) + 1]), np.repeat([0, 1], 20)
    attack = ConstrainedPoisoningAttack(
        method="min-max", defences=("sphere",), quantile=1.0, bounds=None, rate=1
    )
    X_out, y_out = attack.fit_resample(X, y)
    weights = SVC(kernel="linear").fit(X, y).coef_[0]
    unit, sign = weights / np.linalg.norm(weights), 2 * y_out[-1] - 1
    own = X[y == y_out[-1]]
    radius = np.linalg.norm(own - own.mean(axis=0), axis=1).max()
    np.testing.assert_allclose(X_out[-1], own.mean(axis=0) - sign * radius * unit, atol=1e-3)
    assert attack.radii_[y_out[-1]] == pytest.approx(radius)


def test_projections_are_those_of_a_general_solver():
    rng = np.random.RandomState(0)
    X, y = rng.randn(30, 3) + np.repeat([[0], [2], [4]], 10, axis=0), np.repeat([0, 1, 2], 10)
    box = Box(np.full(3, -1.0), np.full(3, 5.0), np.full(3, 6.0))
    feasible = FeasibleSet(X, y, 3, ("sphere", "slab"), 0.9, box)
    center, radius, width = feasible.centers[1], feasible.radii[1], feasible.widths[1]
    for point in 4 * rng.randn(5, 3):
        constraints = [{"type": "ineq", "fun": lambda x: radius**2 - ((x - center) ** 2).sum()}]
        for line in feasible.lines[1]:
            constraints += [
                {"type": "ineq", "fun": lambda x, u=line, s=s: width - s * (x - center) @ u}
                for s in (-1, 1)
            ]
        found = minimize(
            lambda x, p=point: ((x - p) ** 2).sum(),
            center,
            bounds=[(-1, 5)] * 3,
            constraints=constraints,
            method="SLSQP",
            options={"ftol": 1e-12},
        )
        np.testing.assert_allclose(feasible.project(point[None], 1)[0], found.x, atol=5e-3)


def test_many_classes_and_other_victims():
    X, y = load_iris(return_X_y=True)
    for method in ("influence", "min-max"):
        attack = ConstrainedPoisoningAttack(
            LogisticRegression(max_iter=1000), method=method, rate=4, injection="replace"
        )
        X_out, _ = attack.set_params(random_state=0, max_iter=5).fit_resample(X, y)
        assert X_out.shape == X.shape and np.isfinite(attack.widths_).all()


@pytest.mark.parametrize(
    "params, message",
    [
        ({"defences": ("spheer",)}, "must hold 'sphere', 'slab' or both"),
        ({"method": "kkt"}, "hinge loss and two classes"),
        ({"method": "min-max", "estimator": SVC()}, "is not linear"),
    ],
)
def test_what_it_cannot_do_is_named(params, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=message):
        ConstrainedPoisoningAttack(**params).fit_resample(X, y)
