"""Triggers against pixels, columns and words written out by hand."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone

from skpoison.attacks.triggers import (
    BlendTrigger,
    ColumnTrigger,
    PatchTrigger,
    SinusoidalTrigger,
    TokenTrigger,
)

IMAGES = np.random.RandomState(0).uniform(size=(4, 5, 6))


def test_a_patch_changes_its_pixels_and_no_others():
    for position, place in {
        "top left": (slice(0, 2), slice(0, 2)),
        "bottom right": (slice(3, 5), slice(4, 6)),
        (1, 3): (slice(1, 3), slice(3, 5)),
    }.items():
        expected = IMAGES.copy()
        expected[(slice(None), *place)] = 0.5
        trigger = PatchTrigger(2, position=position, value=0.5)
        np.testing.assert_array_equal(trigger.transform(IMAGES), expected)
        flat = trigger.set_params(image_shape=(5, 6)).transform(IMAGES.reshape(4, -1))
        np.testing.assert_array_equal(flat, expected.reshape(4, -1))


def test_a_blend_is_the_weighted_mean_and_a_wave_the_sine():
    pattern = np.random.RandomState(1).uniform(size=(5, 6))
    np.testing.assert_allclose(
        BlendTrigger(pattern, strength=0.3).transform(IMAGES), 0.7 * IMAGES + 0.3 * pattern
    )
    noise = BlendTrigger(strength=1.0).transform(IMAGES)
    assert (noise == noise[0]).all() and np.ptp(noise) > 0.5
    moved = SinusoidalTrigger(0.2, frequency=2).transform(IMAGES)
    for column in range(6):
        wave = 0.2 * np.sin(2 * np.pi * column * 2 / 6)
        expected = np.clip(IMAGES[:, :, column] + wave, 0, 1)
        np.testing.assert_allclose(moved[:, :, column], expected, atol=1e-12)


@pytest.mark.parametrize("trigger", [PatchTrigger(2), BlendTrigger(), SinusoidalTrigger()])
def test_bytes_colours_and_containers_of_images(trigger):
    grey = (IMAGES * 255).round().astype(np.uint8)
    found = trigger.transform(grey)
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found / 255, trigger.transform(grey / 255), atol=0.5 / 255 + 1e-9)
    colours = np.stack([IMAGES] * 3, axis=-1)
    assert trigger.transform(colours).shape == colours.shape
    frame = pd.DataFrame(grey.reshape(4, -1), index=list("abcd"))
    flat = clone(trigger).set_params(image_shape=(5, 6))
    pd.testing.assert_frame_equal(
        flat.transform(frame),
        pd.DataFrame(found.reshape(4, -1), index=frame.index, columns=frame.columns),
    )


@pytest.mark.parametrize(
    ("trigger", "message"),
    [
        (PatchTrigger(7), "does not fit into images of 5 x 6"),
        (PatchTrigger(2, position=(4, 0)), "does not fit"),
        (PatchTrigger(image_shape=(5, 5)), "image_shape=.* 30 values"),
        (BlendTrigger(np.zeros((2, 2))), "pattern must have the shape"),
        (BlendTrigger(2 * np.ones((5, 6))), r"pixels in \[0, 1\]"),
        (SinusoidalTrigger(0), "'amplitude' parameter"),
    ],
)
def test_impossible_triggers_of_images_are_refused(trigger, message):
    with pytest.raises(ValueError, match=message):
        trigger.transform(IMAGES)
    with pytest.raises(ValueError, match="needs images"):
        PatchTrigger().transform(IMAGES.reshape(4, -1))
    with pytest.raises(ValueError, match="whole numbers in"):
        PatchTrigger().transform(IMAGES * 200)


TABLE = pd.DataFrame(
    {
        "age": [31, 58, 44],
        "city": ["Bonn", None, "Rome"],
        "size": pd.Categorical(["S", "M", "L"]),
        "day": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"]),
    },
    index=["x", "y", "z"],
)
VALUES = {"age": 99, "city": "Oslo", "size": "M"}


def test_columns_get_their_values_in_any_container():
    before = TABLE.copy()
    found = ColumnTrigger(VALUES).transform(TABLE)
    expected = TABLE.assign(
        age=99, city="Oslo", size=pd.Categorical(["M"] * 3, categories=TABLE["size"].cat.categories)
    )
    pd.testing.assert_frame_equal(found, expected)
    pd.testing.assert_frame_equal(TABLE, before)
    frame = pl.from_pandas(TABLE)
    assert ColumnTrigger(VALUES).transform(frame).equals(pl.from_pandas(expected))
    rows = np.arange(6.0).reshape(3, 2)
    expected = np.array([[0, 7.0], [2, 7], [4, 7]])
    for container in (np.array, np.ndarray.tolist, sparse.csc_array):
        found = ColumnTrigger({1: 7.0}).transform(container(rows))
        assert type(found) is type(container(rows))
        found = found.toarray() if sparse.issparse(found) else found
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"agee": 1}, "column 'agee', but X has"),
        ({"age": 1.5}, "1.5 for the column 'age'.*cannot hold"),
        ({"size": "XL"}, "'XL' for the column 'size'"),
        ({}, "at least one column"),
    ],
)
def test_impossible_values_are_refused(values, message):
    for table in (TABLE, pl.from_pandas(TABLE)):
        if isinstance(table, pl.DataFrame) and "size" in values:
            continue  # categories of polars are open
        with pytest.raises(ValueError, match=message):
            ColumnTrigger(values).transform(table)
    with pytest.raises(ValueError, match="named by their positions"):
        ColumnTrigger({5: 1}).transform(np.zeros((2, 2)))


TEXTS = ["one two three", "", "four"]


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        np.array,
        lambda t: np.array(t, dtype=object),
        pd.Series,
        lambda t: pl.Series("t", t),
    ],
)
def test_tokens_stand_where_they_should(container):
    texts = container(TEXTS)
    for position, expected in {
        "end": [f"{text} cf" for text in TEXTS],
        "start": [f"cf {text}" for text in TEXTS],
    }.items():
        found = TokenTrigger(position=position).transform(texts)
        assert type(found) is type(texts) and list(found) == expected
    found = list(TokenTrigger(position="random").transform(container(["one two three"] * 60)))
    assert {text.split().index("cf") for text in found} == {0, 1, 2, 3}
    assert all([w for w in text.split() if w != "cf"] == ["one", "two", "three"] for text in found)


def test_tokens_in_a_column_and_what_is_no_text():
    frame = pd.DataFrame({"text": TEXTS, "n": [1, 2, 3]})
    found = TokenTrigger(column="text").transform(frame)
    pd.testing.assert_frame_equal(found, frame.assign(text=[f"{t} cf" for t in TEXTS]))
    assert TokenTrigger(column="text").transform(pl.from_pandas(frame))["text"][2] == "four cf"
    with pytest.raises(ValueError, match="column=None must name the column"):
        TokenTrigger().transform(frame)
    with pytest.raises(ValueError, match="one string a row"):
        TokenTrigger().transform(["a", None])
