"""How fast LeNet's designs are tried, what the strategy takes of it, and what prefixes save: one JSON line each.

Every figure is of one thread. Elapsed times contain what other programs took of the machine; processor times do not.
"""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, thread_time

import torch
from torch import Generator

import adequate as aq
from adequate.exploration.reuse import Reuse
from adequate.reporting import stored_bits

IMAGES, TRIALS = 1_000, 40
"""Images of an evaluation, evaluations of the search that is timed."""


class Lenet:
    """LeNet with its trained weights, 2 to 8 bits for every weight and edge, and MNIST images kept apart."""

    def __init__(self, data_dir: Path) -> None:
        chosen = aq.entry("lenet")
        model = chosen.build()
        chosen.load(model, data_dir / "models" / "caffe_small" / "lenet_iter_10000.caffemodel")
        data = chosen.prepare(aq.load("mnist", data_dir))
        _, validation = data.selection()
        self.images = list(validation.first(IMAGES))
        self.network = aq.trace(model.eval(), torch.zeros(chosen.example_shape))
        ranges = aq.profile(self.network, data.calibration(Generator().manual_seed(0)))
        self.space = aq.Space.of(self.network, aq.dynamic_fixed(ranges, 8))

    def sweep(self) -> list[aq.Design]:
        """Every choice of every knob alone, as a sensitivity search begins."""
        wide = self.space.widest
        points = [(*wide[:at], place, *wide[at + 1 :]) for at, last in enumerate(wide) for place in range(last + 1)]
        return [self.space.design(point) for point in dict.fromkeys(points)]


class Clock:
    """Seconds on the clock and of the processor, of all calls of a function."""

    def __init__(self, act: Callable[[aq.Design], dict[str, float]]) -> None:
        self.act, self.elapsed, self.processor = act, 0.0, 0.0

    def __call__(self, design: aq.Design) -> dict[str, float]:
        begun, worked = perf_counter(), thread_time()
        found = self.act(design)
        self.elapsed += perf_counter() - begun
        self.processor += thread_time() - worked
        return found


def throughput(lenet: Lenet) -> None:
    """Full evaluations a minute within an evolutionary search, and what of its time is not theirs."""

    def trial(design: aq.Design) -> dict[str, float]:
        accuracy = aq.evaluate(aq.emulate(lenet.network, design), lenet.images)
        return {"accuracy": accuracy, "stored_bits": stored_bits(lenet.network, design)}

    timed = Clock(trial)
    strategy = aq.evolutionary(lenet.space, trials=TRIALS, generator=Generator().manual_seed(0))
    begun, worked = perf_counter(), thread_time()
    result = aq.search(strategy, timed)
    elapsed, processor = perf_counter() - begun, thread_time() - worked
    told(
        f"evolutionary search over LeNet, {IMAGES} images a design",
        evaluations=result.evaluations,
        evaluations_a_minute=60 * result.evaluations / elapsed,
        evaluations_a_minute_of_processor=60 * result.evaluations / processor,
        overhead_share=1 - timed.processor / processor,
    )


def reuse(lenet: Lenet) -> None:
    """Layers executed in a sweep with and without shared prefixes, and whether all logits are the same."""
    designs = lenet.sweep()
    memory = Reuse(lenet.network)
    begun = thread_time()
    plain = logits(lenet, designs, lambda design: aq.emulate(lenet.network, design))
    between = thread_time()
    shared = logits(lenet, designs, memory.emulate)
    done = thread_time()
    told(
        f"prefixes shared in a sensitivity sweep over LeNet, {IMAGES} images",
        designs=len(designs),
        layers=memory.executed + memory.reused,
        executed=memory.executed,
        times_fewer=(memory.executed + memory.reused) / memory.executed,
        identical=all(torch.equal(a, b) for a, b in zip(plain, shared, strict=True)),
        processor_seconds_without=between - begun,
        processor_seconds_with=done - between,
    )


def logits(
    lenet: Lenet, designs: Sequence[aq.Design], emulate: Callable[[aq.Design], torch.nn.Module]
) -> list[torch.Tensor]:
    """What every design answers to all images."""
    with torch.no_grad():
        return [torch.cat([module(x) for x, _ in lenet.images]) for module in map(emulate, designs)]


def told(figure: str, **values: float) -> None:
    """One line."""
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
    print(json.dumps({"figure": figure, **rounded}), flush=True)


def main() -> None:
    """Prints both lines."""
    torch.set_num_threads(1)
    lenet = Lenet(Path(os.environ["ADEQUATE_DATA"]))
    throughput(lenet)
    reuse(lenet)


if __name__ == "__main__":
    main()
