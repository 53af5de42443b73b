"""How often a race decides as all images do, and on how many: LeNet on MNIST, random designs, a margin of one point."""

import json

import torch
from lenet import random_designs, trained_lenet
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
    network, data = trained_lenet()
    reference = outcomes(aq.emulate(network, aq.Design()), data.test)
    generator = Generator().manual_seed(0)
    agreed = images = raced = kept = 0
    for design in random_designs(network, data, DESIGNS):
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
