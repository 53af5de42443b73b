"""A published figure of a machine beside ours."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure, in print and here; ``published`` is None where nothing was printed."""

    head: ClassVar[tuple[str, ...]] = (
        "table", "machine", "work", "figure", "published", "ours", "ours / published", "note",
    )  # fmt: skip
    table: str
    machine: str
    work: str
    figure: str
    published: float | None
    ours: float
    note: str = ""

    @property
    def difference(self) -> float | None:
        """Ours less the published, as a share of the published."""
        return None if self.published is None else self.ours / self.published - 1

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "difference": self.difference}

    @property
    def cells(self) -> tuple[str, ...]:
        """Figures in four digits."""
        return (
            self.table,
            self.machine,
            self.work,
            self.figure,
            "" if self.published is None else _told(self.published),
            _told(self.ours),
            "" if self.published is None else f"{self.ours / self.published:.3f}",
            self.note,
        )


def _told(value: float) -> str:
    return f"{value:.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:.4g}"
