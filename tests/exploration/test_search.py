"""The driver: what is asked, how often it is answered, and what is found."""

import copy
import pickle
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adequate.design import Design
from adequate.exploration import Context, Front, Query, Result, Store, Trial, search
from adequate.formats import Fixed


def design(bits: int) -> Design:
    return Design().with_layers(["fc"], weight=Fixed(bits, bits - 1))


def bits(one: Design) -> int:
    weight = one["fc"].weight
    assert isinstance(weight, Fixed)
    return weight.bits


def figures(one: Design) -> dict[str, float]:
    return {"accuracy": 1 - 2.0 ** -bits(one), "stored_bits": 100 * bits(one)}


def narrowest(accuracy: float) -> Generator[list[Design | Query], list[Trial], Design | None]:
    """The narrowest of 1 to 16 bits that is accurate enough, by bisection."""
    low, high = 1, 16
    while low < high:
        middle = (low + high) // 2
        [trial] = yield [design(middle)]
        low, high = (low, middle) if trial.accuracy >= accuracy else (middle + 1, high)
    return design(low)


def asking(*batches: Sequence[Any]) -> Generator[Any, list[Trial], Design | None]:
    for batch in batches:
        _ = yield batch
    return None


class Counted:
    def __init__(self, answer: Callable[[Design], Any] = figures) -> None:
        self.answer, self.calls = answer, []

    def __call__(self, one: Design, **settings: Any) -> Any:
        self.calls.append((bits(one), settings))
        return self.answer(one)


def test_a_strategy_is_driven_to_its_choice() -> None:
    trial = Counted()
    result = search(narrowest(0.99), trial)
    assert result.best == design(7)  # 1 - 2**-7 = 0.9922 is the first of at least 0.99
    assert [b for b, _ in trial.calls] == [8, 4, 6, 7]
    assert [bits(t.design) for t in result.trials] == [8, 4, 6, 7]
    assert (result.evaluations, result.reused) == (4, 0)


def test_each_question_is_answered_once_and_in_its_place() -> None:
    told: list[list[float]] = []

    def strategy() -> Generator[list[Design | Query], list[Trial], Design | None]:
        for batch in ([design(4), design(2), Query(design(4))], [design(2), Query(design(2), epochs=1)], []):
            told.append([(t.figures["stored_bits"]) for t in (yield batch)])
        return None

    trial = Counted()
    result = search(strategy(), trial)
    assert told == [[400, 200, 400], [200, 200], []]
    assert trial.calls == [(4, {}), (2, {}), (2, {"epochs": 1})]
    assert (result.best, result.evaluations) == (None, 3)


def test_only_what_differs_is_said_to_the_trial() -> None:
    trial = Counted()
    both = Query(design(3), epochs=2, split="test")
    result = search(asking([Query(design(3)), Query(design(3), split="calibration"), both]), trial)
    assert [settings for _, settings in trial.calls] == [{}, {"split": "calibration"}, {"epochs": 2, "split": "test"}]
    assert [t.query for t in result.trials] == [Query(design(3)), Query(design(3), split="calibration"), both]
    assert [t.split for t in result.front] == ["validation"]


def test_a_trial_may_be_returned_whole() -> None:
    result = search(asking([Query(design(3), epochs=1)]), lambda d, epochs: Trial(d, figures(d), epochs))
    assert result.trials == (Trial(design(3), figures(design(3)), epochs=1),)


def test_the_store_answers_what_it_knows(tmp_path: Path) -> None:
    seen: list[tuple[int, bool]] = []
    with Store(tmp_path / "trials.db") as store:
        first = search(narrowest(0.99), figures, store=store, context=Context(settings="a"))
        again = search(
            narrowest(0.99),
            lambda d: pytest.fail(f"{d} evaluated again"),
            store=store,
            context=Context(settings="a"),
            progress=lambda t, reused: seen.append((bits(t.design), reused)),
        )
        elsewhere = search(narrowest(0.99), figures, store=store, context=Context(settings="b"))
    assert first == again == elsewhere
    assert (again.evaluations, again.reused) == (0, 4)
    assert (elsewhere.evaluations, elsewhere.reused) == (4, 0)
    assert seen == [(8, True), (4, True), (6, True), (7, True)]


def test_answers_are_stored_as_they_arrive(tmp_path: Path) -> None:
    def fails_at_two(one: Design) -> dict[str, float]:
        if bits(one) == 2:
            raise OverflowError("too narrow")
        return figures(one)

    with Store(tmp_path / "trials.db") as store:
        with pytest.raises(OverflowError, match="too narrow") as caught:
            search(asking([design(4), design(3), design(2), design(1)]), fails_at_two, store=store)
        assert caught.value.__notes__ == [f"while trying design {design(2).digest[:12]}"]
        assert [bits(t.design) for t in store.trials()] == [4, 3]


def test_any_map_gives_the_same_result() -> None:
    def backwards(function: Callable[[Query], Any], queries: Sequence[Query]) -> Iterable[Any]:
        return reversed([function(query) for query in queries])

    batch = [design(b) for b in (5, 3, 4)]
    with ThreadPoolExecutor(2) as pool:
        results = [search(asking(batch), figures, map=m) for m in (map, backwards, pool.map)]
    assert results[0] == results[1] == results[2]
    assert [bits(t.design) for t in results[0].trials] == [5, 3, 4]


def test_the_strategy_is_closed_when_a_trial_fails() -> None:
    closed: list[bool] = []

    def strategy() -> Generator[list[Design | Query], list[Trial], Design | None]:
        try:
            yield [design(3)]
        finally:
            closed.append(True)
        return None

    with pytest.raises(ZeroDivisionError):
        search(strategy(), lambda d: {"accuracy": len(d) / 0})
    assert closed == [True]


def test_refusals() -> None:
    with pytest.raises(TypeError, match="returned float; wanted is a Trial or its figures"):
        search(asking([design(3)]), lambda d: 0.9 * len(d))  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="yields lists of Design or Query, not Design"):
        search(asking(design(3)), figures)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="yields lists of Design or Query, not str"):
        search(asking(["fc"]), figures)
    with pytest.raises(RuntimeError, match="map returned no answer for 1 of 2 trials"):
        search(asking([design(2), design(3)]), figures, map=lambda f, qs: [f(qs[0])])
    with pytest.raises(ValueError, match="no such split 'train'; there are 'validation', 'calibration', 'test'"):
        Query(design(3), split="train")
    with pytest.raises(ValueError, match="epochs is -1"):
        Query(design(3), epochs=-1)
    with pytest.raises(ValueError, match=r"figure 'accuracy' of design .* is NaN"):
        Trial(design(3), {"accuracy": float("nan")})
    with pytest.raises(KeyError, match="has no figure 'accuracy'; it has 'loss'"):
        _ = Trial(design(3), {"loss": 1.0}).accuracy
    with pytest.raises(KeyError, match="has no figure 'energy_pj'"):
        search(asking([design(3)]), figures, objectives=["energy_pj"])


def test_a_trial_is_a_value() -> None:
    trial = Trial(design(3), {"accuracy": 0.1, "stored_bits": 300}, epochs=1)
    same = Trial(design(3), {"stored_bits": 300.0, "accuracy": 0.1}, epochs=1)
    assert trial == same == copy.deepcopy(trial) == pickle.loads(pickle.dumps(trial))
    assert len({trial, same, Trial(design(3), trial.figures)}) == 2
    with pytest.raises(TypeError):
        trial.figures["accuracy"] = 1.0  # type: ignore[index]


losses = st.lists(st.tuples(*[st.integers(0, 4)] * 3), max_size=30)


@given(losses)
def test_the_front_is_what_nothing_dominates(points: list[tuple[int, int, int]]) -> None:
    trials = [Trial(design(3), {"accuracy": a, "x": x, "y": y, "number": n}) for n, (a, x, y) in enumerate(points)]

    def dominates(a: Trial, b: Trial) -> bool:
        pairs = [(-a.accuracy, -b.accuracy), *((a.figure(name), b.figure(name)) for name in ("x", "y"))]
        return all(p <= q for p, q in pairs) and any(p < q for p, q in pairs)

    front = Front.of(trials, ("x", "y"))
    assert set(front) == {t for t in trials if not any(dominates(other, t) for other in trials)}
    assert [t.figure("x") for t in front] == sorted(t.figure("x") for t in front)


def test_the_cheapest_of_the_accurate() -> None:
    found: Result = search(asking([design(b) for b in (8, 2, 6, 4)]), figures)
    assert found.front.objectives == ("stored_bits",)
    assert [bits(t.design) for t in found.front] == [2, 4, 6, 8]
    assert bits(found.front.cheapest(0.9).design) == 4
    assert bits(found.front.cheapest(0.95, by="stored_bits").design) == 6
    with pytest.raises(ValueError, match=r"no trial reaches accuracy 0.999; the best reaches 0.99609375"):
        found.front.cheapest(0.999)
    with pytest.raises(ValueError, match="'energy_pj' is no objective of this front; it was taken over 'stored_bits'"):
        found.front.cheapest(0.5, by="energy_pj")


def test_a_front_without_objectives_is_the_most_accurate() -> None:
    result = search(asking([design(2), design(4)]), lambda d: {"accuracy": figures(d)["accuracy"]})
    assert [bits(t.design) for t in result.front] == [4]
    with pytest.raises(ValueError, match="None is no objective of this front; it was taken over accuracy alone"):
        result.front.cheapest(0.5)
