"""LeNet on MNIST with published weights: a multiplier that costs many points costs few after one epoch."""

from pathlib import Path

import pytest
from torch import Generator

from adequate import approximate, dynamic_fixed, emulate, evaluate, profile, trace
from adequate.data import Split, load
from adequate.design import Design
from adequate.finetuning import Recipe, finetune
from adequate.network import Network
from adequate.operators import BrokenArray
from adequate.zoo import entry


@pytest.mark.slow
def test_one_epoch_brings_the_accuracy_back(data_root: Path) -> None:
    """A broken array without its nine lowest columns. The epoch is chosen on held-out training images."""
    member = entry("lenet")
    model = member.build().eval()
    member.load(model, data_root / "models/caffe_small/lenet_iter_10000.caffemodel")
    data = member.prepare(load("mnist", data_root))
    train, _ = data.selection()
    calibration = data.calibration(Generator().manual_seed(0))
    network = trace(model, next(iter(train))[0][:2])
    ranges = profile(network, calibration)
    exact = dynamic_fixed(ranges, bits=8)
    design = approximate(exact, BrokenArray(8, 8, 3, 9), ranges)

    def points(network: Network, design: Design, images: Split = data.test) -> float:
        return 100 * float(evaluate(emulate(network, design), images))

    full = points(network, Design())
    assert full == pytest.approx(99.05)
    assert points(network, design) < full - 5
    tuned = finetune(network, design, train, epochs=1, generator=Generator().manual_seed(0), recipe=Recipe())
    assert points(tuned, design) > full - 0.5
