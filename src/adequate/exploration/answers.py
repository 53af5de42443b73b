"""What a strategy that walks through a space has been told."""

from collections.abc import Generator, Sequence

from adequate.design import Design
from adequate.exploration.space import Point, Space
from adequate.exploration.trial import Trial


class Answers:
    """The trials of points, each asked for once."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._known: dict[Point, Trial] = {}

    def ask(self, points: Sequence[Point]) -> Generator[list[Design], list[Trial], list[Trial]]:
        """The trials of ``points``, in their order; asks for those that are new, all at once."""
        new = [point for point in dict.fromkeys(points) if point not in self._known]
        if new:
            trials = yield [self.space.design(point) for point in new]
            self._known.update(zip(new, trials, strict=True))
        return [self._known[point] for point in points]

    def __len__(self) -> int:
        return len(self._known)


def moved(space: Space, point: Point, knob: int, by: int) -> Point | None:
    """``point`` with one knob moved; None beyond its ends."""
    place = point[knob] + by
    if not 0 <= place <= space.widest[knob]:
        return None
    return (*point[:knob], place, *point[knob + 1 :])
