"""A published table beside ours."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from adequate.storage import write_atomically


@dataclass(frozen=True, slots=True)
class Row:
    """One published result and ours; accuracies are fractions, None where there is none.

    ``before`` is without fine-tuning, ``after`` with it. Published and own baselines differ (other weights, other
    test images), so ``difference`` compares the losses: (published baseline - published) - (own baseline - own), in
    points; positive means that less is lost here.
    """

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


HEAD = (
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


def cells(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The head and the rows as text; accuracies in percent, without fine-tuning in brackets."""
    return [
        HEAD,
        *(
            (
                row.table,
                row.network,
                row.arithmetic,
                _percent(row.published_baseline),
                _both(row.published_after, row.published_before),
                _percent(row.baseline),
                _both(row.after, row.before),
                "" if row.difference is None else f"{row.difference:+.2f}",
                "; ".join(part for part in (row.design, row.note) if part),
            )
            for row in rows
        ),
    ]


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    head, *body = ("| " + " | ".join(row) + " |" for row in cells(rows))
    return "\n".join([head, "|---|---|---|---:|---:|---:|---:|---:|---|", *body]) + "\n"


def write_between(path: Path, name: str, text: str) -> None:
    """Replaces what stands between ``<!-- name:begin -->`` and ``<!-- name:end -->`` of a file.

    Raises:
        ValueError: the file has no such marks.
    """
    content = path.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if begin not in content or end not in content:
        raise ValueError(f"{path} has no marks {begin} and {end}")
    head, tail = content.split(begin)[0], content.split(end)[1]
    write_atomically(path, f"{head}{begin}\n{text}{end}{tail}")


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f}"


def _both(after: float | None, before: float | None) -> str:
    bracket = "" if before is None else f"({_percent(before)})"
    return " ".join(part for part in (_percent(after), bracket) if part)
