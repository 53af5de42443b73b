"""Made-up problems over knobs whose fronts are known.

Knobs are the weights of layers that no network has; a figure is a function of the point. Where the published problems
have their optimum at 0, these have it at a choice of its own for each knob, away from the space's corners.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import cos, pi, prod, sin, sqrt

from adequate.design import Design, LayerDesign
from adequate.exploration import Point, Space, Trial
from adequate.exploration.hypervolume import Losses, hypervolume
from adequate.formats import Fixed


def knobs(count: int, choices: int) -> Space:
    """A space of ``count`` knobs of so many choices each."""
    start = Design({f"layer{i:02}": LayerDesign(weight=Fixed(8, 7)) for i in range(count)})
    return Space(start, bits=range(2, 2 + choices))


@dataclass(frozen=True)
class Problem:
    """Losses of a point of ``space``; its front is reached where the last knobs are at their optimum."""

    name: str
    space: Space
    losses: Callable[[Point], Losses]
    optimal: tuple[Point, ...]
    reference: Losses

    @property
    def objectives(self) -> tuple[str, ...]:
        """The figures beside ``accuracy``."""
        return tuple(f"f{i}" for i in range(2, len(self.reference) + 1))

    def trial(self, design: Design) -> dict[str, float]:
        """The figures of a design: accuracy is 1 - f1."""
        first, *others = self.losses(self.space.point(design))
        return {"accuracy": 1 - first, **dict(zip(self.objectives, others, strict=True))}

    @cached_property
    def volume(self) -> float:
        """The hypervolume of the true front."""
        return hypervolume(map(self.losses, self.optimal), self.reference)

    def hypervolume(self, trials: Iterable[Trial]) -> float:
        """The hypervolume of trials."""
        points = [(1 - trial.accuracy, *(trial.figure(name) for name in self.objectives)) for trial in trials]
        return hypervolume(points, self.reference)


def _problem(
    name: str, count: int, choices: int, free: int, losses: Callable[[list[float], float], Losses], bound: float
) -> Problem:
    """``free`` knobs place a point on its front, the others move it away: ``losses(x, distance)``."""
    space = knobs(count, choices)
    optimum = [(2 + 3 * i) % (choices - 2) + 1 for i in range(count - free)]

    def of(point: Point) -> Losses:
        apart = [abs(place - best) / (choices - 1) for place, best in zip(point[free:], optimum, strict=True)]
        return losses([place / (choices - 1) for place in point[:free]], sum(apart) / len(apart))

    optimal = tuple((*first, *optimum) for first in product(range(choices), repeat=free))
    objectives = len(of(space.narrowest))
    return Problem(name, space, of, optimal, (bound,) * objectives)


def _zdt1(x: list[float], distance: float) -> Losses:
    g = 1 + 9 * distance
    return x[0], g * (1 - sqrt(x[0] / g))


def _zdt2(x: list[float], distance: float) -> Losses:
    g = 1 + 9 * distance
    return x[0], g * (1 - (x[0] / g) ** 2)


def _dtlz2(x: list[float], distance: float) -> Losses:
    r = 1 + distance
    a, b = (pi / 2 * one for one in x)
    return r * cos(a) * cos(b), r * cos(a) * sin(b), r * sin(a)


PROBLEMS = (
    _problem("zdt1", 6, 9, 1, _zdt1, 1.1),
    _problem("zdt2", 6, 9, 1, _zdt2, 1.1),
    _problem("dtlz2", 6, 7, 2, _dtlz2, 1.1),
)
"""Zitzler, Deb and Thiele 2000, "Comparison of multiobjective evolutionary algorithms", Evol. Comput. 8(2), 3; Deb,
Thiele, Laumanns and Zitzler 2002, "Scalable multi-objective optimization test problems", CEC, section 5 (the distance
is our sum of absolute differences)."""


@dataclass(frozen=True)
class Additive:
    """Accuracy that each knob takes a part of, fourfold with every bit less, as rounding noise; cost per bit.

    ``crossed`` lets knobs spoil more together than alone.
    """

    noises: tuple[float, ...]
    costs: tuple[float, ...]
    choices: int = 5
    crossed: float = 0.0

    @cached_property
    def space(self) -> Space:
        """A knob for each noise."""
        return knobs(len(self.noises), self.choices)

    def trial(self, design: Design) -> dict[str, float]:
        """accuracy, cost, and the loss that accuracy is 1 less of."""
        point = self.space.point(design)
        alone = [noise * 4.0**-place for noise, place in zip(self.noises, point, strict=True)]
        loss = sum(alone) + self.crossed * prod(sqrt(one) for one in alone)
        cost = sum(cost * (place + 2) for cost, place in zip(self.costs, point, strict=True))
        return {"accuracy": 1 - loss, "loss": loss, "cost": cost}

    @cached_property
    def everything(self) -> tuple[dict[str, float], ...]:
        """The figures of all points."""
        return tuple(map(self.trial, map(self.space.design, self.space.points())))

    def cheapest(self, accuracy: float) -> float:
        """The least cost of a point so accurate."""
        return min(one["cost"] for one in self.everything if one["accuracy"] >= accuracy)


ADDITIVE = {
    "alike": Additive((0.3, 0.3, 0.3, 0.3), (1.0, 1.0, 1.0, 1.0)),
    "unlike": Additive((0.5, 0.02, 0.1, 0.3), (1.0, 8.0, 3.0, 2.0)),
    "one matters": Additive((0.8, 1e-4, 1e-4, 1e-4), (1.0, 9.0, 9.0, 9.0)),
    "crossed": Additive((0.4, 0.2, 0.1, 0.3), (4.0, 2.0, 1.0, 3.0), crossed=0.5),
}
