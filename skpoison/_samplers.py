"""Where the rows behind samplers came from."""

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils.validation import _check_method_params, _is_arraylike, _num_samples

from skpoison.attacks import BasePoisoningAttack


def row_sources(samplers, n_samples, *, of_poison=True):
    """Find the row that each row behind samplers is or was made from.

    Parameters
    ----------
    samplers : list of sampler
        In their order, fitted; each has ``sample_indices_``.

    n_samples : int
        Number of rows in front of the first.

    of_poison : bool, default=True
        Whether the row that a poison row was made from counts.

    Returns
    -------
    sources : ndarray of shape (n_samples_new,), dtype=int
        -1 where there is none.
    """
    sources = np.arange(n_samples)
    for sampler in samplers:
        rows = sampler.sample_indices_
        if not of_poison and isinstance(sampler, BasePoisoningAttack):
            rows = np.where(sampler.poison_mask_, -1, rows)
        sources = np.where(rows < 0, -1, sources[rows])
    return sources


def follow_rows(params, X, samplers, step):
    """Cut metadata that are as long as `X` to the rows behind samplers.

    Parameters
    ----------
    params : dict of str to dict
        Metadata for each method of a step.

    X : array-like of shape (n_samples, ...)
        The rows in front of the first sampler.

    samplers : list of sampler
        Those in front of the step, fitted.

    step : str
        Name of the step, for the error.

    Returns
    -------
    params : Bunch of dict
        The same, cut.

    Raises
    ------
    ValueError
        If a sampler does not say which rows it kept, or made poison from rows that are not in `X`.
    """
    names = {
        name
        for metadata in params.values()
        for name, value in metadata.items()
        if _is_arraylike(value) and _num_samples(value) == _num_samples(X)
    }
    if not names:
        return params
    cannot = f"{sorted(names)} for step {step!r} cannot follow the rows of "
    for sampler in samplers:
        if not hasattr(sampler, "sample_indices_"):
            raise ValueError(f"{cannot}{type(sampler).__name__}: it has no sample_indices_.")
    sources = row_sources(samplers, _num_samples(X))
    if (sources < 0).any():
        raise ValueError(f"{cannot}an attack that made poison from rows of X_val.")
    return Bunch(
        **{
            method: _check_method_params(X, metadata, sources)
            for method, metadata in params.items()
        }
    )
