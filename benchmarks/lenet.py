"""The trained LeNet, its images, and random designs of it: what several benchmarks score."""

import os
import random
from pathlib import Path

import torch
from torch import Generator

import adequate as aq


def trained_lenet() -> tuple[aq.Network, aq.Dataset]:
    """The network with Caffe's trained weights, and MNIST as it takes it."""
    data_dir = Path(os.environ["ADEQUATE_DATA"])
    chosen = aq.entry("lenet")
    model = chosen.build()
    chosen.load(model, data_dir / "models" / "caffe_small" / "lenet_iter_10000.caffemodel")
    return aq.trace(model.eval(), torch.zeros(chosen.example_shape)), chosen.prepare(aq.load("mnist", data_dir))


def random_designs(network: aq.Network, data: aq.Dataset, count: int) -> list[aq.Design]:
    """Designs of 2 to 8 bits in each layer, slot by slot."""
    ranges = aq.profile(network, data.calibration(Generator().manual_seed(0)))
    uniform = {bits: aq.dynamic_fixed(ranges, bits) for bits in range(2, 9)}
    draw, designs = random.Random(0), list[aq.Design]()
    for _ in range(count):
        design = aq.Design()
        for name in uniform[8]:
            slots = {slot: getattr(uniform[draw.randint(2, 8)][name], slot) for slot in ("input", "weight", "output")}
            design = design.with_layers(name, **slots)
        designs.append(design)
    return designs
