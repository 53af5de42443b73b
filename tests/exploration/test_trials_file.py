"""The file of trials: shared by processes, and careful with files that are not its own."""

import contextlib
import os
import random
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from adequate.exploration import Context, Query, Store, StoreError, Trial
from adequate.exploration import journal as journals
from tests.exploration.stored import A, B, design, in_a_child, trial

FIRST_VERSION = """
CREATE TABLE trials (
    context TEXT NOT NULL, digest TEXT NOT NULL, epochs INTEGER NOT NULL, split TEXT NOT NULL, design TEXT NOT NULL,
    figures TEXT NOT NULL, seconds REAL NOT NULL, adequate TEXT NOT NULL, created TEXT NOT NULL,
    PRIMARY KEY (context, digest, epochs, split)
)
"""
"""The table of version 1, whose context is one hash of network, data and settings together."""


def refused(path: Path) -> str:
    """Why the file is refused: one line, that names it; it is left as it was, with everything beside it."""
    before = {file: file.read_bytes() for file in path.parent.glob("*") if file.is_file()}
    with pytest.raises(StoreError) as caught:
        Store(path)
    line, named = str(caught.value), f"{path}: cannot use this file of trials: "
    assert line.startswith(named)
    assert "\n" not in line
    assert {file: file.read_bytes() for file in path.parent.glob("*") if file.is_file()} == before
    return line.removeprefix(named)


def changed(path: Path, *statements: str) -> None:
    """Has SQLite change a file."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def mode(path: Path) -> str:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A store of the trials of 2 to 59 bits."""
    path = tmp_path_factory.mktemp("store") / "trials.db"
    with Store(path) as store:
        for bits in range(2, 60):
            store.put(A, trial(bits), seconds=0)
    return path.read_bytes()


@pytest.fixture
def filled(tmp_path: Path, whole_file: bytes) -> Path:
    path = tmp_path / "trials.db"
    path.write_bytes(whole_file)
    return path


def test_a_newer_store_is_refused(filled: Path) -> None:
    changed(filled, "PRAGMA user_version = 3")
    assert "its version is 3; this adequate reads version 2" in refused(filled)


def test_an_older_store_is_refused(tmp_path: Path) -> None:
    row = ("hash", "digest", 0, "validation", "{}", "{}", 0.0, "0.1.0", "2026")
    changed(tmp_path / "trials.db", FIRST_VERSION, f"INSERT INTO trials VALUES {row}", "PRAGMA user_version = 1")
    assert "its version is 1; this adequate reads version 2" in refused(tmp_path / "trials.db")


def test_other_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("trial 1: good\n" * 100)
    assert "it is not a file of trials" in refused(text)
    for version in (0, 1, 2, 3):
        foreign = tmp_path / f"foreign{version}.db"
        changed(foreign, "CREATE TABLE recipes (name TEXT)", f"PRAGMA user_version = {version}")
        assert "it is not a file of trials" in refused(foreign)
    assert "it cannot be opened or created" in refused(tmp_path)
    assert "it cannot be opened or created" in refused(text / "trials.db")


@pytest.mark.parametrize("seed", range(20))
def test_damage_gives_the_right_trials_or_one_clear_error(filled: Path, seed: int) -> None:
    """A page of the file overwritten with noise: never an exception of another kind, never a wrong trial."""
    true = {t.query: t for t in (trial(bits) for bits in range(2, 60))}
    noise = random.Random(seed)
    content = bytearray(filled.read_bytes())
    start = noise.randrange(len(content) // 512) * 512
    content[start : start + 512] = noise.randbytes(512)
    filled.write_bytes(content)
    found: tuple[Trial, ...] = ()
    with contextlib.suppress(StoreError), Store(filled) as store:
        found = store.trials()
    assert all(true[one.query] == one for one in found)


@pytest.mark.parametrize("length", [0, 1, 20, 100, 511, 512, 4096, 8192, 12000])
def test_a_truncated_file_is_refused_or_empty(filled: Path, length: int) -> None:
    filled.write_bytes(filled.read_bytes()[:length])
    if length == 0:  # what a kill before the first page leaves behind
        with Store(filled) as store:
            assert store.trials() == ()
    else:
        assert refused(filled)


@pytest.mark.parametrize(
    ("column", "text"),
    [("figures", "[1"), ("figures", '"x"'), ("figures", '{"accuracy": NaN}'), ("seed", "x"), ("design", "{}")],
)
def test_damaged_rows_are_named(filled: Path, column: str, text: str) -> None:
    changed(filled, f"UPDATE trials SET {column} = '{text}'")
    with Store(filled) as store, pytest.raises(StoreError, match=f"it is damaged .a trial's {column}"):
        _ = (store.records(), store.trials())


def test_a_trial_is_in_the_log_when_it_was_put(tmp_path: Path) -> None:
    path = tmp_path / "trials.db"
    with Store(path) as store:
        store.put(A, trial(3), seconds=0)
        assert mode(path) == "wal"
        assert (tmp_path / "trials.db-wal").stat().st_size > 0
        with Store(path) as reader:
            assert reader.trials() == (trial(3),)
    assert os.listdir(tmp_path) == ["trials.db"]


def test_readers_do_not_wait_for_the_writer(filled: Path) -> None:
    with Store(filled) as store, contextlib.closing(sqlite3.connect(filled, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM trials")
        assert len(store.trials()) == 58
        writer.execute("ROLLBACK")


def test_what_a_killed_process_left_in_the_log_is_read(tmp_path: Path) -> None:
    path = tmp_path / "trials.db"

    def put_and_die() -> None:
        store = Store(path)
        for bits in range(2, 20):
            store.put(A, trial(bits), seconds=0)
        os._exit(0)

    assert os.waitpid(in_a_child(put_and_die), 0)[1] == 0
    assert (tmp_path / "trials.db-wal").stat().st_size > 0
    with Store(path, create=False) as store:
        assert store.trials() == tuple(trial(bits) for bits in range(2, 20))


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_log_gives_the_first_trials_or_one_clear_error(tmp_path: Path, seed: int) -> None:
    """What a computer that lost its power may leave: noise in the log, or less of it."""
    path, log = tmp_path / "trials.db", tmp_path / "trials.db-wal"

    def put_and_die() -> None:
        store = Store(path)
        for bits in range(2, 12):
            store.put(A, trial(bits), seconds=0)
        os._exit(0)

    os.waitpid(in_a_child(put_and_die), 0)
    noise, content = random.Random(seed), bytearray(log.read_bytes())
    if seed % 2:
        del content[noise.randrange(len(content)) :]
    else:
        start = noise.randrange(len(content) - 512)
        content[start : start + 512] = noise.randbytes(512)
    log.write_bytes(content)
    (tmp_path / "trials.db-shm").unlink()
    with contextlib.suppress(StoreError), Store(path) as store:
        found = store.trials()
        assert found == tuple(trial(bits) for bits in range(2, 2 + len(found)))


def test_processes_share_a_file(tmp_path: Path) -> None:
    """Eight make it, open it and write to it at once; each trial is there once, as it was first put."""
    path, start = tmp_path / "trials.db", tmp_path / "start"

    def put(offset: int) -> None:
        while not start.exists():
            pass
        for bits in range(2 + offset, 12 + offset):
            with Store(path) as store:
                store.put(A, trial(bits, accuracy=bits / 64), seconds=0)
                store.put(Context(seed=offset), trial(bits), seconds=0)

    children = [in_a_child(lambda offset=offset: put(offset)) for offset in range(0, 40, 5)]
    start.touch()
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    with Store(path) as store:
        shared = store.trials(A.digest)
        assert len(shared) == 45
        assert {t.design: t.accuracy for t in shared} == {design(bits): bits / 64 for bits in range(2, 47)}
        for offset in range(0, 40, 5):
            own = tuple(trial(bits) for bits in range(2 + offset, 12 + offset))
            assert store.trials(Context(seed=offset).digest) == own


@pytest.fixture
def read_only(whole_file: bytes) -> Iterator[Path]:
    """The path of a file of trials in a folder that cannot be written to, not even by root, who becomes somebody."""
    folder = Path(tempfile.mkdtemp())
    (folder / "trials.db").write_bytes(whole_file)
    (folder / "trials.db").chmod(0o644)
    folder.chmod(0o555)
    privileged = os.geteuid() == 0
    try:
        if privileged:
            os.seteuid(65534)
        yield folder / "trials.db"
    finally:
        if privileged:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_read_only_folder_can_be_read(read_only: Path) -> None:
    with Store(read_only) as store:
        assert len(store.trials()) == 58
        assert store.get(A, Query(design(3))) == trial(3)
        with pytest.raises(StoreError, match="it cannot be written"):
            store.put(B, trial(3), seconds=0)
    with pytest.raises(StoreError, match="new.db: cannot use this file of trials: it cannot be opened or created"):
        Store(read_only.with_name("new.db"))
    assert os.listdir(read_only.parent) == ["trials.db"]


def test_trials_left_in_the_log_of_a_read_only_folder_are_not_passed_over(read_only: Path) -> None:
    euid = os.geteuid()
    os.seteuid(os.getuid())
    read_only.parent.chmod(0o755)
    read_only.with_name("trials.db-wal").write_bytes(bytes(4152))
    read_only.parent.chmod(0o555)
    os.seteuid(euid)
    with pytest.raises(StoreError, match="its folder cannot be written and trials.db-wal has trials of it: copy both"):
        Store(read_only)


MOUNTED = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
30 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
41 30 0:44 / /home/with\\040space rw,relatime shared:9 - nfs4 server:/home rw
42 30 0:45 / /home/with\\040space/scratch rw,relatime - ext4 /dev/sdb rw
43 30 0:46 / /mnt rw - tmpfs tmpfs rw
44 30 0:47 / /mnt rw - cifs //server/share rw
"""


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/trials.db", "wal"),
        ("/home/trials.db", "wal"),
        ("/home/with space/trials.db", "delete"),
        ("/home/with space/scratch/run/trials.db", "wal"),
        ("/home/with space 2/trials.db", "wal"),
        ("/mnt/trials.db", "delete"),
    ],
)
def test_what_other_computers_see_has_no_log(
    path: str, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTED)
    monkeypatch.setattr(journals, "MOUNTS", mounts)
    assert journals.journal_mode(Path(path)) == wanted
    monkeypatch.setattr(journals, "MOUNTS", tmp_path / "no such table")
    assert journals.journal_mode(Path(path)) == "wal"


def test_a_file_without_a_log_keeps_the_same_trials(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mode(filled) == "wal"
    monkeypatch.setattr("adequate.exploration.trials_file.journal_mode", lambda path: "delete")
    with Store(filled) as store:
        store.put(B, trial(3), seconds=0)
        assert len(store.trials()) == 59
        assert not filled.with_name("trials.db-wal").exists()
    assert mode(filled) == "delete"
    monkeypatch.undo()
    with Store(filled) as store:
        assert len(store.trials()) == 59
    assert mode(filled) == "wal"


@pytest.mark.parametrize("pages", [12, 40, 200])
def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path: Path, pages: int) -> None:
    """No file of the process may grow beyond so many pages, which fails like a disk that is full."""
    path, report = tmp_path / "trials.db", tmp_path / "error.txt"

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (pages * 4096, pages * 4096))
        with Store(path) as store:
            try:
                for bits in range(2, 1000):
                    store.put(Context(seed=bits), trial(3), seconds=0)
            except StoreError as error:
                report.write_text(f"{bits} {error}")

    assert os.waitpid(in_a_child(fill), 0)[1] == 0
    failed, message = report.read_text().split(" ", 1)
    assert message.startswith(f"{path}: cannot use this file of trials: the disk ")
    assert "\n" not in message
    with Store(path) as store:
        assert store.trials() == (trial(3),) * (int(failed) - 2)
        store.put(Context(seed=int(failed)), trial(3), seconds=0)


def test_a_file_that_may_not_grow_loses_nothing(filled: Path) -> None:
    """SQLite's own limit of pages gives the error of a full disk."""
    with Store(filled) as store:
        store._file.rows("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match="the disk is full"):
            for seed in range(1000):
                store.put(Context(seed=seed), trial(3), seconds=0)
        assert len(store.trials()) == 58 + seed
    with Store(filled) as store:
        assert len(store.trials()) == 58 + seed


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "trials.db")
    store.close()
    with pytest.raises(StoreError, match="closed database"):
        store.trials()
