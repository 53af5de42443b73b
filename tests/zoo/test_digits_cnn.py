"""The network that needs no file: good enough, and the same for the same seed."""

import pytest
import torch
from torch import Generator

from adequate.data.digits import load_digits
from adequate.zoo import entry
from adequate.zoo.digits_cnn import EPOCHS, train_digits


def test_trained_to_97_percent() -> None:
    calls: list[tuple[int, int]] = []
    model = train_digits(Generator().manual_seed(0), lambda done, total: calls.append((done, total)))
    assert calls == [(epoch, EPOCHS) for epoch in range(1, EPOCHS + 1)]
    assert not model.training
    test = entry("digits-cnn").prepare(load_digits()).test
    with torch.inference_mode():
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in test)
    assert right / len(test) >= 0.97


def test_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first two epochs, which draw all that the others draw."""
    monkeypatch.setattr("adequate.zoo.digits_cnn.EPOCHS", 2)
    with torch.random.fork_rng():
        model = train_digits(Generator().manual_seed(0))
        torch.manual_seed(99)
        again, other = (train_digits(Generator().manual_seed(seed)) for seed in (0, 1))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def test_only_this_network_needs_no_file() -> None:
    assert entry("digits-cnn").pretrained is train_digits
    assert entry("lenet").pretrained is None
