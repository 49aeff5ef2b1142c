"""The store: keys follow what a unit depends on; a unit is there whole or not at all."""

import os
import subprocess
import threading
import time

import pytest

from skpoison.experiments._store import Store, Unit


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    return Store(tmp_path)


@pytest.fixture
def unit():
    """A unit that needs another."""
    return Unit("attack", "b", {"n": 1}, (Unit("split", "a", {"run": 1}),))


def write(store, unit, text="content"):
    with store.writing(unit) as folder:
        (folder / "file.txt").write_text(text)


def test_key_follows_all_that_the_unit_depends_on(unit):
    (needed,) = unit.needs
    same = Unit("attack", "another name", {"n": 1}, (Unit("split", "a", {"run": 1}),))
    others = [
        Unit("train", "b", {"n": 1}, unit.needs),
        Unit("attack", "b", {"n": 2}, unit.needs),
        Unit("attack", "b", {"n": 1}),
        Unit("attack", "b", {"n": 1}, (Unit("split", "a", {"run": 2}),)),
        needed,
    ]
    assert same.key == unit.key and same.seed == unit.seed
    assert len({unit.key, *(other.key for other in others)}) == 6
    assert len({unit.seed, *(other.seed for other in others)}) == 6


def test_other_code_is_another_key_and_the_same_seed(unit):
    (needed,) = unit.needs
    changed = Unit("split", "a", {"run": 1}, code="other")
    others = [
        Unit("attack", "b", {"n": 1}, unit.needs, "other"),
        Unit("attack", "b", {"n": 1}, (changed,)),
    ]
    assert len({unit.key, *(other.key for other in others)}) == 3
    assert {unit.seed, *(other.seed for other in others)} == {unit.seed}
    assert changed.key != needed.key


def test_checksums_are_those_of_sha256sum(store, unit):
    write(store, unit)
    assert store.has(unit)
    subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=store.folder(unit), check=True)


@pytest.mark.parametrize("damage", ["flip", "cut", "delete", "extra", "no sums", "empty sums"])
def test_damage_is_seen_and_mended(store, unit, damage):
    write(store, unit)
    path, sums = store.folder(unit) / "file.txt", store.folder(unit) / "SHA256SUMS"
    if damage == "flip":
        path.write_text("cOntent")
    elif damage == "cut":
        path.write_text("")
    elif damage == "delete":
        path.unlink()
    elif damage == "extra":
        (path.parent / "more.txt").write_text("")
    elif damage == "no sums":
        sums.unlink()
    else:
        sums.write_text("")
    assert not store.has(unit)
    write(store, unit)
    assert store.has(unit)
    assert path.read_text() == "content"


def test_what_fails_leaves_nothing(store, unit):
    with pytest.raises(OSError, match="full"), store.writing(unit) as folder:
        (folder / "file.txt").write_text("half")
        raise OSError("disk full")
    assert not store.has(unit)
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_what_a_killed_process_left_is_swept_away(store, unit):
    write(store, unit)
    (store.root / "attack/.partial-1").mkdir()
    (store.root / "attack/.partial-1/file.txt").write_text("half")
    (store.root / ".partial-2-results.csv").write_text("half")
    store.sweep(60)
    assert len(list(store.root.rglob(".partial-*"))) == 2
    store.sweep(0)
    assert list(store.root.rglob(".partial-*")) == []
    assert store.has(unit)


def test_a_second_process_says_that_it_waits(store, capsys):
    def second():
        with Store(store.root).alone():
            order.append("second")

    order, thread = [], threading.Thread(target=second)
    with store.alone() as is_alone:
        thread.start()
        while is_alone and "waiting for its end" not in capsys.readouterr().err:
            time.sleep(0.01)
        order.append("first")
    thread.join(timeout=10)
    assert order == ["first", "second"]


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file/out' cannot be written to: Not a directory"):
        with Store(tmp_path / "file/out").alone():
            pass


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")
@pytest.mark.parametrize("place", [".lock", "protocol.yaml", "attack/b-1", "attack"])
@pytest.mark.parametrize("kind", ["pipe", "link", "link to nothing"])
def test_links_and_pipes_in_a_folder_of_somebody_else_are_refused(store, place, kind, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / ".partial-mine").mkdir(parents=True)
    store = Store(tmp_path / "out")
    path = store.root / place
    path.parent.mkdir(parents=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(elsewhere if kind == "link" else "nowhere")
    with pytest.raises(OSError, match=f"{place} is neither a file nor a folder"):
        with store.alone():
            store.sweep(0)
    assert (elsewhere / ".partial-mine").exists()


def test_a_file_that_is_too_large_is_not_read_through(store, unit):
    write(store, unit)
    with (store.folder(unit) / "more.txt").open("wb") as file:
        file.truncate(10**13)  # takes no room on the disk, and hours to read
    assert not store.has(unit)


def test_two_workers_may_do_the_same_unit(store, unit):
    with store.writing(unit) as folder:
        (folder / "file.txt").write_text("content")
        write(store, unit)
    assert store.has(unit)
    assert len(list(store.folder(unit).parent.iterdir())) == 1
