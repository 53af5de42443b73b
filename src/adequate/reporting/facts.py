"""What a report says beyond what the result, the network and the ranges know."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facts:
    """The circumstances of a run.

    ``accuracies`` are fractions by a label that says what was measured (``before fine-tuning``), in the order they are
    shown, all on ``split``; a ``Score`` is drawn with its interval, and the last one is the accuracy in the headline.
    ``margin`` is in points: by how much the accuracy may fall below full precision, which is ``reference`` on the
    validation images (default: as the search's own trial of it has it). ``commands`` made the report. ``costs`` is the
    page, beside it, that says what the design costs on accelerators.
    """

    model: str = "network"
    data: str = ""
    split: str = "test"
    margin: float | None = None
    accuracies: Mapping[str, float] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    reference: float | None = None
    costs: str | None = None
