"""What `SuspicionDisplay` draws, read back from the artists."""

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skpoison.attacks import LabelFlipAttack
from skpoison.detectors import CentroidDetector, KNNDetector
from skpoison.inspection import SuspicionDisplay


@pytest.fixture(scope="module")
def poisoned(digits_pair):
    X, y = digits_pair
    attack = LabelFlipAttack(rate=0.3, random_state=0)
    X, y = attack.fit_resample(X[:100], y[:100])
    return X, y, attack.poison_mask_


@pytest.fixture(scope="module")
def detector(poisoned):
    return KNNDetector(random_state=0).fit(*poisoned[:2])


@pytest.fixture
def ax():
    return Figure().subplots()


def bar_heights(container):
    return np.array([bar.get_height() for bar in container])


def test_histogram_counts_clean_and_poison_rows(detector, poisoned, ax):
    X, y, mask = poisoned
    display = SuspicionDisplay.from_estimator(detector, X, y, poison_mask=mask, ax=ax)
    suspicion = -detector.score_samples(X, y)
    clean, poison = display.ax_.containers
    edges = [bar.get_x() for bar in clean] + [clean[-1].get_x() + clean[-1].get_width()]
    assert edges[0] == pytest.approx(suspicion.min())
    assert edges[-1] == pytest.approx(suspicion.max())
    np.testing.assert_array_equal(bar_heights(clean), np.histogram(suspicion[~mask], edges)[0])
    np.testing.assert_array_equal(bar_heights(poison), np.histogram(suspicion[mask], edges)[0])
    np.testing.assert_array_equal([bar.get_y() for bar in poison], bar_heights(clean))
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        "clean",
        "poison",
        "threshold",
    ]


def test_threshold_parts_the_rows_as_predict_does(detector, poisoned, ax):
    X, y, _ = poisoned
    display = SuspicionDisplay.from_estimator(detector, X, y, ax=ax)
    (cut, _) = display.threshold_line_.get_xdata()
    suspicion = -detector.score_samples(X, y)
    np.testing.assert_array_equal(suspicion > cut, detector.predict(X, y) == -1)


@pytest.mark.parametrize("n_images", [0, 1, 5, 12])
def test_images_are_the_most_suspicious_rows_in_order(detector, poisoned, ax, n_images):
    X, y, mask = poisoned
    display = SuspicionDisplay.from_estimator(
        detector,
        X,
        y,
        poison_mask=mask,
        image_shape=(8, 8, 1),
        display_labels=["three", "eight"],
        n_images=n_images,
        ax=ax,
    )
    suspicion = -detector.score_samples(X, y)
    assert len(display.image_axes_) == n_images
    shown = display.image_indices_
    assert (np.diff(suspicion[shown]) <= 0).all()
    assert suspicion[shown].min(initial=np.inf) >= np.delete(suspicion, shown).max()
    bar_colors = [bars[0].get_facecolor() for bars in display.ax_.containers]  # clean, poison
    for row, image_ax in zip(shown, display.image_axes_, strict=True):
        (image,) = image_ax.get_images()
        np.testing.assert_allclose(np.squeeze(image.get_array()), X[row].reshape(8, 8))
        label, number = image_ax.get_title().split("\n")
        assert label == {3: "three", 8: "eight"}[y[row]]
        assert float(number) == pytest.approx(suspicion[row], rel=5e-3)
        frame = image_ax.spines["left"].get_edgecolor()
        assert same_color(frame, bar_colors[int(mask[row])])


def test_rows_under_unknown_labels_come_first_and_into_the_last_bar(detector, poisoned, ax):
    X, y, _ = poisoned
    y = np.where(np.arange(len(y)) == 5, 4, y)
    with pytest.warns(UserWarning, match="not seen in fit"):
        display = SuspicionDisplay.from_estimator(detector, X, y, image_shape=(8, 8, 1), ax=ax)
    assert display.image_indices_[0] == 5
    assert display.image_axes_[0].get_title() == "4\ninf"
    assert bar_heights(display.ax_.containers[0]).sum() == len(X)


def test_images_do_not_overlap(detector, poisoned, ax):
    X, y, _ = poisoned
    display = SuspicionDisplay.from_estimator(detector, X, y, image_shape=(8, 8, 1), ax=ax)
    ax.figure.draw_without_rendering()
    boxes = [a.get_window_extent() for a in [display.ax_, *display.image_axes_]]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


def test_colour_images_given_as_arrays_need_no_shape(ax):
    images = np.random.RandomState(0).uniform(size=(20, 4, 5, 3))
    y = np.repeat(["a", "b"], 10)
    detector = CentroidDetector(random_state=0).fit(images, y)
    display = SuspicionDisplay.from_estimator(detector, images, y, n_images=3, ax=ax)
    drawn = display.image_axes_[0].get_images()[0].get_array()
    assert drawn.shape == (4, 5, 3)


def test_a_pipeline_shows_the_rows_in_front_of_it(poisoned, ax):
    X, y, _ = poisoned
    pipeline = make_pipeline(StandardScaler(), KNNDetector(random_state=0)).fit(X, y)
    display = SuspicionDisplay.from_estimator(pipeline, X, y, image_shape=(8, 8), n_images=1, ax=ax)
    scores = pipeline[-1].score_samples(StandardScaler().fit_transform(X), y)
    np.testing.assert_array_equal(display.anomaly_score, -scores)
    drawn = display.image_axes_[0].get_images()[0].get_array()
    np.testing.assert_allclose(np.squeeze(drawn), X[scores.argmin()].reshape(8, 8))
    assert display.ax_.get_title() == "KNNDetector"


def test_without_labels_rows_are_judged_under_the_label_that_suits_best(detector, poisoned, ax):
    X, _, _ = poisoned
    display = SuspicionDisplay.from_estimator(detector, X, image_shape=(8, 8), n_images=1, ax=ax)
    best = np.min([-detector.score_samples(X, np.full(len(X), c)) for c in (3, 8)], axis=0)
    np.testing.assert_allclose(display.anomaly_score, best)
    assert "\n" not in display.image_axes_[0].get_title()


def test_tabular_rows_have_a_histogram_only(detector, poisoned):
    X, y, _ = poisoned
    display = SuspicionDisplay.from_estimator(detector, X, y, name="neighbours")
    assert display.image_axes_ == []
    assert display.ax_.get_title() == "neighbours"
    assert display.figure_.axes == [display.ax_]
    assert bar_heights(display.ax_.containers[0]).sum() == len(X)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"image_shape": (8, 9, 1)}, r"image_shape=\(8, 9, 1\) must .* 64 columns"),
        ({"image_shape": (64,)}, r"image_shape=\(64,\) must be \(height, width, channels\)"),
        ({"poison_mask": [True, False]}, "inconsistent numbers of samples"),
        ({"n_images": 2.5}, "n_images=2.5 must be a whole number"),
        ({"display_labels": ["three"]}, "display_labels=.* 2 classes"),
    ],
)
def test_bad_input_is_refused(detector, poisoned, ax, wrong, message):
    with pytest.raises(ValueError, match=message):
        SuspicionDisplay.from_estimator(detector, *poisoned[:2], ax=ax, **wrong)


def test_an_unfitted_detector_is_refused(poisoned, ax):
    with pytest.raises(NotFittedError):
        SuspicionDisplay.from_estimator(KNNDetector(), *poisoned[:2], ax=ax)
