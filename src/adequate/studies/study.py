"""A published result beside ours."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Row:
    """One published result and ours; accuracies are fractions, None where there is none.

    ``before`` is without fine-tuning, ``after`` with it. Published and own baselines differ (other weights, other
    test images), so ``difference`` compares the losses: (published baseline - published) - (own baseline - own), in
    points; positive means that less is lost here.
    """

    head: ClassVar[tuple[str, ...]] = (
        "table",
        "network",
        "arithmetic",
        "baseline, published",
        "published",
        "baseline, ours",
        "ours",
        "less lost here, points",
        "our design; why it differs",
    )
    table: str
    network: str
    arithmetic: str
    published_baseline: float
    published_before: float | None
    published_after: float | None
    baseline: float | None = None
    before: float | None = None
    after: float | None = None
    design: str = ""
    note: str = ""

    @property
    def difference(self) -> float | None:
        """Points that are lost less here than in print, after fine-tuning where both have it, else before."""
        for published, ours in ((self.published_after, self.after), (self.published_before, self.before)):
            if published is not None and ours is not None and self.baseline is not None:
                return 100 * ((self.published_baseline - published) - (self.baseline - ours))
        return None

    def to_json(self) -> dict[str, Any]:
        """Plain data; ``published`` and ``ours`` are the figures that ``difference`` compares."""
        tuned = self.published_after is not None and self.after is not None
        published = self.published_after if tuned else self.published_before
        return {
            **asdict(self),
            "published": published if published is not None else self.published_after,
            "ours": self.after if tuned else self.before,
            "difference": self.difference,
        }

    @property
    def cells(self) -> tuple[str, ...]:
        """Accuracies in percent, without fine-tuning in brackets."""
        return (
            self.table,
            self.network,
            self.arithmetic,
            percent(self.published_baseline),
            _both(self.published_after, self.published_before),
            percent(self.baseline),
            _both(self.after, self.before),
            "" if self.difference is None else f"{self.difference:+.2f}",
            "; ".join(part for part in (self.design, self.note) if part),
        )


def percent(value: float | None) -> str:
    """A fraction as a percentage with two digits; nothing for None."""
    return "" if value is None else f"{100 * value:.2f}"


def _both(after: float | None, before: float | None) -> str:
    bracket = "" if before is None else f"({percent(before)})"
    return " ".join(part for part in (percent(after), bracket) if part)
