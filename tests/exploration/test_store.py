"""The memory of trials: exact, durable, shared, and careful with files that are not its own."""

import contextlib
import os
import random
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Generator
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adequate.design import Design
from adequate.exploration import Query, Result, Store, StoreError, Trial, search
from adequate.formats import Fixed


def design(bits: int) -> Design:
    return Design().with_layers(["conv1", "fc"], weight=Fixed(bits, 3), output=Fixed(8, -2))


def trial(bits: int, **figures: float) -> Trial:
    return Trial(design(bits), figures or {"accuracy": bits / 7, "stored_bits": 10 * bits})


def in_a_child(work: Callable[[], None]) -> int:
    """Runs ``work`` in a forked process; its process id."""
    if child := os.fork():
        return child
    try:
        work()
        os._exit(0)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)


def test_what_is_put_is_found(tmp_path: Path) -> None:
    with Store(tmp_path / "trials.db") as store:
        store.put("a", trial(3), seconds=1.5)
        store.put("b", Trial(design(3), {"accuracy": 0.5}, epochs=2, split="test"), seconds=0)
        assert store.get("a", Query(design(3))) == trial(3)
    with Store(tmp_path / "trials.db") as store:
        assert store.get("a", Query(design(3))) == trial(3)
        assert store.get("a", Query(design(4))) is None
        assert store.get("a", Query(design(3), epochs=2, split="test")) is None
        assert store.get("b", Query(design(3), epochs=2, split="test")) == store.trials("b")[0]
        assert [len(store.trials(c)) for c in ("a", "b", "c", None)] == [1, 1, 0, 2]
        assert store.trials()[0].design == design(3)


def test_the_first_answer_stays(tmp_path: Path) -> None:
    with Store(tmp_path / "trials.db") as store:
        store.put("a", trial(3, accuracy=0.25), seconds=1)
        store.put("a", trial(3, accuracy=0.75), seconds=1)
        assert store.trials() == (trial(3, accuracy=0.25),)


@given(st.floats(allow_nan=False))
def test_figures_come_back_exactly(value: float) -> None:
    with Store(":memory:") as store:
        store.put("", trial(3, accuracy=value), seconds=1)
        found = store.get("", Query(design(3)))
    assert found is not None
    assert found.accuracy.hex() == value.hex()


def test_infinity_comes_back() -> None:
    with Store(":memory:") as store:
        store.put("", trial(3, accuracy=0, energy_pj=inf), seconds=1)
        assert store.trials()[0].figures["energy_pj"] == inf


def strategy() -> Generator[list[Design | Query], list[Trial], Design | None]:
    best: Trial | None = None
    for first in range(2, 50, 4):
        for one in (yield [design(bits) for bits in range(first, first + 4)]):
            best = one if best is None or one.accuracy > best.accuracy else best
    return best.design if best else None


def test_killed_at_any_moment_it_ends_in_the_same_result(tmp_path: Path) -> None:
    """SIGKILL at ten random moments: what was stored is never started again, and the end is the same."""
    path, log = tmp_path / "trials.db", tmp_path / "started.log"
    log.touch()

    def slow_trial(one: Design) -> dict[str, float]:
        with log.open("a") as file:
            file.write(one.digest + "\n")
        time.sleep(0.03)
        return {"accuracy": int(one.digest[:6], 16) / 2**24, "stored_bits": len(one)}

    def run() -> Result:
        with Store(path) as store:
            return search(strategy(), slow_trial, store=store, context="kill")

    def stored() -> set[str]:
        with Store(path) as store:
            return {one.design.digest for one in store.trials()}

    moments = random.Random(7)
    for _ in range(10):
        known, started = stored(), len(log.read_text().split())
        child, goal = in_a_child(run), started + moments.randrange(4)
        while len(log.read_text().split()) < goal:
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.04))
        os.kill(child, signal.SIGKILL)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        assert not known & set(log.read_text().split()[started:])
    remembered = len(stored())
    resumed = run()
    assert (resumed.reused, resumed.evaluations) == (remembered, 48 - remembered)
    assert 0 < remembered < 48
    assert len(log.read_text().split()) <= 48 + 10
    assert resumed == search(strategy(), slow_trial)


def test_two_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "trials.db"

    def put(offset: int) -> None:
        with Store(path) as store:
            for bits in range(2 + offset, 42 + offset):
                store.put("", trial(bits, accuracy=bits / 64), seconds=0)

    children = [in_a_child(lambda offset=offset: put(offset)) for offset in (0, 10, 20)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    with Store(path) as store:
        assert {t.design: t.accuracy for t in store.trials()} == {design(bits): bits / 64 for bits in range(2, 62)}


def refused(path: Path, match: str) -> None:
    """The file is refused by name and left as it was."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError, match=match) as caught:
        Store(path)
    assert str(path) in str(caught.value)
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A store of the trials of 2 to 59 bits."""
    path = tmp_path_factory.mktemp("store") / "trials.db"
    with Store(path) as store:
        for bits in range(2, 60):
            store.put("", trial(bits), seconds=0)
    return path.read_bytes()


@pytest.fixture
def filled(tmp_path: Path, whole_file: bytes) -> Path:
    path = tmp_path / "trials.db"
    path.write_bytes(whole_file)
    return path


def test_a_newer_store_is_refused(filled: Path) -> None:
    with sqlite3.connect(filled) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    refused(filled, "its version is 2; this adequate reads version 1")


def test_other_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("trial 1: good\n" * 100)
    refused(text, "it is not a file of trials")
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE trials (name TEXT)")
    connection.close()
    refused(foreign, "it is not a file of trials")
    refused(tmp_path, "it cannot be opened or created")
    refused(text / "trials.db", "it cannot be opened or created")


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
        refused(filled, "cannot use this file of trials")


@pytest.mark.parametrize(
    ("column", "text"), [("figures", "[1"), ("figures", '"x"'), ("figures", '{"accuracy": "x"}'), ("design", "{}")]
)
def test_damaged_rows_are_named(filled: Path, column: str, text: str) -> None:
    with sqlite3.connect(filled) as connection:
        connection.execute(f"UPDATE trials SET {column} = ?", (text,))
    connection.close()
    with Store(filled) as store, pytest.raises(StoreError, match=f"it is damaged .a trial's {column}"):
        store.trials()


def test_a_file_that_cannot_be_written_is_still_read(
    tmp_path: Path, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only file system, which even root cannot write; SQLite is told so by its own switch."""
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **options: connect(f"file:{path}?mode=ro", uri=True, **options)
    )
    with Store(filled) as store:
        assert len(store.trials()) == 58
        with pytest.raises(StoreError, match="it cannot be written"):
            store.put("new", trial(3), seconds=0)
    refused(tmp_path / "new.db", "it cannot be opened or created")


def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    path, report = tmp_path / "trials.db", tmp_path / "error.txt"

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16 * 4096, 16 * 4096))
        with Store(path) as store:
            try:
                for bits in range(2, 1000):
                    store.put(f"{bits}", trial(3), seconds=0)
            except StoreError as error:
                report.write_text(f"{bits} {error}")

    assert os.waitpid(in_a_child(fill), 0)[1] == 0
    failed, message = report.read_text().split(" ", 1)
    assert message.startswith(f"{path}: cannot use this file of trials: the disk ")
    with Store(path) as store:
        assert store.trials() == (trial(3),) * (int(failed) - 2)
        store.put(failed, trial(3), seconds=0)


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "trials.db")
    store.close()
    with pytest.raises(StoreError, match="closed database"):
        store.trials()
