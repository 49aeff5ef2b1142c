"""Fetching, against a server on this machine."""

import gzip
import hashlib
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skpoison.datasets import load_images
from skpoison.datasets._catalogue import IDX_FILES, IMAGE_SETS, Download
from tests.datasets._files import small_images, write_idx

GREY = small_images((28, 28))


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; ``/cut/...`` announces more bytes than it sends."""

    def do_GET(self):
        if not self.path.startswith("/cut/"):
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 10)

    def log_message(self, *args):
        pass


@pytest.fixture
def published(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    return folder


@pytest.fixture
def server(published, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=published)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(timeout=10)


def publish_mnist(monkeypatch, url, checksum):
    downloads = (Download(url, checksum, "mnist.npz"),)
    monkeypatch.setitem(IMAGE_SETS, "mnist", replace(IMAGE_SETS["mnist"], downloads=downloads))


def write_npz(published):
    path = published / "mnist.npz"
    np.savez(path, **GREY)
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def test_fetches_once_into_the_cache_with_a_progress_bar(
    server, published, cache, monkeypatch, capsys
):
    publish_mnist(monkeypatch, f"{server}/mnist.npz", write_npz(published))
    images = load_images("mnist")
    assert_array_equal(images.target[:20], GREY["y_train"])
    assert "100%" in capsys.readouterr().err
    assert [path.name for path in cache.iterdir()] == ["mnist.npz"]
    (published / "mnist.npz").unlink()
    assert_array_equal(load_images("mnist").data, images.data)


def test_fetches_into_data_home_where_it_is_given(server, published, cache, monkeypatch, tmp_path):
    publish_mnist(monkeypatch, f"{server}/mnist.npz", write_npz(published))
    load_images("mnist", data_home=tmp_path / "home")
    assert (tmp_path / "home" / "mnist.npz").is_file()
    assert not cache.exists()


def test_fetches_idx_files_that_are_missing(server, published, cache, monkeypatch):
    write_idx(published / "idx", GREY, compress=True)
    downloads = tuple(
        Download(
            f"{server}/idx/{name}",
            "md5:" + hashlib.md5((published / "idx" / name).read_bytes()).hexdigest(),
            f"fashion_mnist/{name}",
        )
        for name in IDX_FILES
    )
    monkeypatch.setitem(
        IMAGE_SETS, "fashion_mnist", replace(IMAGE_SETS["fashion_mnist"], downloads=downloads)
    )
    kept = cache / "fashion_mnist" / IDX_FILES[0]
    kept.parent.mkdir(parents=True)
    kept.write_bytes((published / "idx" / IDX_FILES[0]).read_bytes())
    (published / "idx" / IDX_FILES[0]).unlink()  # this one can no longer be had
    assert_array_equal(load_images("fashion_mnist", subset="test").target, GREY["y_test"])


def test_wrong_checksum_keeps_nothing(server, published, cache, monkeypatch):
    write_npz(published)
    publish_mnist(monkeypatch, f"{server}/mnist.npz", "sha256:" + "0" * 64)
    with pytest.raises(OSError, match="hash") as error:
        load_images("mnist")
    assert f"{server}/mnist.npz could not be fetched to {cache / 'mnist.npz'}" in str(error.value)
    assert "SKPOISON_DATA" in str(error.value)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("path", ["not-there.npz", "cut/mnist.npz"])
def test_failing_server(server, cache, monkeypatch, path):
    publish_mnist(monkeypatch, f"{server}/{path}", "sha256:" + "0" * 64)
    with pytest.raises(OSError, match=r"could not be fetched.*put mnist.npz"):
        load_images("mnist")
    assert list(cache.iterdir()) == []


def test_no_server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    publish_mnist(monkeypatch, "http://127.0.0.1:9/mnist.npz", "sha256:" + "0" * 64)
    with pytest.raises(OSError, match=r"could not be fetched.*put mnist.npz"):
        load_images("mnist")


def test_cache_that_cannot_be_written(server, published, cache, monkeypatch):
    publish_mnist(monkeypatch, f"{server}/mnist.npz", write_npz(published))
    cache.write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r"could not be fetched.*another folder with data_home"):
        load_images("mnist")


def test_download_if_missing_false(tmp_path, cache):
    with pytest.raises(OSError, match="download_if_missing=False") as error:
        load_images("cifar10", data_home=tmp_path, download_if_missing=False)
    for named in (str(tmp_path), str(cache), "cifar10.npz", "cifar-10-binary.tar.gz", "https://"):
        assert named in str(error.value)


def test_incomplete_folder_is_not_used(tmp_path):
    write_idx(tmp_path / "mnist", GREY, compress=False)
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(OSError, match="no copy of mnist"):
        load_images("mnist", data_home=tmp_path, download_if_missing=False)
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(
        gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 10]) + GREY["y_test"].tobytes())
    )
    images = load_images("mnist", data_home=tmp_path, download_if_missing=False)
    assert_array_equal(images.target[20:], GREY["y_test"])
