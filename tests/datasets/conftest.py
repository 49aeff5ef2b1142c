import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache and no data folder, whatever this machine has."""
    folder = tmp_path / "cache"
    monkeypatch.delenv("SKPOISON_DATA", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda project: folder)
    return folder
