"""The networks behind the detectors and victims: architectures, training and inference.

The only folder that imports Keras, and so the back end that Keras is set to (TensorFlow, JAX or
PyTorch; the environment variable ``KERAS_BACKEND``). Detectors import it when they are fitted.

scikeras is not built on: its estimators fail scikit-learn's estimator checks, and they fit by
``Model.fit``, most of whose time at the sizes met here is overhead. Its parameter names are kept.
"""

from skpoison.networks._quiet_import import import_keras

import_keras()  # first of all, for it keeps the back end's greetings from the terminal

from skpoison.networks._architectures import Architecture  # noqa: E402
from skpoison.networks._classifier import ClassifierArchitecture  # noqa: E402
from skpoison.networks._inference import TrainedNetwork  # noqa: E402
from skpoison.networks._loss_gradients import loss_gradient, pull_back_loss_gradient  # noqa: E402
from skpoison.networks._saved import SavedNetwork  # noqa: E402
from skpoison.networks._training import train  # noqa: E402
from skpoison.networks._unrolled import UnrolledTraining, small_perceptron  # noqa: E402

__all__ = [
    "Architecture",
    "ClassifierArchitecture",
    "SavedNetwork",
    "TrainedNetwork",
    "UnrolledTraining",
    "loss_gradient",
    "pull_back_loss_gradient",
    "small_perceptron",
    "train",
]
