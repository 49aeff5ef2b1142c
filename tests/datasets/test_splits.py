import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skpoison.datasets import split_rows

Y = np.repeat(["no", "yes", "maybe"], [400, 400, 200])


@pytest.mark.parametrize("seed", range(5))
def test_disjoint_and_with_the_class_shares(seed):
    sizes = (101, 57, 203)
    parts = split_rows(Y, n_train=sizes[0], n_val=sizes[1], n_test=sizes[2], random_state=seed)
    rows = np.concatenate(parts)
    assert len(set(rows)) == len(rows) == sum(sizes)
    assert set(rows) <= set(range(len(Y)))
    for part, size in zip(parts, sizes, strict=True):
        assert len(part) == size
        for label, share in (("no", 0.4), ("yes", 0.4), ("maybe", 0.2)):
            assert abs(np.sum(Y[part] == label) - share * size) <= 2


def test_all_rows_can_be_used():
    parts = split_rows(Y, n_train=600, n_val=300, n_test=100)
    assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1000))


def test_the_seed_and_nothing_else_decides():
    np.random.seed(1)
    first = split_rows(Y, random_state=3)
    state = np.random.get_state()[1].copy()
    np.random.seed(2)
    second = split_rows(list(Y), random_state=np.random.RandomState(3))
    other = split_rows(Y, random_state=4)
    for one, two, three in zip(first, second, other, strict=True):
        assert_array_equal(one, two)
        assert not np.array_equal(one, three)
    np.random.seed(1)
    assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize("seed", range(20))
def test_every_part_has_every_class_at_the_limit(seed):
    y = np.repeat([0, 1], [90, 10])
    parts = split_rows(y, n_train=20, n_val=20, n_test=60, random_state=seed)
    assert all(set(y[part]) == {0, 1} for part in parts)


@pytest.mark.parametrize(
    ("y", "options", "message"),
    [
        (Y, {"n_test": 900}, "n_test=900 need 1200 rows, but y has 1000"),
        (np.zeros(1000), {}, "one class alone"),
        (np.repeat([0, 1], [995, 5]), {}, r"n_train=100 of 1000 rows.*class 1 \(5 rows\)"),
        (np.linspace(0, 1, 1000), {}, "continuous"),
        (Y, {"n_train": 0}, "'n_train'"),
        (Y, {"n_val": 2.5}, "'n_val'"),
        (Y.reshape(-1, 2), {}, "1d array"),
        (Y, {"random_state": "seed"}, "'random_state'"),
    ],
)
def test_bad_input(y, options, message):
    with pytest.raises(ValueError, match=message):
        split_rows(y, **options)
