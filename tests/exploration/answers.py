"""Strategies watched, and what is known of their answers."""

from collections.abc import Callable

from adequate.design import Design
from adequate.exploration import Space, Strategy
from adequate.exploration.answers import moved


def noted(strategy: Strategy, asked: list[Design]) -> Strategy:
    """The same strategy; what it asks is added to ``asked``."""
    answers = None
    while True:
        try:
            batch = strategy.send(answers)  # type: ignore[arg-type]  # None starts the generator
        except StopIteration as stop:
            return stop.value
        asked.extend(batch)
        answers = yield batch


def one_minimal(space: Space, design: Design, serves: Callable[[Design], bool]) -> bool:
    """Whether no knob of a design can be lowered by one."""
    point = space.point(design)
    lower = (moved(space, point, knob, -1) for knob in range(len(point)))
    return not any(one is not None and serves(space.design(one)) for one in lower)
