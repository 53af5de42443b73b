"""Every point of a space."""

from adequate.exploration.search import Strategy
from adequate.exploration.space import Space

MOST = 100_000
"""Points of the largest space that is searched whole without being told so (our choice)."""

BATCH = 256
"""Points asked for at once."""


def exhaustive(space: Space, *, most: int = MOST) -> Strategy:
    """All designs of a space of at most ``most`` points; the answer is the front, which is the true one.

    Raises:
        ValueError: the space has more points.
    """
    if space.size > most:
        raise ValueError(f"the space has {space.size} points; exhaustive search is told to take at most {most}")
    points = list(space.points())
    for i in range(0, len(points), BATCH):
        yield [space.design(point) for point in points[i : i + BATCH]]
    return None
