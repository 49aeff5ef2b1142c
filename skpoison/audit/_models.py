"""Features of images and texts by a model in a file: Keras, ONNX, Model2Vec."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from skpoison.audit._naming import counted
from skpoison.audit._picture_files import pictures_at
from skpoison.utils._nearest import nearest

BATCH = 64
COLOURS = (1, 3)
FOLDER_OF_MODEL2VEC = ("model.safetensors", "tokenizer.json", "config.json")
ACCEPTED = "a .keras file, an .onnx file or a folder of Model2Vec is accepted"


def with_model_features(data, path, items=None, folder=None):
    """The data with the features that a model in a file gives their images or texts.

    Parameters
    ----------
    data : AuditData
        Images or texts.

    path : str or path-like
        A ``.keras`` file, an ``.onnx`` file, or a folder of Model2Vec.

    items : list of pathlib.Path, str or bytes, default=None
        What the images were read from, so that they can be read in the size that the model takes.
        None: those of the data are scaled.

    folder : pathlib.Path, default=None
        Where paths given as str begin.

    Returns
    -------
    data : AuditData
        With `features`: outputs of more than two dimensions are averaged over places or words.

    Raises
    ------
    ValueError, OSError, ImportError
        If there is no such model, it cannot be loaded, or it takes something else.
    """
    path = Path(path)
    check_model(path)
    if data.features is not None:
        raise ValueError("features and model both give features: name one of them.")
    if data.kind not in ("images", "text"):
        raise ValueError(f"model={str(path)!r} is for images or texts; the rows are {data.kind}.")
    model = _load(path)
    if model.takes_text != (data.kind == "text"):
        takes = "texts" if model.takes_text else f"numbers of shape {model.shape}"
        raise ValueError(f"model={str(path)!r} takes {takes}; the rows are {data.kind}.")
    if data.kind == "text":
        batches = _batches_of_texts(data.X)
    else:
        layout = _layout(model, path)
        batches = _batches_of_images(model, layout, data.X, items, folder)
    try:
        features = np.concatenate([_pooled(model, batch) for batch in batches])
    except (ValueError, RuntimeError, TypeError) as error:
        raise ValueError(f"model={str(path)!r} could not be run: {_first_line(error)}") from error
    if features.dtype.kind not in "fiub" or not np.isfinite(features).all():
        raise ValueError(f"model={str(path)!r} gives values that are no finite numbers.")
    note = f"Features of the model {path.name}: {features.shape[1]:,} a row."
    features = features.astype(np.float32, copy=False)
    return replace(data, features=features, notes=[*data.notes, note])


def check_model(path):
    """Refuse what is no model by its name, before rows are read.

    Parameters
    ----------
    path : str or path-like
        As for :func:`with_model_features`.

    Raises
    ------
    ValueError, OSError
        If there is none, or it is of another kind.
    """
    path = Path(path)
    if not path.exists():
        there = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        raise OSError(f"model={str(path)!r}: no such file.{nearest(path.name, there)}")
    if path.is_dir():
        missing = [name for name in FOLDER_OF_MODEL2VEC if not (path / name).is_file()]
        if missing:
            raise ValueError(f"model={str(path)!r} has no {missing[0]}: {ACCEPTED}.")
    elif path.suffix not in (".keras", ".onnx"):
        raise ValueError(f"model={str(path)!r}: {ACCEPTED}.")


def _load(path):
    if path.is_dir():
        return _Model2Vec(path)
    if path.suffix == ".keras":
        from skpoison.networks import SavedNetwork

        return SavedNetwork(path)
    return _Onnx(path)


class _Model2Vec:
    """The mean of the vectors of a text's tokens."""

    shape, takes_text = (), True

    def __init__(self, path):
        package = _import("model2vec", path)
        try:
            self._model = package.StaticModel.from_pretrained(str(path))
        except Exception as error:  # of four packages
            raise ValueError(f"model={str(path)!r}: {_first_line(error)}") from error

    def __call__(self, texts):
        return self._model.encode(texts)


class _Onnx:
    """The first output that holds numbers."""

    def __init__(self, path):
        runtime = _import("onnxruntime", path)
        try:
            self._session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
        except Exception as error:  # its own classes, which it does not export
            raise ValueError(f"model={str(path)!r}: {_first_line(error)}") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise ValueError(
                f"model={str(path)!r} has {counted(len(inputs), 'input')}; one is accepted."
            )
        self._name = inputs[0].name
        sizes = [size if isinstance(size, int) else None for size in inputs[0].shape]
        self._batch, self.shape = sizes[0], tuple(sizes[1:])
        self.takes_text = inputs[0].type == "tensor(string)"
        self.scales_pixels = inputs[0].type == "tensor(uint8)"
        self._dtype = {"tensor(uint8)": np.uint8, "tensor(double)": np.float64}.get(
            inputs[0].type, np.float16 if inputs[0].type == "tensor(float16)" else np.float32
        )
        outputs = self._session.get_outputs()
        numbers = [one.name for one in outputs if one.type.startswith(("tensor(float", "tensor(d"))]
        if not numbers:
            raise ValueError(f"model={str(path)!r} has no output of numbers.")
        self._output = numbers[0]

    def __call__(self, batch):
        if self.takes_text:
            batch = np.array(batch, dtype=object).reshape(-1, *(size or 1 for size in self.shape))
        else:
            batch = batch.astype(self._dtype)
        size = self._batch or len(batch)
        parts = []
        for start in range(0, len(batch), size):
            part = batch[start : start + size]
            whole = np.concatenate([part, np.repeat(part[:1], size - len(part), axis=0)])
            output = self._session.run([self._output], {self._name: whole})[0]
            output = output[: len(part)]
            parts.append(np.moveaxis(output, 1, -1) if output.ndim == 4 else output)
        return np.concatenate(parts)


def _import(name, path):
    try:
        return __import__(name)
    except ImportError as error:
        raise ImportError(
            f"model={str(path)!r} needs {name}: pip install 'skpoison[models]'."
        ) from error


def _batches_of_texts(texts):
    for start in range(0, len(texts), BATCH):
        yield texts[start : start + BATCH]


def _layout(model, path):
    """Height, width and colours that a model takes, and whether colours come first."""
    shape = model.shape
    if len(shape) != 3:
        raise ValueError(
            f"model={str(path)!r} takes numbers of shape {shape}; images of shape (height, width, "
            "colours) or (colours, height, width) are accepted."
        )
    colours_first = shape[0] in COLOURS and shape[2] not in COLOURS
    n_colours = shape[0] if colours_first else shape[2]
    height, width = shape[1:] if colours_first else shape[:2]
    if n_colours not in (None, *COLOURS):
        raise ValueError(f"model={str(path)!r} takes {n_colours} colours; 1 and 3 are accepted.")
    return height, width, n_colours, colours_first


def _batches_of_images(model, layout, images, items, folder):
    """Images as the model takes them: size, colours, their place, and the scale of pixels."""
    height, width, n_colours, colours_first = layout
    size = (width or images.shape[2], height or images.shape[1])
    items = _as_bytes(images) if items is None else items
    for start in range(0, len(items), BATCH):
        batch = pictures_at(items[start : start + BATCH], size, n_colours or 3, folder)
        if not model.scales_pixels:
            batch = batch.astype(np.float32) / 255
        yield np.moveaxis(batch, 3, 1) if colours_first else batch


def _as_bytes(images):
    images = np.asarray(images)
    if images.dtype != np.uint8:
        images = np.rint(255 * images).astype(np.uint8)
    return list(images.squeeze(-1) if images.ndim == 4 and images.shape[3] == 1 else images)


def _pooled(model, batch):
    """One row of features a row: the mean over places or words."""
    output = np.asarray(model(batch))
    if output.ndim > 2:
        output = output.mean(axis=tuple(range(1, output.ndim - 1)))
    return output.reshape(len(output), -1)


def _first_line(error):
    return str(error).strip().partition("\n")[0] or type(error).__name__
