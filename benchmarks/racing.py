"""How often a race decides as all images do, and on how many: LeNet on MNIST, random designs, a margin of one point."""

import json
import os
import random
from pathlib import Path

import torch
from torch import Generator, Tensor

import adequate as aq
from adequate.metrics import top1
from adequate.racing import simulated

DESIGNS, ORDERS, MARGIN, ERROR = 200, 20, 1.0, 0.05


def outcomes(module: torch.nn.Module, images: aq.Split) -> Tensor:
    """1 for every image that is classified rightly, else 0."""
    with torch.no_grad():
        return torch.cat([top1(module(x), y) for x, y in images])


def main() -> None:
    """Scores every design on all test images, which choose nothing here, then races them in random orders."""
    data_dir = Path(os.environ["ADEQUATE_DATA"])
    chosen = aq.entry("lenet")
    model = chosen.build()
    chosen.load(model, data_dir / "models" / "caffe_small" / "lenet_iter_10000.caffemodel")
    data = chosen.prepare(aq.load("mnist", data_dir))
    network = aq.trace(model.eval(), torch.zeros(chosen.example_shape))
    ranges = aq.profile(network, data.calibration(Generator().manual_seed(0)))
    uniform = {bits: aq.dynamic_fixed(ranges, bits) for bits in range(2, 9)}
    reference = outcomes(aq.emulate(network, aq.Design()), data.test)
    draw, generator = random.Random(0), Generator().manual_seed(0)
    agreed = images = raced = kept = 0
    for _ in range(DESIGNS):
        design = aq.Design()
        for name in uniform[8]:
            slots = {slot: getattr(uniform[draw.randint(2, 8)][name], slot) for slot in ("input", "weight", "output")}
            design = design.with_layers(name, **slots)
        losses = reference - outcomes(aq.emulate(network, design), data.test)
        within = bool(losses.sum() <= len(losses) * (MARGIN / 100 + 1e-9))
        kept += within
        for _ in range(ORDERS):
            race = simulated(losses[torch.randperm(len(losses), generator=generator)], margin=MARGIN, error=ERROR)
            agreed += race.within == within
            images += race.images
            raced += 1
    print(
        json.dumps(
            {
                "figure": "races of LeNet designs against full precision, 1 point, error 5 %",
                "designs": DESIGNS,
                "within_margin": kept,
                "same_decision": round(agreed / raced, 4),
                "share_of_images": round(images / raced / len(reference), 4),
            }
        )
    )


if __name__ == "__main__":
    main()
