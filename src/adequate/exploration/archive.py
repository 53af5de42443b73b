"""What a strategy has asked and was told."""

from collections.abc import Generator, Iterable, Sequence

from adequate.design import Design
from adequate.exploration.hypervolume import Losses
from adequate.exploration.space import Point, Space
from adequate.exploration.trial import Trial


class Archive:
    """The points of one search with their losses: -accuracy, then the objectives; at most ``trials`` of them.

    Raises:
        ValueError: ``trials`` is below 1.
    """

    def __init__(self, space: Space, objectives: Sequence[str], trials: int) -> None:
        if trials < 1:
            raise ValueError(f"trials is {trials}; a search takes at least one")
        self.space = space
        self.objectives = tuple(objectives)
        self.losses: dict[Point, Losses] = {}
        self._left = min(trials, space.size)
        self._claimed = set[Point]()

    @property
    def left(self) -> int:
        """How many points can still be claimed."""
        return self._left

    def claim(self, point: Point) -> Point:
        """``point``, or if it was claimed before the next that was not; the last knob turns fastest.

        Raises:
            ValueError: none is left.
        """
        if not self._left:
            raise ValueError("every trial is spent")
        while point in self._claimed:
            point = _next(point, self.space.widest)
        self._claimed.add(point)
        self._left -= 1
        return point

    def known(self, point: Point) -> bool:
        """Whether it was claimed."""
        return point in self._claimed

    def ask(self, points: Iterable[Point]) -> Generator[list[Design], list[Trial], None]:
        """Asks for the trials of claimed points, and remembers their losses."""
        asked = tuple(points)
        trials = yield [self.space.design(point) for point in asked]
        for point, trial in zip(asked, trials, strict=True):
            self.losses[point] = (-trial.accuracy, *(trial.figure(name) for name in self.objectives))


def _next(point: Point, widest: Point) -> Point:
    turned = list(point)
    for i in reversed(range(len(turned))):
        if turned[i] < widest[i]:
            turned[i] += 1
            return tuple(turned)
        turned[i] = 0
    return tuple(turned)
