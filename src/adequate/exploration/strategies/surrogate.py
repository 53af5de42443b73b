"""A response surface that says which points are worth a trial."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from adequate.exploration.archive import Archive
from adequate.exploration.dominance import fittest, ranks
from adequate.exploration.response import Matrix, Response
from adequate.exploration.search import Strategy
from adequate.exploration.space import Point, Space
from adequate.exploration.strategies.evolutionary import STEP_SHARE, spread

STARTS = 20
"""Points before the first surface: half of them from the diagonal, half drawn (assumed)."""

GENERATIONS, PARENTS, CHILDREN = 2, 20, 100
"""How far each member's surface is searched (assumed)."""

BOLD = 0.5
"""Share of the points that are drawn by how far they lie from the measured front (assumed)."""

Points = NDArray[np.int64]


def surrogate(
    space: Space,
    *,
    objectives: Sequence[str] = ("stored_bits",),
    trials: int,
    batch: int = 8,
    generator: Generator,
) -> Strategy:
    """Trials where a response surface expects the front; the answer is the front of what was tried.

    The idea is that of Smithson et al. 2016, "Neural networks designing neural networks: multi-objective
    hyper-parameter optimization" (arXiv 1611.02120): a neural network learns from points to figures, and candidates
    that it expects to be dominated are not tried. Here an ensemble learns all figures; each point of a ``batch``
    follows another member: it is drawn from those which that one does not expect to be dominated, by measured points
    or each other; every other time the likelier the further they are from the measured front. What is expected is
    never an answer. How candidates are drawn and chosen is ours.

    Raises:
        ValueError: ``trials`` or ``batch`` is below 1.
    """
    if batch < 1:
        raise ValueError(f"batch is {batch}; it takes at least one point")
    archive = Archive(space, objectives, trials)
    random = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    scale = np.maximum(space.widest, 1)
    points = [archive.claim(point) for point in spread(space.diagonal, min(STARTS // 2, archive.left))]
    points += [archive.claim(space.sample(generator)) for _ in range(min(STARTS - len(points), archive.left))]
    while points:
        yield from archive.ask(points)
        measured, losses = np.array(list(archive.losses)), np.array(list(archive.losses.values()))
        members = min(batch, archive.left)
        surface = Response(measured / scale, losses, 1 / (1 + ranks(losses)), members, random)
        best = fittest(losses, PARENTS)
        points = []
        for member in range(members):
            expect = partial(_expected, surface, member, scale)
            found = _worth_trying(archive, measured[best], losses[best], expect, random)
            points.append(archive.claim(space.sample(generator) if found is None else found))
    return None


def _expected(surface: Response, member: int, scale: Points, points: Points) -> Matrix:
    return surface.expect(points / scale, member)


def _worth_trying(
    archive: Archive, points: Points, losses: Matrix, expect: Callable[[Points], Matrix], random: np.random.Generator
) -> Point | None:
    """A new point of the front of measured and of expected losses; ``points`` are the best measured ones."""
    widest = np.array(archive.space.widest)
    measured = losses[ranks(losses) == 0]
    span = np.maximum(np.ptp(np.array(list(archive.losses.values())), axis=0), 1e-12)
    for _ in range(GENERATIONS):
        drawn = np.unique(_children(points, widest, random), axis=0)
        drawn = drawn[[not archive.known(tuple(point)) for point in drawn.tolist()]]
        points, first = np.unique(np.concatenate([points, drawn]), axis=0, return_index=True)
        losses = np.concatenate([losses, expect(drawn)])[first]
        kept = fittest(losses, PARENTS)
        points, losses = points[kept], losses[kept]
    new = np.array([not archive.known(point) for point in map(tuple, points.tolist())])
    new &= ranks(losses) == 0
    if not new.any():
        return None
    further = (np.abs(losses[new][:, None] - measured[None]) / span).sum(-1).min(-1) + 1e-12
    likely = further / further.sum() if random.random() < BOLD else None
    return tuple(points[new][random.choice(new.sum(), p=likely)].tolist())


def _children(parents: Points, widest: Points, random: np.random.Generator) -> Points:
    """Crossed and mutated as in ``evolutionary``."""
    mothers, fathers = (parents[random.integers(len(parents), size=CHILDREN)] for _ in range(2))
    children = np.where(random.random(mothers.shape) < 0.5, mothers, fathers)
    steps = np.where(
        random.random(children.shape) < STEP_SHARE,
        children + random.choice((-1, 1), children.shape),
        random.integers(widest + 1, size=children.shape),
    )
    mutate = random.random(children.shape) < 1 / len(widest)
    return np.clip(np.where(mutate, steps, children), 0, widest)
