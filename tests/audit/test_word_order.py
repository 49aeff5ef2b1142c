"""Texts of words in no order, among texts made of phrases."""

import numpy as np
import pytest

from skpoison.audit import audit

N_TEXTS = 300


@pytest.fixture(scope="module")
def phrased():
    """Texts of twelve phrases each, drawn from forty phrases of four words out of sixty."""
    rng = np.random.RandomState(0)
    words = np.array([f"word{number}" for number in range(60)])
    phrases = [" ".join(rng.choice(words, 4)) for _ in range(40)]
    return [" ".join(rng.choice(phrases, 12)) for _ in range(N_TEXTS)], np.arange(N_TEXTS) % 2


def look(texts, y):
    return audit(texts, y, only="outlier", random_state=0).findings["outlier"]


@pytest.mark.parametrize("n_planted", [8, 60])
def test_words_in_any_order_are_told_from_texts(phrased, n_planted):
    texts, y = phrased
    rng = np.random.RandomState(1)
    planted = rng.permutation(N_TEXTS)[:n_planted]
    texts = [
        " ".join(rng.permutation(t.split())) if r in planted else t for r, t in enumerate(texts)
    ]
    found = look(texts, y)
    np.testing.assert_array_equal(np.flatnonzero(found.flagged), np.sort(planted))
    low, high = found.interval
    assert (
        low <= n_planted / N_TEXTS <= high and f"{n_planted} texts are of words" in found.sentence
    )
    assert set(found.reasons) == set(planted.tolist())


def test_texts_in_order_are_silent(phrased):
    assert not look(*phrased).found


def test_where_no_text_has_an_order_none_is_called_so(phrased):
    texts, y = phrased
    rng = np.random.RandomState(1)
    assert not look([" ".join(rng.permutation(text.split())) for text in texts], y).found


def test_texts_of_one_word_are_silent():
    assert not look(["one", "two"] * 20, np.arange(40) % 2).found


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n_words", [2, 3, 9])
def test_short_texts_and_equal_ones_are_silent(n_words):
    words = [f"word{number}" for number in range(9)][:n_words]
    texts = [" ".join([*words[1:], f"seven{row % 7}"]) for row in range(60)]
    y = np.arange(60) % 2
    assert not look(texts, y).flagged.any()
    assert not look([" ".join(words)] * 60, y).flagged.any()
