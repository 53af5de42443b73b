"""Points of a space drawn at random: what every search has to beat."""

from collections.abc import Sequence

from torch import Generator

from adequate.exploration.archive import Archive
from adequate.exploration.search import Strategy
from adequate.exploration.space import Space


def random_points(
    space: Space, *, objectives: Sequence[str] = ("stored_bits",), trials: int, generator: Generator
) -> Strategy:
    """``trials`` different points, all equally likely; the answer is the front.

    Raises:
        ValueError: ``trials`` is below 1.
    """
    archive = Archive(space, objectives, trials)
    yield from archive.ask([archive.claim(space.sample(generator)) for _ in range(archive.left)])
    return None
