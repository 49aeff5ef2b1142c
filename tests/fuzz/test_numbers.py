"""Threshold rules and metrics on any scores."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skpoison import metrics, thresholds
from tests.fuzz.data import ANY, ARRAYS, OTHERS, codes, numbers, sizes
from tests.fuzz.outcome import judged

RULES = [
    getattr(thresholds, name) for name in thresholds.__all__ if not name.startswith(("Base", "Fix"))
]
METRICS = {
    name: getattr(metrics, name)
    for name in metrics.__all__
    if not name.startswith(("make", "recovered", "attack", "poison_report"))
}
OF_VERDICTS = ("poison_precision", "poison_recall", "poison_f1", "clean_removed_rate")


@st.composite
def scores(draw):
    """Scores of rows under one label or several, and codes of the labels."""
    n_rows = draw(sizes(5, 60))
    y = draw(codes(n_rows))
    n_columns = int(y.max(initial=0)) + 1 if draw(st.booleans()) else 1
    values = draw(numbers(n_rows, n_columns))
    if draw(st.booleans()) and n_columns == 1:
        values = values[:, 0]
    change = draw(st.sampled_from(["float64", "float32", "bool", "int8", "list", "nothing"]))
    if values.ndim == 2 or change != "list":
        values = (ARRAYS | OTHERS)[change](values)
    return values, draw(st.sampled_from([y, y, y, None, y + 1, y[1:], y.astype(float)]))


def rule_has_a_fixed_cut(rule):
    """Whether it may flag all rows: scores that are log-odds say for themselves what is poison."""
    return isinstance(rule, thresholds.LogOddsThreshold)


@given(st.sampled_from(RULES), scores())
def test_threshold_rules(rule, given_scores):
    values, y = given_scores
    with judged(values, y):
        rule = rule().fit(values, y)
        anomaly = rule.anomaly_scores(values, y)
        flagged = anomaly > rule.threshold_
        assert np.isfinite(anomaly).all() and not np.isnan(rule.threshold_)
        assert not flagged.all() or rule_has_a_fixed_cut(rule)
        assert 0 <= rule.contamination_ <= 1
        low, high = rule.contamination_interval_
        assert np.isnan([low, high]).all() or 0 <= low <= high <= 1
        probability = rule.poison_probability(values, y)
        assert ((probability >= 0) & (probability <= 1)).all()
        assert (probability[flagged] >= 0.5).all() and (probability[~flagged] <= 0.5).all()


@st.composite
def outcomes(draw, of_verdicts):
    """The truth about rows, and a verdict or scores."""
    n_rows = draw(sizes(1, 30))
    rng = np.random.RandomState(draw(st.integers(0, 99)))
    truth = rng.uniform(size=n_rows) < draw(st.sampled_from([0, 0.3, 1]))
    if of_verdicts:
        judged_rows = np.where(rng.uniform(size=n_rows) < draw(st.sampled_from([0, 0.3, 1])), -1, 1)
    else:
        judged_rows = draw(numbers(n_rows, 1))[:, 0] if n_rows else np.empty(0)
    change = st.sampled_from(
        [
            np.asarray,
            np.asarray,
            np.asarray,
            lambda values: values.tolist(),
            lambda values: values.astype(object),
            lambda values: values.astype(str),
            lambda values: values[1:],
            lambda values: values[:, np.newaxis],
            lambda values: values.astype(float),
        ]
    )
    truth, judged_rows = draw(change)(truth), draw(change)(judged_rows)
    odd = draw(st.integers(0, 9))
    return (draw(ANY), judged_rows) if odd == 0 else (truth, draw(ANY) if odd == 1 else judged_rows)


@given(
    st.sampled_from(sorted(METRICS)).flatmap(
        lambda name: st.tuples(st.just(name), outcomes(name in OF_VERDICTS))
    )
)
def test_metrics(drawn):
    name, (truth, judged_rows) = drawn
    with judged(truth, judged_rows):
        value = METRICS[name](truth, judged_rows)
        poison = np.ravel(truth).astype(bool)
        undefined = {
            "poison_roc_auc": poison.all() or not poison.any(),
            "poison_average_precision": not poison.any(),
            "false_negative_rate": not poison.any(),
            "clean_removed_rate": poison.all(),
        }
        assert isinstance(value, float)
        assert np.isnan(value) if undefined.get(name) else 0 <= value <= 1
