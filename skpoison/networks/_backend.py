"""What differs between Keras's back ends: a training step, derivatives, compilation, arrays.

TensorFlow and PyTorch keep weights in variables that a step changes in place; JAX hands them
through. A step looks the same from outside: it takes the state and gives the next one, and
the state is empty where the variables hold it.
"""

import keras
import numpy as np


class _InPlace:
    """A step that changes the variables of the model and of the optimizer."""

    def __init__(self, vector, non_trainable, optimizer, objective):
        self.vector, self.non_trainable = vector, non_trainable
        self.optimizer, self.objective = optimizer, objective

    def state(self):
        return ()

    def weights(self, state):
        return self.vector.value, [variable.value for variable in self.non_trainable]

    def _update(self, gradient, non_trainable):
        self.optimizer.apply([gradient], [self.vector])
        for variable, value in zip(self.non_trainable, non_trainable, strict=True):
            variable.assign(value)


class _TensorFlowStep(_InPlace):
    def __call__(self, state, batch):
        import tensorflow as tf

        vector, non_trainable = self.weights(state)
        with tf.GradientTape() as tape:
            tape.watch(vector)
            loss, non_trainable = self.objective(vector, non_trainable, batch, training=True)
        self._update(tape.gradient(loss, vector), non_trainable)
        return state, loss


class _TorchStep(_InPlace):
    def __call__(self, state, batch):
        import torch

        vector, non_trainable = self.weights(state)
        loss, non_trainable = self.objective(vector, non_trainable, batch, training=True)
        (gradient,) = torch.autograd.grad(loss, [vector])
        with torch.no_grad():
            self._update(gradient, non_trainable)
        return state, loss.detach()


class _JaxStep:
    """A step on explicit state."""

    def __init__(self, vector, non_trainable, optimizer, objective):
        self.vector, self.non_trainable = vector, non_trainable
        self.optimizer, self.objective = optimizer, objective

    def state(self):
        return (
            self.vector.value,
            [variable.value for variable in self.non_trainable],
            [variable.value for variable in self.optimizer.variables],
        )

    def weights(self, state):
        return state[:2]

    def __call__(self, state, batch):
        import jax

        vector, non_trainable, optimizer = state
        (loss, non_trainable), gradient = jax.value_and_grad(self.objective, has_aux=True)(
            vector, non_trainable, batch, training=True
        )
        (vector,), optimizer = self.optimizer.stateless_apply(optimizer, [gradient], [vector])
        return (vector, list(non_trainable), list(optimizer)), loss


def training_step(vector, non_trainable, optimizer, objective):
    """The step of the back end in use.

    Parameters
    ----------
    vector : keras.Variable
        All trainable weights.
    non_trainable : list of keras.Variable
        The other weights.
    optimizer : keras.optimizers.Optimizer
        Built on the vector.
    objective : callable
        ``(vector, non_trainable, batch, training) -> (loss, non_trainable)``.

    Returns
    -------
    step : callable
        ``(state, batch) -> (state, loss)``, with ``step.state()`` the state of the variables as
        they are, and ``step.weights(state)`` the pair of the vector and the other weights.
    """
    steps = {"tensorflow": _TensorFlowStep, "torch": _TorchStep, "jax": _JaxStep}
    return steps[_supported_backend()](vector, non_trainable, optimizer, objective)


def gradient_of(function):
    """Make the function that gives the derivatives of another one.

    Parameters
    ----------
    function : callable
        ``function(tensor)`` gives one number.

    Returns
    -------
    gradient : callable
        ``gradient(tensor)`` gives its derivatives, of the shape of the tensor.
    """
    with_gradients = value_and_gradients(lambda tensors: function(tensors[0]))
    return lambda tensor: with_gradients([tensor])[1][0]


def compiled(function):
    """Compile a function of tensors the way of the back end in use.

    TensorFlow builds a graph without XLA, whose convolutions of few channels are three times
    slower on a CPU; JAX compiles; PyTorch runs step by step.
    """
    backend = _supported_backend()
    if backend == "tensorflow":
        import tensorflow as tf

        graph = tf.function(function, autograph=False, jit_compile=False, reduce_retracing=True)
        graph._omit_frequent_tracing_warning = True  # one graph a shape and plan is meant
        return graph
    if backend == "jax":
        import jax

        return jax.jit(function)
    return function


def value_and_gradients(function):
    """A function of a list of tensors that gives the value and its gradients.

    Parameters
    ----------
    function : callable
        ``(list of tensors) -> scalar tensor``.

    Returns
    -------
    with_gradients : callable
        ``(list of tensors) -> (value, list of gradients)``; both can be differentiated again.
    """
    backend = _supported_backend()
    if backend == "jax":
        import jax

        return jax.value_and_grad(function)
    return _by_tape(function) if backend == "tensorflow" else _by_graph(function)


def _by_tape(function):
    import tensorflow as tf

    def with_gradients(tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            value = function(tensors)
        zero = tf.UnconnectedGradients.ZERO
        return value, tape.gradient(value, tensors, unconnected_gradients=zero)

    return with_gradients


def _by_graph(function):
    import torch

    def with_gradients(tensors):
        tensors = [t if t.requires_grad else t.detach().requires_grad_() for t in tensors]
        with torch.enable_grad():
            value = function(tensors)
            slopes = torch.autograd.grad(value, tensors, create_graph=True, allow_unused=True)
        pairs = zip(tensors, slopes, strict=True)
        return value, [torch.zeros_like(t) if slope is None else slope for t, slope in pairs]

    return with_gradients


def as_array(tensor):
    """Copy a tensor or variable into an ndarray.

    Keras's own ``convert_to_numpy`` goes a way that NumPy 2 warns about.
    """
    value = tensor.value if isinstance(tensor, keras.Variable) else tensor
    backend = _supported_backend()
    if backend == "tensorflow":
        value = value.numpy()
    elif backend == "torch":
        value = value.detach().cpu().numpy()
    return np.array(value)


def _supported_backend():
    backend = keras.backend.backend()
    if backend not in ("tensorflow", "torch", "jax"):
        raise RuntimeError(
            f"Keras runs on the back end {backend!r}; skpoison's networks need one of "
            "'tensorflow', 'jax' and 'torch' (environment variable KERAS_BACKEND)."
        )
    return backend
