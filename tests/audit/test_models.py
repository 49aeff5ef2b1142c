"""Features by a model in a file: what the model says, and nothing that it should not do."""

import sys

import numpy as np
import pytest
from PIL import Image

from skpoison.audit import audit, read_source


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Two folders of one-coloured pictures of several sizes, and their mean pixel."""
    folder = tmp_path_factory.mktemp("pictures")
    levels = {}
    for label, low in (("dark", 10), ("light", 150)):
        (folder / label).mkdir()
        for number in range(12):
            level = low + 5 * number
            size = (20 + number, 90)  # larger than what an audit without a model looks at
            Image.new("L", size, level).save(folder / label / f"{number:02}.png")
            levels[f"{label}/{number:02}.png"] = level
    return folder, levels


def save_keras(path, layers, shape=(16, 16, 1), dtype=None):
    import keras

    rows = keras.Input(shape, dtype=dtype)
    output = rows
    for layer in layers:
        output = layer(output)
    keras.Model(rows, output).save(path)
    return path


def test_a_network_of_keras_sees_pictures_in_its_size(pictures, tmp_path):
    """The input of the last layer is a row's features: the mean of its 16 x 16 pixels."""
    keras = pytest.importorskip("keras")
    folder, levels = pictures
    path = save_keras(
        tmp_path / "m.keras",
        [
            keras.layers.Rescaling(2.0),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(5, activation="softmax"),
        ],
    )
    data = read_source(folder, model=path)
    expected = [[2 * levels[name]] for name in data.index]
    np.testing.assert_allclose(data.features, expected, rtol=1e-5)
    assert data.notes[-1] == "Features of the model m.keras: 1 a row."
    assert data.X.dtype == np.uint8 and len(data.X) == 24  # what is shown

    plain = save_keras(tmp_path / "p.keras", [keras.layers.AveragePooling2D(8)])
    found = audit(data.X, data.y, model=plain, only="label", random_state=0)
    np.testing.assert_allclose(found.data.features, np.array(expected) / 2 / 255, atol=1e-6)


def test_a_network_of_keras_reads_texts(tmp_path):
    keras = pytest.importorskip("keras")
    words = keras.layers.TextVectorization(vocabulary=["red", "blue"], output_mode="count")
    path = save_keras(tmp_path / "t.keras", [words], shape=(1,), dtype="string")
    texts, y = ["red red", "blue sky", "red blue", "sky"] * 10, ["u", "v"] * 20
    found = audit(texts, y, model=path, only="duplicate")
    np.testing.assert_array_equal(
        found.data.features[:4], [[0, 2, 0], [1, 0, 1], [0, 1, 1], [1, 0, 0]]
    )


@pytest.mark.parametrize("kind", ["lambda", "class"])
def test_code_in_a_file_is_never_run(pictures, tmp_path, kind):
    keras = pytest.importorskip("keras")

    class Mine(keras.layers.Layer):
        def call(self, rows):
            return rows

    layer = Mine() if kind == "class" else keras.layers.Lambda(lambda rows: rows * 2)
    path = save_keras(tmp_path / "m.keras", [layer])
    with pytest.raises(ValueError, match="never run from a file"):
        read_source(pictures[0], model=path)


def test_models_that_do_not_fit_are_refused(pictures, tmp_path):
    keras = pytest.importorskip("keras")
    folder, _ = pictures
    path = save_keras(tmp_path / "flat.keras", [keras.layers.Dense(2)], shape=(16,))
    with pytest.raises(ValueError, match=r"keras' takes numbers of shape \(16,\); images of shape"):
        read_source(folder, model=path)
    with pytest.raises(ValueError, match=r"takes numbers of shape .*; the rows are text"):
        audit(["a b"] * 20, [0, 1] * 10, model=path)
    with pytest.raises(ValueError, match="is for images or texts; the rows are features"):
        audit(np.ones((20, 2)), [0, 1] * 10, model=path)
    with pytest.raises(ValueError, match="name one of them"):
        audit(["a b"] * 20, [0, 1] * 10, model=path, features=np.ones((20, 2)))
    with pytest.raises(OSError, match=r"no such file. Did you mean 'flat.keras'\?"):
        read_source(folder, model=tmp_path / "flt.keras")
    with pytest.raises(ValueError, match=r"has no model.safetensors: a .keras file, an .onnx file"):
        read_source(folder, model=folder)
    (tmp_path / "broken.keras").write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"is no .keras file, or broken"):
        read_source(folder, model=tmp_path / "broken.keras")
    (tmp_path / "m.pkl").write_bytes(b"")
    with pytest.raises(ValueError, match=r"m.pkl'?: a .keras file, an .onnx file or a folder"):
        read_source(folder, model=tmp_path / "m.pkl")


@pytest.mark.parametrize("batch", [None, 5])
def test_an_onnx_model(pictures, tmp_path, batch):
    """Colours first, a fixed number of rows at a time, and places to average over."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    folder, levels = pictures
    make = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Add", ["rows", "rows"], ["out"])],
        "twice",
        [make("rows", onnx.TensorProto.FLOAT, [batch, 3, 4, 4])],
        [make("out", onnx.TensorProto.FLOAT, [batch, 3, 4, 4])],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9
    )
    onnx.save(model, tmp_path / "m.onnx")
    data = read_source(folder, model=tmp_path / "m.onnx")
    expected = [[2 * levels[name] / 255] * 3 for name in data.index]
    np.testing.assert_allclose(data.features, expected, rtol=1e-5)
    (tmp_path / "broken.onnx").write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"broken.onnx"):
        read_source(folder, model=tmp_path / "broken.onnx")


def test_a_folder_of_model2vec(tmp_path):
    """The mean of the vectors of the words."""
    model2vec = pytest.importorskip("model2vec")
    tokenizers = pytest.importorskip("tokenizers")
    words = tokenizers.models.WordLevel({"[UNK]": 0, "red": 1, "blue": 2}, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(words)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    vectors = np.array([[0, 0], [2, 0], [0, 4]], dtype=np.float32)
    model2vec.StaticModel(vectors, tokenizer, normalize=False).save_pretrained(tmp_path / "m")
    found = audit(["red blue", "red"] * 10, ["u", "v"] * 10, model=tmp_path / "m", only="duplicate")
    np.testing.assert_allclose(found.data.features[:2], [[1, 2], [2, 0]])


@pytest.mark.parametrize("package", ["onnxruntime", "model2vec"])
def test_a_missing_package_is_named(pictures, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    path = tmp_path / "m.onnx"
    if package == "model2vec":
        path = tmp_path
        for name in ("model.safetensors", "tokenizer.json", "config.json"):
            (tmp_path / name).write_bytes(b"")
    else:
        path.write_bytes(b"")
    with pytest.raises(ImportError, match=rf"needs {package}: pip install 'skpoison\[models\]'"):
        audit(["a b"] * 20, [0, 1] * 10, model=path)
