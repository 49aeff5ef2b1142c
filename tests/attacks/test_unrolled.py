"""The oracle: softmax regression trained by gradient descent, written down in NumPy."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from skpoison.attacks import LabelFlipAttack, UnrolledPoisoningAttack

keras = pytest.importorskip("keras")

N_STEPS, RATE = 7, 0.4


def softmax_regression(shape, n_classes, seed):
    rows = keras.Input(shape)
    flat = keras.layers.Flatten()(rows)
    classes = keras.layers.Dense(n_classes, "softmax", kernel_initializer="zeros")(flat)
    return keras.Model(rows, classes)


def loss_after_training(X, y, X_val, y_val):
    one_hot = np.eye(y.max() + 1)[y]
    weights, bias = np.zeros((X.shape[1], one_hot.shape[1])), np.zeros(one_hot.shape[1])
    for _ in range(N_STEPS):
        errors = (softmax(X @ weights + bias, axis=1) - one_hot) / len(X)
        weights, bias = weights - RATE * X.T @ errors, bias - RATE * errors.sum(axis=0)
    return -log_softmax(X_val @ weights + bias, axis=1)[np.arange(len(y_val)), y_val].mean()


def three_classes(n):
    rng = np.random.RandomState(n)
    y = np.arange(n) % 3
    return rng.uniform(size=(n, 4)) + np.eye(3, 4)[y], y


@pytest.mark.parametrize("labels", ["flip", "keep"])
def test_rows_step_along_the_gradient_of_the_loss_after_training(labels):
    (X, y), (X_val, y_val) = three_classes(30), three_classes(21)
    attack = UnrolledPoisoningAttack(
        softmax_regression,
        labels=labels,
        rate=3,
        n_steps=N_STEPS,
        learning_rate=RATE,
        step_size=1e-3,
        max_iter=1,
        noise=0,
        bounds=(-9, 9),
        random_state=0,
    )
    X_out, y_out = attack.fit_resample(X, y, X_val=X_val, y_val=y_val)
    if labels == "keep":
        start = np.array(
            [X_val[np.linalg.norm(X_val - row, axis=1).argmin()] for row in X_out[30:]]
        )
    else:
        start = X[attack.sample_indices_[30:]]

    def loss(poison):
        return loss_after_training(np.concatenate([X, poison]), y_out, X_val, y_val)

    assert attack.objective_path_[0] == pytest.approx(loss(start), rel=1e-5)
    assert attack.objective_path_[1] == pytest.approx(loss(X_out[30:]), rel=1e-5)
    for row in range(3):
        slope = np.zeros(4)
        for column in range(4):
            change = np.zeros_like(start)
            change[row, column] = 1e-5
            slope[column] = (loss(start + change) - loss(start - change)) / 2e-5
        moved = X_out[30 + row] - start[row]
        assert moved @ slope == pytest.approx(
            np.linalg.norm(moved) * np.linalg.norm(slope), rel=1e-3
        )


def test_keras_training_of_that_length_from_other_weights_loses_more_than_by_flips(digits_pair):
    X, y = digits_pair
    (X, y), own, test = ((X[part], y[part]) for part in np.split(np.arange(300), [100, 200]))

    def victim(X, y, seed):
        keras.utils.set_random_seed(seed)
        layers = [keras.layers.Dense(32, "tanh"), keras.layers.Dense(2, "softmax")]
        network = keras.Sequential([keras.Input((64,)), *layers])
        network.compile(
            keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        network.fit(X, y == 8, epochs=20, batch_size=len(X), verbose=0)
        return network.evaluate(test[0], test[1] == 8, verbose=0)[1]

    def accuracy(attack):
        """Mean of four victims: of one, it depends on the weights that the back end draws."""
        rows = attack.fit_resample(X, y, *own)
        return np.mean([victim(*rows, seed) for seed in range(4)])

    poisoned = accuracy(UnrolledPoisoningAttack(rate=0.3, random_state=0))
    assert poisoned < accuracy(LabelFlipAttack(rate=0.3, random_state=0)) - 0.05


def test_a_label_that_is_wanted_becomes_likelier_on_images():
    (X, y), own = three_classes(30), three_classes(21)
    pictures = [rows.reshape(-1, 2, 2, 1) for rows in (X, own[0])]
    attack = UnrolledPoisoningAttack(rate=6, y_target=2, max_iter=5, random_state=0)
    X_out, y_out = attack.fit_resample(pictures[0], y, X_val=pictures[1], y_val=own[1])
    assert X_out.shape == (36, 2, 2, 1) and (y_out[30:] == 2).all()
    assert attack.objective_path_[-1] > attack.objective_path_[0]
    data = np.concatenate([X, own[0]])
    assert X_out[30:].min() >= data.min() and X_out[30:].max() <= data.max()


def test_what_cannot_be_trained_is_refused():
    X, y = three_classes(30)
    with pytest.raises(ValueError, match=r"diverges at learning_rate=0.5: scale X"):
        UnrolledPoisoningAttack(softmax_regression).fit_resample(1e30 * X, y)
    with pytest.raises(
        ValueError, match=r"outputs of the shapes \[\(None, 4\)\] and \[\(None, 3\)\]"
    ):
        attack = UnrolledPoisoningAttack(lambda *_: softmax_regression((4,), 2, 0))
        attack.fit_resample(X, y)
