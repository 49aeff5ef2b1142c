import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Perceptron
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skpoison.attacks import GradientPoisoningAttack, LabelFlipAttack, SearchPoisoningAttack


def test_a_forest_suffers_more_than_from_random_poison(digits_pair):
    """On rows that neither the attacker nor the victim has seen, over three seeds."""
    X, y = digits_pair
    forest, found, by_chance = RandomForestClassifier(10, random_state=0), [], []
    for seed in range(3):
        attack = SearchPoisoningAttack(forest, rate=0.3, max_iter=15, random_state=seed)
        for scores, poison in ((found, attack), (by_chance, LabelFlipAttack(random_state=seed))):
            X_out, y_out = poison.fit_resample(X[:60], y[:60], X_val=X[60:160], y_val=y[60:160])
            scores.append(forest.fit(X_out, y_out).score(X[160:], y[160:]))
    assert np.mean(found) < np.mean(by_chance)


@pytest.mark.parametrize("victim", [DecisionTreeClassifier(random_state=0), Perceptron()])
def test_the_objective_is_that_of_the_victim_on_the_attackers_rows(victim, digits_pair):
    X, y = digits_pair
    attack = SearchPoisoningAttack(victim, rate=10, max_iter=5, random_state=0)
    X_out, y_out = attack.fit_resample(X[:60], y[:60], X_val=X[60:160], y_val=y[60:160])
    victim.fit(X_out, y_out)
    harm = 1 - victim.score(X[60:160], y[60:160])  # a tree's probabilities are 0 and 1
    if hasattr(victim, "predict_proba"):
        own = victim.predict_proba(X[60:160])[np.arange(100), (y[60:160] == 8).astype(int)]
        harm = (harm + 1 - own.mean()) / 2
    assert attack.objective_path_[-1] == pytest.approx(harm)
    assert len(attack.objective_path_) == 6 and (np.diff(attack.objective_path_) >= 0).all()


@pytest.mark.filterwarnings("ignore:.*did not move")
@pytest.mark.parametrize("own_rows", [True, False])
def test_poison_of_a_surrogate_is_a_start(own_rows, digits_pair):
    X, y = digits_pair
    surrogate = GradientPoisoningAttack(SVC(kernel="linear"), max_iter=3)
    attack = SearchPoisoningAttack(DecisionTreeClassifier(), attack=surrogate, max_iter=1, rate=8)
    attack.set_params(random_state=0, exchanged=1)
    given = {"X_val": X[60:160], "y_val": y[60:160]} if own_rows else {}
    X_out, y_out = attack.fit_resample(X[:60], y[:60], **given)
    sources = attack.sample_indices_[60:]
    assert ((0 <= sources) & (sources < 60)).all()
    assert (y_out[60:] != y[sources]).all()
    assert np.abs(X_out[60:] - X[sources]).max() > 0.1  # moved


def test_many_classes_and_a_row_that_cannot_be_held_out():
    X, y = load_iris(return_X_y=True)
    attack = SearchPoisoningAttack(DecisionTreeClassifier(), rate=20, injection="replace")
    X_out, _ = attack.set_params(max_iter=2, n_starts=2, random_state=0).fit_resample(X, y)
    assert X_out.shape == X.shape
    with pytest.raises(ValueError, match="at least two rows of each class"):
        attack.set_params(rate=2).fit_resample(X[40:51], y[40:51])
