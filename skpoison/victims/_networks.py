"""Features that trained networks make of rows, and derivatives with respect to rows."""

import numpy as np

SLOPES = {
    "identity": lambda hidden: np.ones_like(hidden),
    "relu": lambda hidden: (hidden > 0).astype(hidden.dtype),
    "tanh": lambda hidden: 1 - np.square(hidden),
    "logistic": lambda hidden: hidden * (1 - hidden),
}
ACTIVATIONS = {
    "identity": lambda inputs: inputs,
    "relu": lambda inputs: np.maximum(inputs, 0),
    "tanh": np.tanh,
    "logistic": lambda inputs: 1 / (1 + np.exp(-inputs)),
}


class RowFeatures:
    """Rows are their own features: those of linear victims."""

    def features(self, X):
        """Features of rows: (n_samples, n_features)."""
        return X

    def pull_back(self, X, gradients):
        """Derivatives with respect to features as derivatives with respect to rows."""
        return gradients


class NetworkFeatures:
    """The activations of the last hidden layer of a trained perceptron.

    Parameters
    ----------
    network : MLPClassifier or MLPRegressor
        Fitted.
    """

    def __init__(self, network):
        self.layers = list(zip(network.coefs_, network.intercepts_, strict=True))[:-1]
        self.activate = ACTIVATIONS[network.activation]
        self.slope = SLOPES[network.activation]

    def features(self, X):
        """Features of rows: (n_samples, n_hidden)."""
        return self._all_layers(X)[-1]

    def pull_back(self, X, gradients):
        """Derivatives with respect to features as derivatives with respect to rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows.

        gradients : ndarray of shape (n_samples, n_hidden)
            Derivatives of something with respect to their features.

        Returns
        -------
        gradients : ndarray of shape (n_samples, n_features)
        """
        hidden = self._all_layers(X)
        for (weights, _), output in zip(self.layers[::-1], hidden[:0:-1], strict=True):
            gradients = (gradients * self.slope(output)) @ weights.T
        return gradients

    def _all_layers(self, X):
        hidden = [X]
        for weights, bias in self.layers:
            hidden.append(self.activate(hidden[-1] @ weights + bias))
        return hidden


class KerasFeatures:
    """What the last layer of a trained :class:`NetworkClassifier` sees.

    Parameters
    ----------
    classifier : NetworkClassifier
        Fitted.
    """

    def __init__(self, classifier):
        self.network = classifier.network_

    def features(self, X):
        """Features of rows: (n_samples, n_hidden)."""
        return self.network.encode(X).astype(np.float64)

    def pull_back(self, X, gradients):
        """Derivatives with respect to features as derivatives with respect to rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows.

        gradients : ndarray of shape (n_samples, n_hidden)
            Derivatives of something with respect to their features.

        Returns
        -------
        gradients : ndarray of shape (n_samples, n_features)
        """
        return self.network.pull_back(X, gradients).astype(np.float64)


def features_of(network):
    """What a fitted MLPClassifier or NetworkClassifier makes of rows."""
    return KerasFeatures(network) if hasattr(network, "network_") else NetworkFeatures(network)
