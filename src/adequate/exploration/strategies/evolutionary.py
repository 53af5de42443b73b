"""NSGA-II: points that dominate others live on, and cross."""

from collections.abc import Sequence

import torch
from torch import Generator

from adequate.exploration.archive import Archive
from adequate.exploration.dominance import fittest
from adequate.exploration.search import Strategy
from adequate.exploration.space import Point, Space

STEP_SHARE = 0.75
"""Share of the mutations that move a knob to a neighbouring choice; the others draw any (assumed)."""

ATTEMPTS = 10
"""Children drawn until one is new (assumed)."""


def evolutionary(
    space: Space,
    *,
    objectives: Sequence[str] = ("stored_bits",),
    trials: int,
    population: int = 20,
    start: Sequence[Point] = (),
    generator: Generator,
) -> Strategy:
    """NSGA-II over the points of a space (Deb et al. 2002, "A fast and elitist multiobjective genetic algorithm:
    NSGA-II", IEEE Trans. Evol. Comput. 6(2), III); the answer is the front.

    The first population is ``start``, all of it, or without one the space's diagonal, as far as it takes half of the
    population; random points fill it up. Parents win binary tournaments by front, then by crowding distance; children
    take each choice from either parent and each knob is mutated with probability 1 / knobs. Of parents and children
    the best ``population`` live on. On knobs instead of real numbers, crossover and mutation are ours; a child that
    was there before is drawn again.

    Raises:
        ValueError: ``trials`` is below 1 or ``population`` below 4.
    """
    if population < 4:
        raise ValueError(f"population is {population}; it takes 4 or more")
    archive = Archive(space, objectives, trials)
    given = list(dict.fromkeys(start)) or spread(space.diagonal, min(population // 2, archive.left))
    first = [archive.claim(point) for point in given[: archive.left]]
    first += [archive.claim(space.sample(generator)) for _ in range(min(population - len(first), archive.left))]
    yield from archive.ask(first)
    alive = _fittest(archive, first, population)
    while archive.left:
        children = [_child(archive, alive, generator) for _ in range(min(population, archive.left))]
        yield from archive.ask(children)
        alive = _fittest(archive, [*alive, *children], population)
    return None


def spread(points: Sequence[Point], count: int) -> list[Point]:
    """``count`` of the points, evenly spread from the first to the last; all if there are fewer."""
    if count >= len(points):
        return list(points)
    return [points[round(i * (len(points) - 1) / max(count - 1, 1))] for i in range(count)]


def mutated(space: Space, point: Point, generator: Generator) -> Point:
    """Each knob moved with probability 1 / knobs, one of them for certain."""
    moved = list(point)
    movable = [i for i, last in enumerate(space.widest) if last > 0]
    chosen = {i for i in movable if _uniform(generator) < 1 / len(movable)}
    for i in chosen or {movable[_below(len(movable), generator)]}:
        last = space.widest[i]
        if _uniform(generator) < STEP_SHARE:
            step = 1 if _uniform(generator) < 0.5 else -1
            moved[i] += step if 0 <= moved[i] + step <= last else -step
        else:
            moved[i] = (moved[i] + 1 + _below(last, generator)) % (last + 1)
    return tuple(moved)


def _fittest(archive: Archive, points: Sequence[Point], count: int) -> list[Point]:
    return [points[i] for i in fittest([archive.losses[point] for point in points], count)]


def _child(archive: Archive, alive: Sequence[Point], generator: Generator) -> Point:
    for _ in range(ATTEMPTS):
        mother, father = (_tournament(alive, generator) for _ in range(2))
        crossed = tuple(a if _uniform(generator) < 0.5 else b for a, b in zip(mother, father, strict=True))
        child = mutated(archive.space, crossed, generator)
        if not archive.known(child):
            return archive.claim(child)
    return archive.claim(archive.space.sample(generator))


def _tournament(alive: Sequence[Point], generator: Generator) -> Point:
    """The better of two; ``alive`` is sorted."""
    return alive[min(_below(len(alive), generator), _below(len(alive), generator))]


def _uniform(generator: Generator) -> float:
    return float(torch.rand((), generator=generator))


def _below(bound: int, generator: Generator) -> int:
    return int(torch.randint(bound, (), generator=generator))
