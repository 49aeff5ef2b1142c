"""Keras files from somebody else: what is in them is looked at before Keras reads it."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest

keras = pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")

from skpoison.networks import SavedNetwork  # noqa: E402

WEIGHTS = "model.weights.h5"


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """The members of a file with one layer that doubles."""
    path = tmp_path_factory.mktemp("keras") / "whole.keras"
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, name="twice")])
    model.set_weights([2 * np.eye(3), np.zeros(3)])
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def changed(parts, layer):
    """The members with another layer in place of the last one."""
    plan = json.loads(parts["config.json"])
    plan["config"]["layers"][-1] = layer
    return parts | {"config.json": json.dumps(plan)}


def test_what_is_kept_of_a_file(parts, tmp_path):
    network = SavedNetwork(write(tmp_path / "m.keras", parts))
    np.testing.assert_allclose(network(np.eye(3, dtype="float32")), 2 * np.eye(3))


def test_layers_of_many_kinds_are_keras_own(tmp_path):
    rows = keras.Input((8, 8, 3))
    layers = keras.layers
    output = layers.RandomFlip()(layers.Rescaling(1 / 255)(rows)) * 2
    output = layers.Conv2D(2, 3, padding="same", kernel_constraint="max_norm")(output)
    output = layers.Concatenate()([output, keras.ops.relu(output)])
    output = layers.TimeDistributed(layers.Dense(2, keras.activations.gelu))(output)
    output = layers.GlobalAveragePooling2D(dtype="float16")(output)
    output = keras.Sequential([layers.Dropout(0.5, seed=1), layers.Dense(4)])(output)
    model = keras.Model(rows, layers.Dense(2, "softmax", kernel_regularizer="l2")(output))
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy())
    model.save(tmp_path / "m.keras")
    network = SavedNetwork(tmp_path / "m.keras")
    assert network(np.ones((5, 8, 8, 3), "float32")).shape == (5, 4)


def layer(name, module="keras.layers", **config):
    return {"module": module, "class_name": name, "config": {"name": "l", **config}}


CODE = layer("__lambda__", code="4wAAAA==", defaults=None, closure=None)


@pytest.mark.parametrize(
    "hostile",
    [
        layer("Lambda", function=CODE),
        layer("Lambda", function={**CODE, "module": None}),
        layer("Lambda", "keras.src.layers.core.lambda_layer", function="relu"),
        layer("Dense", units=3, activation={**CODE, "module": None}),
        layer("TFSMLayer", filepath="model"),
        layer("TorchModuleWrapper", module="AA=="),
        layer("Popen", "subprocess", args="true"),
        layer("Dense", None, units=3),
        layer("Dense", ["keras.layers"], units=3),
        layer("function", "keras.config", config="enable_unsafe_deserialization"),
        layer("function", "keras.utils", config="get_file"),
        layer("Dense", units=3, activation=layer("function", "keras.saving", config="load_model")),
        layer("Mine", "keras_hub.layers"),
        layer("Mine", "kerasx.layers"),
    ],
    ids=lambda hostile: f"{hostile['module']}.{hostile['class_name']}",
)
def test_what_is_not_keras_own_or_runs_code_is_refused(parts, tmp_path, hostile):
    path = write(tmp_path / "m.keras", changed(parts, hostile))
    with pytest.raises(ValueError, match="never run from a file"):
        SavedNetwork(path)


@pytest.mark.parametrize("name", ["../left", "assets/../../left", "/tmp/left", "assets\\..\\left"])
def test_members_that_leave_the_folder_are_refused(parts, tmp_path, name):
    path = write(tmp_path / "m.keras", parts | {name: b"left"})
    with pytest.raises(ValueError, match=r"its member '.*left' leaves the folder"):
        SavedNetwork(path)


def test_names_in_a_plan_do_nothing_to_a_terminal(parts, tmp_path):
    plan = json.loads(parts["config.json"]) | {"class_name": "\x1b[2J"}
    path = write(tmp_path / "m.keras", parts | {"config.json": json.dumps(plan)})
    with pytest.raises(ValueError, match=r"\\x1b\[2J") as refusal:
        SavedNetwork(path)
    assert "\x1b" not in str(refusal.value)


def test_a_vocabulary_in_another_file_is_not_read(parts, tmp_path):
    (tmp_path / "secret.txt").write_text("password")
    lookup = layer("StringLookup", vocabulary=str(tmp_path / "secret.txt"))
    path = write(tmp_path / "m.keras", changed(parts, lookup))
    with pytest.raises(ValueError, match="is no network that Keras can load"):
        SavedNetwork(path)


@pytest.mark.parametrize("how", ["link", "storage", "shape", "links in a circle"])
def test_weights_that_are_elsewhere_or_too_many(parts, tmp_path, how):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["kernel"] = np.full((3, 3), 7.0, "float32")
    content = io.BytesIO(parts[WEIGHTS])
    with h5py.File(content, "a") as file:
        weights = file["layers/twice/vars" if "twice" in file["layers"] else "layers/dense/vars"]
        del weights["0"]
        if how == "link":
            weights["0"] = h5py.ExternalLink(secret, "kernel")
        elif how == "storage":
            weights.create_dataset("0", (3, 3), "float32", external=[(secret, 0, 36)])
        elif how == "shape":
            weights.create_dataset("0", (10**6, 10**6), "float32", chunks=(10, 10))
        else:
            weights["0"] = h5py.SoftLink("0")
    path = write(tmp_path / "m.keras", parts | {WEIGHTS: content.getvalue()})
    with pytest.raises(ValueError, match="is no network that Keras can load"):
        SavedNetwork(path)


def test_a_file_that_declares_more_than_two_gibibytes(parts, tmp_path):
    path = write(tmp_path / "m.keras", parts | {"bomb": b""})
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02")  # the bomb's entry in the list at the end
    content[place + 24 : place + 28] = struct.pack("<I", 2**32 - 2)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"unpacks to 4,29.* more than the 2,147,483,648 accepted"):
        SavedNetwork(path)


def test_a_flipped_byte_or_a_cut_is_refused_or_harmless(parts, tmp_path):
    """A sum of each member guards what is read; sums of what is not read may differ."""
    path = write(tmp_path / "m.keras", parts)
    whole = path.read_bytes()
    draw = np.random.RandomState(0)
    for place in draw.choice(len(whole), 12, replace=False).tolist():
        flipped = bytearray(whole)
        flipped[place] ^= 1 << draw.randint(8)
        for content in (flipped, whole[:place]):
            path.write_bytes(content)
            try:
                network = SavedNetwork(path)
            except ValueError as error:
                assert str(path) in str(error)
            else:
                expected = 2 * np.eye(3)
                np.testing.assert_allclose(network(np.eye(3, dtype="float32")), expected)


@pytest.mark.parametrize("content", ["", "{}", "[]", "1", "[" * 100_000, '{"class_name": {}}'])
def test_plans_that_are_none(parts, tmp_path, content):
    path = write(tmp_path / "m.keras", parts | {"config.json": content})
    with pytest.raises(ValueError, match=r"no network that Keras can load|never run from a file"):
        SavedNetwork(path)


def test_other_files(parts, tmp_path):
    with pytest.raises(ValueError, match=r"is no .keras file, or broken"):
        SavedNetwork(write(tmp_path / "m.h5", parts))
    with pytest.raises(ValueError, match="is no network that Keras can load"):
        SavedNetwork(write(tmp_path / "m.keras", {WEIGHTS: parts[WEIGHTS]}))
