"""Protocols: defaults of the paper, YAML, what is refused."""

from dataclasses import FrozenInstanceError

import pytest

from skpoison.experiments import Protocol

KEYS = "dataset classes n_train n_val n_test n_runs rates attacks detectors victim fit seed".split()


def test_defaults_are_the_papers():
    protocol = Protocol("mnist")
    assert (protocol.n_train, protocol.n_val, protocol.n_test) == (100, 200, 200)
    assert protocol.rates == (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
    assert len(protocol.runs("training")) == 50
    assert len(protocol.runs("assessment")) == 10
    assert protocol.make_victim().kernel == "linear"
    assert protocol.make_victim().C == 1
    assert protocol.fit == "pooled"


def test_colour_images_are_attacked_under_rbf():
    victim = Protocol("cifar10").make_victim()
    assert (victim.kernel, victim.C, victim.gamma) == ("rbf", 1, "auto")  # auto: 1 / n_features


def test_without_training_all_runs_assess():
    protocol = Protocol("mnist", n_runs=18, fit="per_set")
    assert protocol.runs("training") == ()
    assert len(set(protocol.runs("assessment"))) == 18


def test_yaml_goes_there_and_back(tmp_path, protocol):
    path = tmp_path / "protocol.yaml"
    path.write_text(protocol.to_yaml())
    assert Protocol.from_yaml(path) == protocol
    assert [line.split(":")[0] for line in path.read_text().splitlines()] == KEYS


def test_a_protocol_does_not_change(protocol):
    with pytest.raises(FrozenInstanceError):
        protocol.seed = 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dataset: digits\ndetector: [knn]", "'detector'.*Did you mean 'detectors'"),
        ("dataset: digits\nvictim: {kernl: rbf}", "'kernl'.*Did you mean 'kernel'"),
        ("dataset: [digits", "not valid YAML"),
        ("- digits", "must hold a mapping"),
        ("", "must hold a mapping"),
        ("n_runs: 6", "'dataset' is missing"),
        ("dataset: digit", "dataset must be .*'digits'.*got 'digit'"),
        ("dataset: digits\nattacks: [flip]", "attacks holds 'flip'.*Did you mean 'flipping'"),
        ("dataset: digits\ndetectors: []", "detectors must be a list that is not empty"),
        ("dataset: digits\ndetectors: knn", "detectors must be a list .*got 'knn'"),
        ("dataset: digits\nn_train: 10.5", "n_train must be an integer of at least 2, got 10.5"),
        ("dataset: digits\nn_runs: 1", "n_runs must be an integer of at least 2, got 1"),
        ("dataset: digits\nseed: -1", "seed must be an integer of at least 0"),
        ("dataset: digits\nclasses: [3]", "classes must be at least two integers"),
        ("dataset: digits\nfit: both", "fit must be .*got 'both'"),
        ("dataset: digits\nvictim: {C: 0}", "victim=.*'C'"),
        ("dataset: digits\nrates: [0, 1.5]", "rates must be numbers from 0 to 1"),
        ("dataset: digits\nn_val: 20", "ask for up to 30 poison rows.*n_val=20"),
        ("dataset: digits\nn_train: 10\nrates: [0.1, 0.12]", "another number of rows"),
        ("dataset: digits\nrates: [a]", "rates must be numbers"),
        ("dataset: digits\nrates: [[0, 1], [2]]", "rates must be a list of numbers or names"),
        ("dataset: digits\nrates: [.nan]", "rates must be numbers from 0 to 1"),
        (
            "dataset: digits\nn_runs: 1000000000",
            r"asks for 140,000,000,000 results.*at most 200,000",
        ),
        ("dataset: !!python/object/apply:os.getpid []", "not valid YAML.*python/object"),
        ("a: &a [x, x]\nb: &b [*a, *a]\ndataset: [*b, *b]", "no anchors and aliases"),
        ("dataset: " + "[" * 5000, "nested too deeply|not valid YAML"),
        ("dataset: " + "x" * 99_000, "dataset must be .*got 'x{50,200}...*"),
        ("dataset: " + "x" * 200_000, "is larger than 100,000 bytes"),
        ("? " + "x" * 90_000 + "\n: 1", "unknown key 'x{50,200}...*"),
        ("? [a]\n: 1", "not valid YAML"),
        ("dataset: \0", "not valid YAML"),
    ],
)
def test_bad_protocols_are_refused(tmp_path, text, message):
    path = tmp_path / "protocol.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        Protocol.from_yaml(path)
