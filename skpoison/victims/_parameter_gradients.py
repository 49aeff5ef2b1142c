"""Gradients of a victim's training loss with respect to its parameters, and back to rows."""

import numpy as np
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from skpoison.victims._networks import ACTIVATIONS, SLOPES

_CURVATURES = {
    "identity": np.zeros_like,
    "relu": np.zeros_like,
    "tanh": lambda hidden: -2 * hidden * (1 - np.square(hidden)),
    "logistic": lambda hidden: hidden * (1 - hidden) * (1 - 2 * hidden),
}


class PerceptronGradients:
    """Of the mean log-loss of rows, for a network of dense layers.

    Parameters
    ----------
    layers : list of tuple of ndarray
        Weights (n_inputs, n_outputs) and biases of each layer. The last has an output a class or,
        of two classes, the log-odds of the second.

    activation : {"identity", "relu", "tanh", "logistic"}
        Of all layers but the last.
    """

    def __init__(self, layers, activation="identity"):
        self.layers = layers
        self.activate, self.slope = ACTIVATIONS[activation], SLOPES[activation]
        self.curvature = _CURVATURES[activation]

    def __call__(self, X, code):
        """Gradient of the loss of rows under a label with respect to all parameters.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows.

        code : int
            The label.

        Returns
        -------
        gradient : ndarray of shape (n_parameters,)
            Of each layer the weights, then the biases.
        """
        hidden, output = self._forward(X)
        errors, parts = (self._probabilities(output) - self._wanted(code)) / len(X), []
        for (weights, _), inputs in zip(self.layers[::-1], hidden[::-1], strict=True):
            parts += [errors.sum(axis=0), (inputs.T @ errors).ravel()]
            errors = (errors @ weights.T) * self.slope(inputs)
        return np.concatenate(parts[::-1])

    def pull_back(self, X, code, direction):
        """Derivatives of the gradient's component in a direction with respect to rows.

        The component is the derivative of the loss along the direction; that one is computed
        forwards, its derivatives with respect to rows backwards.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows.

        code : int
            The label.

        direction : ndarray of shape (n_parameters,)
            In the order of the gradient.

        Returns
        -------
        derivatives : ndarray of shape (n_samples, n_features)
        """
        hidden, output = self._forward(X)
        turns = self._as_layers(direction)
        moved, moves = np.zeros_like(X), []  # of the inputs and of what each layer gives
        for number, ((weights, _), (turn, shift)) in enumerate(
            zip(self.layers, turns, strict=True)
        ):
            moves.append(moved @ weights + hidden[number] @ turn + shift)
            if number + 1 < len(self.layers):
                moved = self.slope(hidden[number + 1]) * moves[-1]
        p = self._probabilities(output)
        by_move = (p - self._wanted(code)) / len(X)
        mean = np.sum(p * moves[-1], axis=1, keepdims=True)
        by_value = p * (moves[-1] - mean) / len(X)
        for number in range(len(self.layers) - 1, -1, -1):
            weights, turn = self.layers[number][0], turns[number][0]
            by_value = by_value @ weights.T + by_move @ turn.T
            by_move = by_move @ weights.T
            if number:
                slope, curvature = self.slope(hidden[number]), self.curvature(hidden[number])
                by_value = by_value * slope + by_move * curvature * moves[number - 1]
                by_move = by_move * slope
        return by_value

    def _forward(self, X):
        """Inputs of each layer, and what the last gives."""
        hidden = [X]
        for weights, bias in self.layers[:-1]:
            hidden.append(self.activate(hidden[-1] @ weights + bias))
        weights, bias = self.layers[-1]
        return hidden, hidden[-1] @ weights + bias

    def _probabilities(self, output):
        return expit(output) if output.shape[1] == 1 else softmax(output, axis=1)

    def _wanted(self, code):
        n_outputs = self.layers[-1][1].size
        return np.array([code]) if n_outputs == 1 else np.eye(n_outputs)[code]

    def _as_layers(self, parameters):
        layers = []
        for weights, bias in self.layers:
            matrix, vector, parameters = np.split(
                parameters, [weights.size, weights.size + bias.size]
            )
            layers.append((matrix.reshape(weights.shape), vector))
        return layers


class KerasGradients:
    """As :class:`PerceptronGradients`, for a trained :class:`NetworkClassifier`.

    Parameters
    ----------
    network : TrainedNetwork
        A classifier.
    """

    def __init__(self, network):
        self.network = network

    def __call__(self, X, code):
        """Gradient of the loss of rows under a label with respect to all weights."""
        from skpoison.networks import loss_gradient

        return loss_gradient(self.network, X, code).astype(np.float64)

    def pull_back(self, X, code, direction):
        """Derivatives of the gradient's component in a direction with respect to rows."""
        from skpoison.networks import pull_back_loss_gradient

        derivatives = pull_back_loss_gradient(self.network, X, code, direction)
        return derivatives.astype(np.float64)


def parameter_gradients_of(victim):
    """Those of a fitted LogisticRegression, MLPClassifier or NetworkClassifier."""
    if isinstance(victim, LogisticRegression):
        return PerceptronGradients([(victim.coef_.T, victim.intercept_)])
    if isinstance(victim, MLPClassifier):
        layers = list(zip(victim.coefs_, victim.intercepts_, strict=True))
        return PerceptronGradients(layers, victim.activation)
    return KerasGradients(victim.network_)
