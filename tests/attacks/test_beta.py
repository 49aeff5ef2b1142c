import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.datasets import load_iris

from skpoison.attacks import BetaPoisoningAttack


def density(point, rows):
    """The kernel density, a loop over the rows."""
    spread = 2 * pdist(rows).sum() / len(rows) ** 2
    return np.mean([np.exp(-np.linalg.norm(point - row) / spread) for row in rows])


def test_two_prototypes_meet_where_the_line_through_them_is_densest():
    rng = np.random.RandomState(0)
    X = np.concatenate([rng.randn(30, 2), 8 + rng.randn(2, 2)])
    y = np.repeat([0, 1], [30, 2])
    attack = BetaPoisoningAttack(rate=5, n_prototypes=2, y_source=1, bounds=(-20, 20))
    X_out, y_out = attack.set_params(random_state=0).fit_resample(X, y)
    shares = np.linspace(-0.5, 1.5, 2001)[:, None]
    line = shares * X[30] + (1 - shares) * X[31]
    best = max(density(point, X[30:]) for point in line)
    for point, value in zip(X_out[32:], attack.density_, strict=True):
        assert value == pytest.approx(density(point, X[30:]))
        assert value > 0.98 * best
    assert set(y_out[32:]) == {0}


def test_poison_is_denser_than_the_class_and_stays_in_its_hull_plane(digits_pair):
    """Fewer prototypes than columns: a poison row that was not clipped is a combination of 3s."""
    X, y = digits_pair
    attack = BetaPoisoningAttack(rate=10, y_source=3, bounds=None, random_state=0)
    X_out, y_out = attack.fit_resample(X[:60], y[:60])
    threes, poison = X[:60][y[:60] == 3], X_out[attack.poison_mask_]
    assert attack.density_.min() > max(density(row, threes) for row in threes)
    weights = np.linalg.lstsq((threes - threes[0]).T, (poison - threes[0]).T, rcond=None)[0]
    np.testing.assert_allclose(weights.T @ (threes - threes[0]), poison - threes[0], atol=1e-8)
    assert set(y_out[60:]) == {8} and (y[attack.sample_indices_[60:]] == 3).all()


def test_many_classes_few_rows_and_the_attackers():
    X, y = load_iris(return_X_y=True)
    rows = [0, 50, 51, 100]
    attack = BetaPoisoningAttack(rate=30, injection="replace", random_state=0)
    X_out, _y_out = attack.fit_resample(X, y, X_val=X[rows], y_val=y[rows])
    assert X_out.shape == X.shape and (attack.sample_indices_[-30:] == -1).all()
    single = X_out[-30:][(X_out[-30:, None] == X[[0, 100]]).all(axis=2).any(axis=1)]
    assert len(single) > 5  # a class of one row has no other densest place
    with pytest.raises(ValueError, match="y_source='setosa' is no label of y"):
        BetaPoisoningAttack(y_source="setosa").fit_resample(X, y)
    with pytest.raises(ValueError, match="label of no row of X_val"):
        BetaPoisoningAttack(y_source=0).fit_resample(X, y, X_val=X[60:], y_val=y[60:])
