"""Predictions of a model of one's own in place of rows."""

import numpy as np

MAX_SUM_ERROR = 0.01  # of probabilities, which may come in half precision


def column_labels(X):
    """Names of the columns as text, None where there are none."""
    return [str(name) for name in X.columns] if hasattr(X, "columns") else None


def columns_of_classes(names, n_columns, classes):
    """Find the column of each class.

    Parameters
    ----------
    names : list of str or None
        Names of the columns; None where they have none and stand in the order of `classes`.

    n_columns : int
        Number of columns.

    classes : ndarray of shape (n_classes,)
        The labels.

    Returns
    -------
    columns : list of int

    Raises
    ------
    ValueError
        If columns and classes are not the same.
    """
    labels = [str(label) for label in classes.tolist()]
    if names is None:
        if n_columns != len(labels):
            raise ValueError(
                f"X must have a column for each of the {len(labels)} classes in y "
                f"{labels[:10]}, in this order, got {n_columns} columns. A DataFrame whose columns "
                "are named after the classes tells which is missing."
            )
        return list(range(n_columns))
    missing, extra = sorted(set(labels) - set(names)), sorted(set(names) - set(labels))
    if missing or extra or len(names) != len(labels):
        raise ValueError(
            "The columns of X must be named after the classes in y: there is no column for "
            f"{missing[:10]}, and no label for {extra[:10]}, in {len(names)} columns."
        )
    return [names.index(label) for label in labels]


def check_predictions(predictions, method):
    """Refuse what no classifier can have predicted.

    Parameters
    ----------
    predictions : ndarray of shape (n_samples, n_classes)
        Class probabilities or decision values.

    method : {"predict_proba", "decision_function"}
        Which of the two.

    Raises
    ------
    ValueError
        If values are missing, or probabilities are below 0 or do not add up to 1; the message
        names rows.
    """
    bad = ~np.isfinite(predictions).all(axis=1)
    if bad.any():
        raise ValueError(f"X must hold finite {method} values, got others in {_rows(bad)}.")
    if method == "predict_proba":
        bad = (predictions < 0).any(axis=1)
        bad |= np.abs(predictions.sum(axis=1) - 1) > MAX_SUM_ERROR
        if bad.any():
            raise ValueError(
                f"X must hold class probabilities that add up to 1, got others in {_rows(bad)}."
            )


def _rows(bad):
    rows = np.flatnonzero(bad)
    return f"{len(rows)} rows: {rows[:10].tolist()}"
