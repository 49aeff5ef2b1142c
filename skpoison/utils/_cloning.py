"""Clones that draw from the detector's own randomness."""

from sklearn.base import clone


def seeded_clone(estimator, random_state):
    """Clone an estimator and seed every part of it that was left without a seed.

    Parameters
    ----------
    estimator : estimator
        A scikit-learn estimator, or one that has its ``get_params`` and ``set_params``.

    random_state : RandomState
        Draws the seeds.

    Returns
    -------
    copy : estimator
        Unfitted. Its parameters named ``random_state``, and those of its parts, are integers
        where they were None.
    """
    copy = clone(estimator)
    seeds = {
        name: int(random_state.randint(2**31 - 1))
        for name, value in sorted(copy.get_params().items(), key=lambda item: item[0])
        if value is None and name.split("__")[-1] == "random_state"
    }
    copy.set_params(**seeds)  # that of FrozenEstimator gives nothing back
    return copy
