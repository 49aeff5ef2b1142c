"""CAE+: a classification auto-encoder whose reconstruction the labels given cannot shape."""

from dataclasses import replace
from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from skpoison.detectors._class_reconstruction import ClassReconstruction
from skpoison.detectors._classification import CAEDetector, entropies_of
from skpoison.detectors._cross_fitting import CrossFit
from skpoison.detectors._network import NetworkMixin
from skpoison.detectors._suspicion import (
    classification_suspicion,
    cross_entropy,
    label_margins,
    reconstruction_error,
)
from skpoison.thresholds import contradiction_cut, mirror_cut


class CAEPlusDetector(CAEDetector):
    """Flag rows whose labels neither class nor reconstruction confirm.

    CAE+ of [1]_ joins a classification auto-encoder with a reconstruction error that poisoned
    labels cannot shape. Here no row is judged by a network that has learnt it: the rows are dealt
    into folds, several times over, and those of each fold are judged by networks trained on the
    others. Suspicion is
    ``alpha * reconstruction margin + (1 - alpha) * class margin``, each divided by its L2 norm over
    the training rows. The class margin is the log-odds of the best other label over the row's
    own; the reconstruction margin is the logarithm of how many times worse the row is
    reconstructed from the rows of its own label than from those of the best other one.
    Where labels are contradicted with confidence (:func:`~skpoison.thresholds.contradiction_cut`),
    "auto" flags the contradicted rows, those of suspicions above 0; otherwise it takes poison, if
    there is any, for the mirror image of clean rows (:func:`~skpoison.thresholds.mirror_cut`),
    which shows less poison among classes that do not overlap. Needs no clean data.

    :meth:`from_paper` is the published method, with two networks that judge what they have learnt
    and a reconstruction that is blind to the label.

    Parameters
    ----------
    alpha : float, default=0.5
        Weight of the reconstruction, in [0, 1].

    n_folds : int, default=5
        Number of folds. None: nothing is cross-fitted, as in the paper. Rows without labels, or
        of one class, are never cross-fitted.

    n_repeats : int, default=3
        How often the rows are dealt into folds anew; the repeats' logarithms are averaged.

    n_components : int, default=5
        Width of the linear auto-encoder that reconstructs the rows of each class; at most half
        of the class's rows, and of the columns.

    trimmed : bool, default=True
        Whether these auto-encoders learn nothing from the rows that :func:`mirror_cut` flags by the
        class margins alone.

    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of flattened images with pixels in
        [0, 1]. None: the shape of `X` where it has more than two axes; otherwise rows are
        tabular, and dense networks see them standardised.

    epochs : int or tuple of two int, default=(300, 30)
        Upper limit of epochs; the weights of the one with the lowest validation loss are kept. A
        pair gives the limits of the auto-encoder that is trained where nothing is cross-fitted,
        and of each classification network.

    batch_size : int, default=128
        Upper limit of rows in a training step. The classification network takes at least four
        steps an epoch.

    steps_per_epoch : int, default=10
        Upper limit of steps in an epoch, so that many rows do not mean long training. None: as
        many as the rows fill, so that each epoch passes over all of them.

    optimizer : str, default="adam"
        Name of a Keras optimizer.

    optimizer__learning_rate : float or LearningRateSchedule, default=0.005
        Its learning rate, or one of Keras's schedules.

    validation_split : float, default=0.0
        Share of a network's training rows held out to choose the epoch; stratified where
        possible. 0: all rows train, and choose the epoch too.

    patience : int, default=None
        Stop after so many epochs without a lower validation loss. None: never.

    callbacks : list of keras.callbacks.Callback, default=None
        Told of every epoch; they may read the model's weights and stop the training, but not
        change weights or learning rate. With them the training loop stops after each epoch, which
        costs time.

    verbose : int, default=0
        1 prints losses now and then.

    contamination : "auto", "mixture" or float, default="auto"
        Share of the training rows to flag, in (0, 0.5]. "auto" flags none unless their margins
        show a mirror image or, where nothing is cross-fitted, their suspicions a second component;
        "mixture" cuts between two in any case, as the paper does.

    random_state : int, RandomState instance or None, default=None
        Seed of the folds, the weights, the split, the order of the rows and the mixture.

    Attributes
    ----------
    judges_ : list of CrossFit
        The networks of each repeat; None where nothing was cross-fitted.

    reconstruction_judges_ : list of CrossFit
        The linear auto-encoders of each repeat, only where the rows were cross-fitted.

    network_ : TrainedNetwork
        The classification auto-encoder, only where nothing was cross-fitted.

    reconstruction_network_ : TrainedNetwork
        The auto-encoder without classifier, only where nothing was cross-fitted.

    history_ : dict of str to dict
        "loss" and "val_loss" of each epoch, for each network.

    classes_ : ndarray of shape (n_classes,)
        The labels seen in fit.

    training_scores_ : ndarray of shape (n_samples,)
        Negative suspicions of the training rows.

    offset_ : float
        Threshold on ``score_samples``.

    contamination_ : float
        Estimated share of poison among the training rows.

    contamination_interval_ : tuple of float
        Its 90 % interval.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    CAEDetector : One network for both.
    MarginDetector : Cross-fitted margins of an SVM, a hundred times faster.

    References
    ----------
    .. [1] F. Razmi, L. Xiong, "Classification Auto-Encoder based Detector against Diverse Data
       Poisoning Attacks", arXiv:2108.04206, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import CAEPlusDetector
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> attack = LabelFlipAttack(rate=0.2, random_state=0)
    >>> X, y = attack.fit_resample(X / 16, y)
    >>> detector = CAEPlusDetector(image_shape=(8, 8), random_state=0)
    >>> poison = detector.fit_predict(X, y) == -1
    >>> bool((poison == attack.poison_mask_).mean() > 0.95)
    True
    """

    short_names = {
        "cae+": {
            "alpha": 0.66,
            "n_folds": None,
            "epochs": (300, 100),
            "validation_split": 0.1,
            "contamination": "mixture",
        },
        "cae+-cross-fitted": {},
    }

    _parameter_constraints = {
        **CAEDetector._parameter_constraints,
        "epochs": [*NetworkMixin._network_constraints["epochs"], tuple],
        "n_folds": [Interval(Integral, 2, None, closed="left"), None],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "trimmed": ["boolean"],
    }

    def __init__(
        self,
        *,
        alpha=0.5,
        n_folds=5,
        n_repeats=3,
        n_components=5,
        trimmed=True,
        image_shape=None,
        epochs=(300, 30),
        batch_size=128,
        steps_per_epoch=10,
        optimizer="adam",
        optimizer__learning_rate=0.005,
        validation_split=0.0,
        patience=None,
        callbacks=None,
        verbose=0,
        contamination="auto",
        random_state=None,
    ):
        super().__init__(
            alpha=alpha,
            image_shape=image_shape,
            epochs=epochs,
            batch_size=batch_size,
            steps_per_epoch=steps_per_epoch,
            optimizer=optimizer,
            optimizer__learning_rate=optimizer__learning_rate,
            validation_split=validation_split,
            patience=patience,
            callbacks=callbacks,
            verbose=verbose,
            contamination=contamination,
            random_state=random_state,
        )
        self.n_folds = n_folds
        self.n_repeats = n_repeats
        self.n_components = n_components
        self.trimmed = trimmed

    @classmethod
    def from_paper(cls, **params):
        """Make the published detector, which the short name ``cae+`` stands for.

        Parameters
        ----------
        **params
            Parameters beside those of the paper, or in their place.

        Returns
        -------
        detector : CAEPlusDetector
            Not cross-fitted, ``alpha=0.66``, 300 and 100 epochs, a tenth of the rows held out to
            choose the epoch, cut by a mixture.
        """
        return cls(**cls.short_names["cae+"] | params)

    def _fit(self, X, y, random_state):
        self.judges_ = None
        if self.n_folds is None or len(self.classes_) == 1:
            super()._fit(X, y, random_state)
            return
        self._start_networks(X)
        _, epochs = self._both_epochs()

        def fit_network(X, y):
            name = f"classification_{len(self.history_) + 1}"
            return self._train_classifier(self._scaled(X), y, random_state, epochs, name)

        def fit_reconstruction(X, y):
            return ClassReconstruction(self._scaled(X), y, len(self.classes_), self.n_components)

        def cross_fit(fit, learn_from=None):
            return [
                CrossFit(
                    fit,
                    X,
                    y,
                    learn_from=learn_from,
                    n_folds=self.n_folds,
                    random_state=random_state,
                )
                for _ in range(self.n_repeats)
            ]

        each, trusted = np.arange(len(X)), None
        self.judges_ = cross_fit(fit_network)
        class_margins = self._class_margins(X)[each, y]
        if self.trimmed:
            trusted = class_margins <= mirror_cut(class_margins).threshold
        self.reconstruction_judges_ = cross_fit(fit_reconstruction, trusted)
        reconstruction_margins = self._reconstruction_margins(X)[each, y]
        self.norms_ = np.linalg.norm([reconstruction_margins, class_margins], axis=1)

    def _train_networks(self, rows, y, random_state):
        reconstruction_epochs, epochs = self._both_epochs()
        self.reconstruction_network_ = self._train(
            "reconstruction", rows, random_state, reconstruction_epochs
        )
        self.network_ = self._train_classifier(rows, y, random_state, epochs)

    def _both_epochs(self):
        if not isinstance(self.epochs, tuple):
            return self.epochs, self.epochs
        if len(self.epochs) != 2 or not all(
            isinstance(epochs, Integral) and epochs >= 1 for epochs in self.epochs
        ):
            raise ValueError(
                "epochs must be a positive integer or a pair of them (reconstruction, "
                f"classification), got {self.epochs!r}."
            )
        return self.epochs

    def _errors(self, X):
        rows = self._scaled(X)
        reconstruction, _ = self.reconstruction_network_.predict(rows)
        _, probabilities = self.network_.predict(rows)
        return reconstruction_error(rows, reconstruction), entropies_of(rows, probabilities)

    def _class_margins(self, X):
        def support(network, X):
            _, probabilities = network.predict(self._scaled(X))
            return -cross_entropy(probabilities)

        return label_margins(np.mean([j.judge(X, support) for j in self.judges_], axis=0))

    def _reconstruction_margins(self, X):
        def support(reconstruction, X):
            return -np.log(reconstruction.errors(self._scaled(X)))

        judges = self.reconstruction_judges_
        return label_margins(np.mean([j.judge(X, support) for j in judges], axis=0))

    def _suspicion(self, X):
        if self.judges_ is None:
            return super()._suspicion(X)
        margins = self._reconstruction_margins(X), self._class_margins(X)
        return classification_suspicion(*margins, self.norms_, self.alpha)

    def _find_poison(self, suspicion):
        if self.judges_ is None:
            return super()._find_poison(suspicion)
        mirrored = mirror_cut(suspicion)
        low, high = mirrored.interval
        contradicted = contradiction_cut(suspicion, upper=high)
        if not contradicted.contamination:
            return mirrored
        return replace(contradicted, interval=(low, contradicted.interval[1]))
