"""A real space, tried whole once: the weights of the digits' network, 2 to 6 bits each."""

from collections.abc import Iterable

from torch import Generator

from adequate.data import load
from adequate.design import Design
from adequate.emulation import emulate
from adequate.evaluation import evaluate_all
from adequate.exploration import Space, Trial, dynamic_fixed, exhaustive, search
from adequate.exploration.hypervolume import hypervolume
from adequate.exploration.trial import least_accuracy
from adequate.metrics import cross_entropy, top1
from adequate.network import trace
from adequate.profiling import profile
from adequate.reporting import stored_bits
from adequate.zoo import entry

MARGINS = (0.5, 1.0, 2.0, 5.0)
"""Points of accuracy that may be lost."""

OBJECTIVES = ("stored_bits",)


class Digits:
    """The space and the figures of all its designs, on 400 training images."""

    name = "digits"
    objectives = OBJECTIVES

    def __init__(self) -> None:
        known = entry("digits-cnn")
        assert known.pretrained is not None
        data = load("digits").train.with_transform(known.preprocessing)
        images, labels = next(iter(data.batches(400)))
        network = trace(known.pretrained(Generator().manual_seed(0)), images[:2])
        start = dynamic_fixed(profile(network, [(images, labels)]), 8)
        knobs = [knob for knob in Space(start, bits=range(2, 7)).knobs if knob.name.endswith(".weight")]
        self.space = Space(start, knobs=knobs)

        def trial(design: Design) -> dict[str, float]:
            scores = evaluate_all(emulate(network, design), [(images, labels)], (top1, cross_entropy))
            bits = stored_bits(network, design)
            return {"accuracy": scores["top1"], "loss": scores["cross_entropy"], "stored_bits": bits}

        whole = search(exhaustive(self.space), trial)
        self.front = whole.front
        self.figures = {one.design: dict(one.figures) for one in whole.trials}
        self.full = self.figures[self.space.design(self.space.widest)]

    def trial(self, design: Design) -> dict[str, float]:
        """Looked up."""
        return self.figures[design]

    def hypervolume(self, trials: Iterable[Trial]) -> float:
        """Up to half of the images wrong and the bits of the widest design."""
        points = [(1 - one.accuracy, one.figure("stored_bits")) for one in trials]
        return hypervolume(points, (0.5, self.full["stored_bits"] + 1))

    @property
    def volume(self) -> float:
        """The hypervolume of the true front."""
        return self.hypervolume(self.front)

    def wanted(self, margin: float) -> float:
        """The least accuracy within ``margin`` points of the widest design's."""
        return least_accuracy(self.full["accuracy"], margin)

    def cheapest(self, accuracy: float) -> float:
        """The fewest bits of a design so accurate."""
        return self.front.cheapest(accuracy).figure("stored_bits")
