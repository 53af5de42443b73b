"""The memory of trials: exact, durable, shared, and never asked in vain."""

import os
import random
import signal
import time
from collections.abc import Generator
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adequate.design import Design
from adequate.exploration import Context, Query, Result, Store, StoreError, Trial, search
from tests.exploration.stored import A, B, C, design, in_a_child, trial


def test_what_is_put_is_found(tmp_path: Path) -> None:
    with Store(tmp_path / "trials.db") as store:
        store.put(A, trial(3), seconds=1.5)
        store.put(B, Trial(design(3), {"accuracy": 0.5}, epochs=2, split="test"), seconds=0)
        assert store.get(A, Query(design(3))) == trial(3)
    with Store(tmp_path / "trials.db") as store:
        assert store.get(A, Query(design(3))) == trial(3)
        assert store.get(A, Query(design(4))) is None
        assert store.get(A, Query(design(3), epochs=2, split="test")) is None
        assert store.get(B, Query(design(3), epochs=2, split="test")) == store.trials(B.digest)[0]
        assert [len(store.trials(c)) for c in (A.digest, B.digest, C.digest, None)] == [1, 1, 0, 2]
        assert store.trials()[0].design == design(3)


def test_the_first_answer_stays(tmp_path: Path) -> None:
    with Store(tmp_path / "trials.db") as store:
        store.put(A, trial(3, accuracy=0.25), seconds=1)
        store.put(A, trial(3, accuracy=0.75), seconds=1)
        assert store.trials() == (trial(3, accuracy=0.25),)


@given(st.floats(allow_nan=False))
def test_figures_come_back_exactly(value: float) -> None:
    with Store(":memory:") as store:
        store.put(A, trial(3, accuracy=value), seconds=1)
        found = store.get(A, Query(design(3)))
    assert found is not None
    assert found.accuracy.hex() == value.hex()


def test_infinity_comes_back() -> None:
    with Store(":memory:") as store:
        store.put(A, trial(3, accuracy=0, energy_pj=inf), seconds=1)
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
            return search(strategy(), slow_trial, store=store, context=A)

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


def test_an_answer_holds_in_its_context_alone(tmp_path: Path) -> None:
    """Each part of a context makes it another one, and every part comes back."""
    whole = Context("network", "data", 2**64 - 1, '{"margin": 1}', "versions")
    changes = {"network": "x", "data": "x", "seed": 0, "settings": "", "versions": "x"}
    with Store(tmp_path / "trials.db") as store:
        store.put(whole, trial(3), seconds=1.5)
        for name, value in changes.items():
            assert store.get(replace(whole, **{name: value}), Query(design(3))) is None
    with Store(tmp_path / "trials.db") as store:
        [record] = store.records()
    assert record.context == whole
    assert (record.digest, record.epochs, record.split) == (design(3).digest, 0, "validation")
    assert (record.figures, record.seconds) == (trial(3).figures, 1.5)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_is_one_that_torch_takes(seed: int) -> None:
    with pytest.raises(ValueError, match="wanted is a number from 0 to 18446744073709551615"):
        Context(seed=seed)


def test_an_answer_gets_the_figures_it_lacked(tmp_path: Path) -> None:
    with Store(tmp_path / "trials.db") as store:
        store.put(A, trial(3, accuracy=0.5), seconds=1)
        store.put(A, trial(3, accuracy=0.75, energy_pj=7), seconds=2)
        assert store.get(A, Query(design(3))) == trial(3, accuracy=0.5, energy_pj=7)
        assert [record.seconds for record in store.records()] == [3]


def test_only_an_objective_that_is_lacking_is_asked_for(tmp_path: Path) -> None:
    told: list[dict[str, float]] = []

    def figures(one: Design, known: dict[str, float] | None = None) -> dict[str, float]:
        told.append(known or {})
        return {"energy_pj": len(one)} if known else {"accuracy": 0.5, "energy_pj": len(one)}

    with Store(tmp_path / "trials.db") as store:
        store.put(A, trial(3, accuracy=0.25), seconds=1)
        found = search(iter_of(3, 4), figures, store=store, context=A, objectives=["energy_pj"])
        assert told == [{"accuracy": 0.25}, {}]
        assert found.trials == (trial(3, accuracy=0.25, energy_pj=2), trial(4, accuracy=0.5, energy_pj=2))
        assert (found.evaluations, found.reused) == (2, 0)
        again = search(iter_of(3, 4), figures, store=store, context=A, objectives=["energy_pj"])
        assert again == found
        assert (again.evaluations, again.reused) == (0, 2)


def iter_of(*bits: int) -> Generator[list[Design | Query], list[Trial], Design | None]:
    yield [design(one) for one in bits]
    return None


def test_what_others_know_is_kept_and_not_run_again(tmp_path: Path) -> None:
    with Store(tmp_path / "first.db") as first, Store(tmp_path / "second.db") as second:
        first.put(A, trial(3), seconds=1)
        second.put(A, trial(4), seconds=2)
        second.put(B, trial(5), seconds=3)
    before = [(tmp_path / name).read_bytes() for name in ("first.db", "second.db")]
    with Store(tmp_path / "own.db", [tmp_path / "first.db", tmp_path / "second.db"]) as store:
        found = search(iter_of(3, 4, 5), lambda one: {"accuracy": 0.5}, store=store, context=A)
        assert (found.evaluations, found.reused) == (1, 2)
        kept = {record.digest: record.seconds for record in store.records()}
    assert {design(3).digest: 1, design(4).digest: 2}.items() <= kept.items()
    assert [(tmp_path / name).read_bytes() for name in ("first.db", "second.db")] == before
    with Store(tmp_path / "own.db") as store:
        assert [store.get(A, Query(design(bits))) for bits in (3, 4)] == [trial(3), trial(4)]
        assert len(store.trials()) == 3


def test_others_have_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="missing.db: cannot use this file of trials: there is no such file"):
        Store(tmp_path / "own.db", [tmp_path / "missing.db"])
    assert not (tmp_path / "missing.db").exists()


def test_a_design_is_found_by_how_its_hash_begins(tmp_path: Path) -> None:
    with Store(tmp_path / "trials.db") as store:
        for bits in range(2, 40):
            store.put(A, trial(bits), seconds=0)
            store.put(B, trial(bits), seconds=0)
        for bits in range(2, 40):
            assert store.design(design(bits).digest) == store.design(design(bits).digest[:12]) == design(bits)
        with pytest.raises(KeyError, match="begin with 'xyz'; no design does"):
            store.design("xyz")
        with pytest.raises(KeyError, match="begin with ''; 38 designs do: [0-9a-f]{12}, .*, [.]{3}"):
            store.design("")
