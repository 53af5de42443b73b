"""Coordinate descent on losses whose minimum is known."""

from collections.abc import Callable
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adequate.design import Design, LayerDesign
from adequate.exploration import Query, Trial, descend, search
from adequate.formats import Binary, Fixed, Minifloat

Loss = Callable[[list[int]], float]

START = Design(
    {
        "a": LayerDesign(Fixed(8, 3), Fixed(4, 3), output=Fixed(8, 3)),
        "b": LayerDesign(weight=Fixed(4, 3), output=Minifloat(4, 3)),
        "c": LayerDesign(weight=Binary()),
    }
)
"""Four fixed-point formats, all with frac 3, and others that must stay."""


def lengths(design: Design) -> list[int]:
    return [
        one.frac
        for layer in design.values()
        for one in (layer.input, layer.weight, layer.output)
        if isinstance(one, Fixed)
    ]


def moved(fracs: list[int]) -> Design:
    a = LayerDesign(Fixed(8, fracs[0]), Fixed(4, fracs[1]), output=Fixed(8, fracs[2]))
    return Design({**START, "a": a, "b": LayerDesign(weight=Fixed(4, fracs[3]), output=Minifloat(4, 3))})


class Descent:
    """What a descent found and asked."""

    def __init__(self, loss: Loss, start: Design = START, **settings: int) -> None:
        self.asked: list[Query] = []
        steps = descend(start, **settings)
        answer = None
        try:
            while True:
                batch = steps.send(answer)
                self.asked += batch
                answer = [trial_of(query, loss) for query in batch]
        except StopIteration as stop:
            self.found: Design = stop.value


def trial_of(query: Query, loss: Loss) -> Trial:
    return Trial(query.design, {"loss": loss(lengths(query.design))}, query.epochs, query.split)


@given(st.lists(st.integers(-3, 9), min_size=4, max_size=4), st.lists(st.integers(1, 5), min_size=4, max_size=4))
def test_the_minimum_of_a_separable_loss_is_found(best: list[int], weights: list[int]) -> None:
    run = Descent(lambda fracs: sum(w * abs(f - b) for w, f, b in zip(weights, fracs, best, strict=True)))
    assert run.found == moved(best)
    assert {query.split for query in run.asked} == {"calibration"}
    steps = sum(abs(b - 3) for b in best)
    assert len(run.asked) <= 1 + 2 * 4 + steps + 4 + 2 * 4  # a round, the moves with one too many each, a last round


@given(st.lists(st.integers(0, 6), min_size=4, max_size=4), st.integers(0, 2**20))
def test_it_ends_in_a_local_minimum(best: list[int], seed: int) -> None:
    """A loss in which formats depend on one another, with noise: no neighbour of the result is better."""

    def loss(fracs: list[int]) -> float:
        coupled = sum((fracs[i] - best[i] + fracs[i - 1] - best[i - 1]) ** 2 for i in range(4))
        return coupled + sum((f - b) ** 2 for f, b in zip(fracs, best, strict=True)) / 3 + hash((seed, *fracs)) % 7 / 10

    run = Descent(loss, passes=10_000)
    fracs = lengths(run.found)
    for i in range(4):
        for by in (1, -1):
            assert loss(fracs) <= loss([f + by * (i == j) for j, f in enumerate(fracs)])


@pytest.mark.parametrize("passes", [1, 2, 3, 4, 5, 6, 17])
def test_never_more_designs_are_scored_than_allowed(passes: int) -> None:
    run = Descent(lambda fracs: -sum(fracs), passes=passes)  # finer is always better: it would never end
    assert len(run.asked) <= passes
    assert len(run.asked) >= passes - 1
    losses = [-sum(lengths(query.design)) for query in run.asked]
    assert -sum(lengths(run.found)) == min(losses)


def test_at_the_minimum_every_neighbour_is_asked_once() -> None:
    run = Descent(lambda fracs: sum(abs(f - 3) for f in fracs))
    assert run.found == START
    assert len(run.asked) == len(set(run.asked)) == 1 + 2 * 4


def test_a_format_at_its_best_is_not_asked_again_before_another_moved() -> None:
    run = Descent(lambda fracs: abs(fracs[0] - 5), Design({"a": LayerDesign(input=Fixed(8, 3))}))
    assert lengths(run.found) == [5]
    assert len(run.asked) == len(set(run.asked)) == 1 + 2 + 2  # 3; 4 and 2; 5, 6


def test_equal_losses_are_no_reason_to_move() -> None:
    assert Descent(lambda fracs: 0.0).found == START
    assert Descent(lambda fracs: inf).found == START


def test_a_design_without_fixed_point_is_only_scored() -> None:
    other = Design({"c": LayerDesign(weight=Binary())})
    run = Descent(lambda fracs: 0.0, other)
    assert run.found == other
    assert run.asked == [Query(other, split="calibration")]


def test_it_runs_under_search() -> None:
    def trial(design: Design, split: str) -> dict[str, float]:
        assert split == "calibration"
        return {"loss": sum(abs(f - 5) for f in lengths(design))}

    assert search(descend(START), trial).best == moved([5, 5, 5, 5])
