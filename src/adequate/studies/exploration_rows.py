"""A design beside the one of the front that beats it."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from adequate.studies.study import percent


@dataclass(frozen=True, slots=True)
class Measured:
    """What a design is worth: mean bits, accuracies as fractions, costs in the order of the objectives.

    ``chosen_on`` is the accuracy on the images that designs are chosen on. A cost is None where the machine cannot run
    the design.
    """

    weight_bits: float
    activation_bits: float
    chosen_on: float
    test: float
    costs: tuple[float | None, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """Bits, percentages, kilobits, microjoules."""
        stored, *energies = self.costs
        return (
            f"{self.weight_bits:.2f}",
            f"{self.activation_bits:.2f}",
            percent(self.chosen_on),
            percent(self.test),
            "" if stored is None else f"{stored / 1e3:.0f}",
            *("" if one is None else f"{one / 1e6:.1f}" for one in energies),
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A design; where the front has designs that dominate it, the cheapest of them beside it.

    ``also_on_test`` says whether any of the front dominates it by the accuracies on the test images; None where there
    is nothing to beat.
    """

    head: ClassVar[tuple[str, ...]] = (
        "network",
        "design",
        "bits a weight",
        "bits an activation",
        "chosen on, %",
        "test, %",
        "kbit",
        "bitfusion, µJ",
        "stripes, µJ",
        "front: chosen on, %",
        "test, %",
        "kbit, times",
        "bitfusion, times",
        "stripes, times",
        "beaten on test",
    )
    network: str
    design: str
    ours: Measured
    better: Measured | None = None
    also_on_test: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """What beats it in percent of images and as shares of its costs."""
        also = "" if self.also_on_test is None else "yes" if self.also_on_test else "no"
        if self.better is None:
            return (self.network, self.design, *self.ours.cells, "", "", "", "", "", also)
        shares = [new / old for new, old in zip(self.better.costs, self.ours.costs, strict=True) if new and old]
        return (
            self.network,
            self.design,
            *self.ours.cells,
            percent(self.better.chosen_on),
            percent(self.better.test),
            *(f"{share:.2f}" for share in shares),
            also,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)
