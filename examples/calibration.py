"""What calibration, granularity and light repairs are worth at few bits, each alone, on one trained network.

The calibration of the repairs is chosen on validation images; every design is then scored on test images once.
Without arguments it takes the small network that trains itself in seconds; docs/how-to/calibration.md has others.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Generator

import adequate as aq
from adequate.calibration import Calibration
from adequate.network import equalize

CALIBRATIONS: dict[str, Calibration | None] = {
    "Ristretto's rule": None,
    "min_max": aq.min_max,
    "percentile(0.999)": aq.percentile(0.999),
    "least_squared_error": aq.least_squared_error,
    "entropy": aq.entropy,
}
ROUNDING_IMAGES = 256


def seeded(seed: int = 0) -> Generator:
    """All randomness has a seed of its own."""
    return Generator().manual_seed(seed)


def main() -> None:
    """Prints a table: validation and test accuracy of every design and repair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="digits-cnn")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--bits", type=int, default=3)
    parser.add_argument("--images", type=int, default=1000, help="of each split that are scored")
    parser.add_argument("--training-images", type=int, default=3200)
    given = parser.parse_args()
    bits = given.bits

    chosen = aq.entry(given.model)
    model = chosen.build() if chosen.pretrained is None else chosen.pretrained(seeded(), None)
    if given.weights is not None:
        chosen.load(model, given.weights)
    data = chosen.prepare(aq.load(chosen.dataset, given.data_dir))
    train, held = data.selection()
    validation, test = (split.sample(min(given.images, len(split)), seeded(1)) for split in (held, data.test))
    calibration = data.calibration(seeded())
    few = calibration.sample(min(ROUNDING_IMAGES, len(calibration)), seeded(2))
    lessons = train.sample(min(given.training_images, len(train)), seeded(3))
    network = aq.fold_batchnorm(aq.trace(model, torch.zeros(chosen.example_shape)))
    ranges = aq.profile(network, calibration)

    def show(label: str, network: aq.Network, design: aq.Design) -> float:
        scores = [aq.evaluate(aq.emulate(network, design), split) for split in (validation, test)]
        print(f"{label:44}  {scores[0]:10.4f}  {scores[1]:6.4f}", flush=True)
        return scores[0]

    print(f"{given.model}, {bits} bits; {len(validation)} validation and {len(test)} test images")
    print(f"{'':44}  validation    test")
    show("float", network, aq.Design())
    rules: dict[str, Callable[[aq.Ranges, Calibration | None], aq.Design]] = {
        "dynamic fixed, tensor": lambda seen, one: aq.dynamic_fixed(seen, bits, calibration=one),
        "dynamic fixed, channel": lambda seen, one: aq.dynamic_fixed(
            seen, bits, calibration=one, granularity="channel"
        ),
        "affine, tensor": lambda seen, one: aq.affine(seen, bits, calibration=one or aq.min_max),
        "affine, channel": lambda seen, one: aq.affine(
            seen, bits, calibration=one or aq.min_max, granularity="channel"
        ),
    }
    best: dict[str, Calibration | None] = {}
    for rule, make in rules.items():
        found: dict[float, Calibration | None] = {}
        for name, one in CALIBRATIONS.items():
            if one is not None or rule.startswith("dynamic"):
                found.setdefault(show(f"{rule}: {name}", network, make(ranges, one)), one)
        best[rule] = found[max(found)]
    for rule in ("dynamic fixed, tensor", "affine, tensor"):
        make, one = rules[rule], best[rule]
        design = make(ranges, one)
        print(f"{rule}, the calibration that is best on validation images:")
        show("  nothing else", network, design)
        equal = equalize(network)
        show("  equalize", equal, make(aq.profile(equal, calibration), one))
        show("  correct_bias", aq.correct_bias(network, design, few), design)
        show("  adaround", aq.adaround(network, design, few, steps=300, generator=seeded()), design)
        show("  finetune, one epoch", aq.finetune(network, design, lessons, epochs=1, generator=seeded()), design)
        show("  learn_steps, one epoch", *aq.learn_steps(network, design, lessons, epochs=1, generator=seeded()))


if __name__ == "__main__":
    main()
