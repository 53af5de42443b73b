"""The network that needs no file: good enough, and the same for the same seed."""

import torch
from torch import Generator

from adequate.data.digits import load_digits
from adequate.zoo import entry
from adequate.zoo.digits_cnn import EPOCHS, train_digits


def test_trained_to_97_percent_the_same_each_time() -> None:
    calls: list[tuple[int, int]] = []
    state = torch.get_rng_state()
    model = train_digits(Generator().manual_seed(0), lambda done, total: calls.append((done, total)))
    assert calls == [(epoch, EPOCHS) for epoch in range(1, EPOCHS + 1)]
    assert not model.training
    test = entry("digits-cnn").prepare(load_digits()).test
    with torch.inference_mode():
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in test)
    assert right / len(test) >= 0.97

    torch.manual_seed(99)
    again = train_digits(Generator().manual_seed(0))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    other = train_digits(Generator().manual_seed(1))
    assert not all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
    torch.set_rng_state(state)


def test_only_this_network_needs_no_file() -> None:
    assert entry("digits-cnn").pretrained is train_digits
    assert entry("lenet").pretrained is None
