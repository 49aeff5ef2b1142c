"""Anomaly scores of the network detectors, as functions of their networks' output."""

import numpy as np


def reconstruction_error(X, X_hat, p=2):
    """Mean over the columns of ``|x - x̂| ** p``.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows.

    X_hat : ndarray of shape (n_samples, n_features)
        Their reconstructions.

    p : float, default=2
        The power.

    Returns
    -------
    errors : ndarray of shape (n_samples,), dtype=float64

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors._network_scores import reconstruction_error
    >>> reconstruction_error(np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]]))
    array([0.25])
    """
    difference = np.subtract(X, X_hat, dtype=np.float64)
    np.abs(difference, out=difference)  # in place: pools of colour images fill the memory
    difference **= p
    return difference.mean(axis=1)


def cross_entropy(probabilities):
    """Cross-entropy of each row under each label, ``-log(probability)``.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_classes)
        Class probabilities; those under 1e-7 count as 1e-7, as in Keras.

    Returns
    -------
    entropies : ndarray of shape (n_samples, n_classes), dtype=float64

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors._network_scores import cross_entropy
    >>> cross_entropy(np.array([[0.5, 0.0]])).round(2)
    array([[ 0.69, 16.12]])
    """
    return -np.log(np.clip(np.asarray(probabilities, dtype=np.float64), 1e-7, 1.0))


def classification_score(errors, entropies, norms, alpha):
    """Weigh reconstruction error against cross-entropy.

    ``alpha * errors / norms[0] + (1 - alpha) * entropies / norms[1]``, the score of the
    classification auto-encoder [1]_. A norm of 0 belongs to training rows without any such
    error; it divides by 1.

    Parameters
    ----------
    errors : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Reconstruction errors, where they depend on the label under each.

    entropies : ndarray of shape (n_samples, n_classes)
        Cross-entropies under each label.

    norms : pair of float
        What errors and cross-entropies are divided by; in [1]_ their L2 norms over the training
        rows, at their labels.

    alpha : float
        Weight of the reconstruction error, in [0, 1].

    Returns
    -------
    scores : ndarray of shape (n_samples, n_classes)

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.
    """
    error_norm, entropy_norm = (norm if norm > 0 else 1.0 for norm in norms)
    errors = errors.reshape(len(errors), -1)
    return alpha * errors / error_norm + (1 - alpha) * entropies / entropy_norm


def joint_score(errors, thresholds):
    """Smallest error in units of its threshold: above 1 where every network says poison.

    Parameters
    ----------
    errors : list of ndarray of shape (n_samples,)
        One network's errors each.

    thresholds : list of float
        Error above which a network says poison. A threshold of 0 divides by 1.

    Returns
    -------
    scores : ndarray of shape (n_samples,)

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.detectors._network_scores import joint_score
    >>> joint_score([np.array([0.2, 0.6]), np.array([3.0, 3.0])], [0.4, 2.0])
    array([0.5, 1.5])
    """
    scaled = [e / (t if t > 0 else 1.0) for e, t in zip(errors, thresholds, strict=True)]
    return np.min(scaled, axis=0)
