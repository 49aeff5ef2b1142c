import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier

from skpoison.attacks import InstanceDependentFlipAttack


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose probabilities stand in the rows."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return X

    def predict(self, X):
        return X.argmax(axis=1)


def test_rows_are_flipped_as_often_as_the_model_says():
    doubt = np.where(np.arange(40_000) % 2, 0.4, 0.1)
    y = np.repeat([0, 1], 20_000)
    X = np.where((y == 0)[:, None], np.c_[1 - doubt, doubt], np.c_[doubt, 1 - doubt])
    attack = InstanceDependentFlipAttack(Given(), rate=400, random_state=0)
    attack.fit_resample(X, y)
    flipped = doubt[attack.sample_indices_[attack.poison_mask_]]
    # 400 draws, four in five among the unsure: five standard deviations either way
    assert abs((flipped == 0.4).sum() - 320) < 5 * np.sqrt(400 * 0.8 * 0.2)
    np.testing.assert_allclose(attack.flip_probabilities_[np.arange(40_000), 1 - y], doubt)


def test_labels_go_by_the_models_probabilities():
    """A model that only knows how many rows a class has."""
    y = np.repeat([0, 1, 2], [100, 600, 300])
    attack = InstanceDependentFlipAttack(DummyClassifier(), confusion={0: {1: 1, 2: 1}}, rate=100)
    _, y_out = attack.set_params(random_state=0).fit_resample(np.zeros((1000, 1)), y)
    to_1 = (y_out[1000:] == 1).sum()
    assert abs(to_1 - 100 * 2 / 3) < 5 * np.sqrt(100 * 2 / 9)


def test_what_looks_alike_is_mixed_up():
    X, y = load_iris(return_X_y=True)
    attack = InstanceDependentFlipAttack(rate=30, injection="replace", random_state=0)
    _X_out, y_out = attack.fit_resample(X, y, X_val=X[::2], y_val=y[::2])
    assert len(y_out) == 150 and (attack.sample_indices_[-30:] == -1).all()
    # versicolor and virginica are taken for each other, setosa for nothing else
    assert (y_out[-30:] == 0).sum() <= 5


def test_few_rows_and_all_of_them():
    X, y = np.arange(5.0)[:, None], np.array(["a", "b", "b", "b", "b"])
    attack = InstanceDependentFlipAttack(rate=5, random_state=0)
    _, y_out = attack.fit_resample(X, y)
    assert sorted(y_out[5:]) == ["a", "a", "a", "a", "b"]
    with pytest.raises(ValueError, match="6 flipped rows, but only 5 rows of X"):
        attack.set_params(rate=6).fit_resample(X, y)
