"""A cross-fitted CAE+: labels are scored by a classifier that has not learnt them."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from skpoison._typing import Contamination, RandomState, Rows
from skpoison.detectors._cross_fitting import near_duplicate_groups
from skpoison.detectors._label_base import BaseLabelNoiseDetector
from skpoison.detectors._linear_judge import judge_linearly
from skpoison.detectors._network import NetworkMixin
from skpoison.detectors._network_scores import reconstruction_error
from skpoison.detectors._ridge_scores import LeaveOneOutRidge
from skpoison.detectors._standardizer import Standardizer
from skpoison.thresholds import (
    LabelNoiseThreshold,
    LogOddsThreshold,
    SecondComponentThreshold,
)

CODE_TEMPERATURE, CODE_SCALE = 4.0, 0.2  # prior of the code's rule: benchmarks/cae_plus.py
N_COMPONENTS = 1000
MAX_LOG_ODDS = 50.0


class CrossFittedCAEDetector(NetworkMixin, BaseLabelNoiseDetector):
    """Flag rows whose labels their code or themselves contradict, or that no code can make.

    The CAE+ of [1]_ with its halves trained apart. The auto-encoder learns the rows without
    looking at labels, so that no wrong one shapes its code. The classifier on the code (of tabular
    rows, on the row and its code) is ridge regression, whose leave-one-out predictions have a
    closed form: no label is judged by a classifier that has learnt it, nor its near-duplicates. The
    classifier learns twice, the second time with the probability of a right label as weight.
    Gradient poison of many sets is a group of its own in the code, and its labels seem right there;
    so a second ridge regression judges the labels by the rows as they are, where no line separates
    such poison, as :class:`LabelNoiseDetector` does.

    Three rules judge: a :class:`~skpoison.thresholds.LabelNoiseThreshold` the predictions of either
    classifier, a :class:`~skpoison.thresholds.SecondComponentThreshold` the reconstruction errors.
    The anomaly score under a label is the largest of their log-odds. Needs no clean data.

    Where there are no labels, or one class, no network is trained: rows are scored by their mean
    distance to their five nearest neighbours, and "auto" flags nothing.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images with pixels in
        [0, 1]. None: the shape of `X` where it has more than two axes; otherwise rows are
        tabular, and dense networks see them standardised.

    epochs : int, default=50
        Upper limit of epochs; the weights of the one with the lowest validation loss are kept.

    batch_size : int, default=32
        Upper limit of rows in a training step.

    steps_per_epoch : int, default=10
        Upper limit of steps in an epoch, so that many rows do not mean long training. None: as
        many as the rows fill, so that each epoch passes over all of them.

    optimizer : str, default="adam"
        Name of a Keras optimizer.

    optimizer__learning_rate : float or LearningRateSchedule, default=0.01
        Its learning rate, or one of Keras's schedules.

    validation_split : float, default=0.1
        Share of the rows held out to choose the epoch. 0: all rows train, and choose the epoch too.

    patience : int, default=None
        Stop after so many epochs without a lower validation loss. None: never.

    callbacks : list of keras.callbacks.Callback, default=None
        Told of every epoch; they may read the model's weights and stop the training, but not
        change weights or learning rate. With them the training loop stops after each epoch, which
        costs time.

    verbose : int, default=0
        1 prints losses now and then.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is ``LogOddsThreshold()``: what either rule
        flags.

    random_state : int, RandomState instance or None, default=None
        Seed of the weights, the split, the order of the rows, the classifier's features where there
        are more than 1,000, and a threshold rule that draws.

    Attributes
    ----------
    network_ : TrainedNetwork
        The auto-encoder.

    label_thresholds_ : dict of str to LabelNoiseThreshold
        The fitted rules of the labels: "code" and "rows".

    row_threshold_ : SecondComponentThreshold
        The fitted rule of the reconstruction errors.

    history_ : dict of str to dict
        "loss" and "val_loss" of each epoch, for each network.

    training_scores_ : ndarray of shape (n_samples,)
        Negative anomaly scores of the training rows; those of labels are out of sample.

    contamination_interval_ : tuple of float
        Its 90 % interval, from those of the rules.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    CAEPlusDetector : The published detector.
    LabelNoiseDetector : Ridge regression and trees on the rows as they are.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import CrossFittedCAEDetector
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> attack = LabelFlipAttack(rate=0.2, random_state=0)
    >>> X, y = attack.fit_resample(X / 16, y)
    >>> detector = CrossFittedCAEDetector(image_shape=(8, 8), random_state=0)
    >>> poison = detector.fit_predict(X, y) == -1
    >>> bool((poison == attack.poison_mask_).mean() > 0.95)
    True
    """

    short_names = {"cae+-cross-fitted": {}}
    auto_threshold = LogOddsThreshold()

    _parameter_constraints = {
        **BaseLabelNoiseDetector._parameter_constraints,
        **NetworkMixin._network_constraints,
    }

    def __init__(
        self,
        *,
        image_shape: Sequence[int] | None = None,
        epochs: int = 50,
        batch_size: int = 32,
        steps_per_epoch: int | None = 10,
        optimizer: str = "adam",
        optimizer__learning_rate: Any = 0.01,
        validation_split: float = 0.1,
        patience: int | None = None,
        callbacks: list | None = None,
        verbose: int = 0,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.image_shape = image_shape
        self.epochs = epochs
        self.batch_size = batch_size
        self.steps_per_epoch = steps_per_epoch
        self.optimizer = optimizer
        self.optimizer__learning_rate = optimizer__learning_rate
        self.validation_split = validation_split
        self.patience = patience
        self.callbacks = callbacks
        self.verbose = verbose

    def _fit_scores(self, X, y, random_state):
        self._fit_preprocessing(X)
        return super()._fit_scores(X, y, random_state)

    def _fit_label_scores(self, X, y, random_state):
        rows = self._scaled(X)
        self.network_ = self._train("reconstruction", rows, random_state, self.epochs)
        groups = near_duplicate_groups(rows, y)
        seed = int(random_state.randint(2**31 - 1))
        self._on_code, self._on_rows = _LabelJudge(), _LabelJudge()
        flat = rows.reshape(len(rows), -1)
        code = self._encode_rows(rows)
        by_label = [
            self._on_code.fit_log_odds(code, y, groups, seed, judge_twice),
            self._on_rows.fit_log_odds(flat, y, groups, seed, judge_rows),
        ]
        self.label_thresholds_ = {"code": self._on_code.rule, "rows": self._on_rows.rule}
        errors = self._errors(rows)
        self.row_threshold_ = SecondComponentThreshold().fit(errors)
        return self._join(by_label, errors)

    def _encode_rows(self, rows):
        """What the classifier sees: codes of images; of tabular rows the row itself, too."""
        codes = self.network_.encode(rows)
        return codes if self._scaler is None else np.hstack([rows, codes])

    def _errors(self, rows):
        return reconstruction_error(rows, self.network_.predict(rows)[0])

    def _label_scores(self, X):
        rows = self._scaled(X)
        by_label = [
            self._on_code.log_odds(self._encode_rows(rows)),
            self._on_rows.log_odds(rows.reshape(len(rows), -1)),
        ]
        return self._join(by_label, self._errors(rows))

    def _join(self, by_label, errors):
        """The largest log-odds of all rules, under each label."""
        by_row = np.clip(self.row_threshold_.log_odds(errors), -MAX_LOG_ODDS, MAX_LOG_ODDS)
        return np.maximum(np.maximum(*by_label), by_row[:, np.newaxis])

    def _make_threshold(self, random_state):
        if self._distances is not None and self.contamination == "auto":
            return LabelNoiseThreshold()  # flags none of the distances of a single class
        return super()._make_threshold(random_state)

    def fit(self, X: Rows, y: ArrayLike | None = None) -> Self:
        """Fit both halves and let them judge.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, height, width[, channels])
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels. Without them all rows are taken to be of one class.

        Returns
        -------
        self : object
            The fitted detector.
        """
        super().fit(X, y)
        if isinstance(self.fitted_threshold_, LogOddsThreshold):
            labels = [rule.contamination_interval_ for rule in self.label_thresholds_.values()]
            low, high = np.max(labels, axis=0)
            if self.row_threshold_.contamination_ > 0:
                row_low, row_high = self.row_threshold_.contamination_interval_
                low, high = max(low, row_low), min(1.0, high + row_high)
            self.contamination_interval_ = float(low), float(high)
        return self


class _LabelJudge:
    """Ridge regression that leaves out what it predicts, and the likelihood of label noise."""

    def fit_log_odds(self, rows, y, groups, seed, judge):
        """Fit, and return the log-odds that each label of each training row is wrong."""
        self._scaler = Standardizer(rows)
        self._classifier = _ridge("linear", y, seed)
        costs, self.rule = judge(self._classifier, self._scaler(rows), y, groups)
        self._classifier.release()
        return self._under_each_label(costs)

    def log_odds(self, rows):
        """Return the log-odds that each label of each row is wrong."""
        return self._under_each_label(-self._classifier.predict(self._scaler(rows)))

    def _under_each_label(self, costs):
        codes = range(costs.shape[1])
        by_label = [self.rule.anomaly_scores(costs, np.full(len(costs), code)) for code in codes]
        return np.column_stack(by_label)


def _ridge(kernel, y, seed):
    return LeaveOneOutRidge(kernel, N_COMPONENTS, int(y.max()) + 1, seed)


def judge_twice(classifier, rows, y, groups):
    """The second time with the probabilities of right labels as weights."""
    rule = LabelNoiseThreshold(CODE_TEMPERATURE, CODE_SCALE, noise="uniform")
    trust = np.ones(len(y))
    for _ in range(2):
        costs = -classifier.fit_predict(rows, y, groups, trust)
        trust = 1 - rule.fit(costs, y).poison_probability(costs, y)
    return costs, rule


def judge_rows(classifier, rows, y, groups):
    """Without a group that a non-linear classifier follows."""
    other = _ridge("rbf", y, classifier.seed)
    verdict = judge_linearly(classifier, other, rows, y, groups)
    return verdict.costs, verdict.rule
