"""Random numbers by counter: the tensors' are the definition's, they are uniform, and keys are independent."""

import math

import pytest
import torch
from torch import Generator

from adequate.formats import E4M3, Fixed, PowerOfTwo
from adequate.formats.draws import RESOLUTION, draw_key, draws
from adequate.formats.reference import draw_word
from tests.contracts.format_contract import seeded

N = 2**20
SIGMAS = 5.0  # a sound source is beyond them once in 1.7 million tests


@pytest.mark.parametrize("key", [0, 1, 2**32, 2**64 - 1, 0x123456789ABCDEF])
def test_draws_are_those_of_the_definition(key: int) -> None:
    got = draws(key, torch.empty(3, 700))
    assert got.reshape(-1).tolist() == [float(draw_word(key, index)) for index in range(2100)]


def test_indices_beyond_a_word_are_drawn_anew() -> None:
    n = 2**14
    for block in (1, 2, 3):
        pairs = [(int(draw_word(7, i) * 2**24), int(draw_word(7, 2**32 * block + i) * 2**24)) for i in range(n)]
        for bit in range(24):
            ones = sum((one ^ other) >> bit & 1 for one, other in pairs)
            assert abs(ones / n - 0.5) < SIGMAS / (2 * math.sqrt(n))


def test_a_key_is_one_draw_of_the_generator() -> None:
    generator, other = seeded(4), seeded(4)
    keys = [draw_key(generator) for _ in range(3)]
    words = torch.randint(2**32, (3, 2), generator=other).tolist()
    assert keys == [low + 2**32 * high for low, high in words]
    assert all(key < 2**64 for key in keys)


def test_every_bit_is_even_and_neighbours_are_uncorrelated() -> None:
    """Of N independent fair bits the share of ones deviates by 1 / (2 sqrt N); so does that of equal bits of a pair."""
    bound = SIGMAS / (2 * math.sqrt(N))
    x = torch.empty(N)
    first, second = ((draws(key, x) / RESOLUTION).long() for key in (draw_key(seeded(1)), draw_key(seeded(2))))
    for other in (first.roll(1), first.roll(2), first.roll(4096), second):
        for bit in range(24):
            assert abs(((first >> bit) & 1).double().mean().item() - 0.5) < bound
            assert abs((((first ^ other) >> bit) & 1).double().mean().item() - 0.5) < bound


@pytest.mark.parametrize("format", [Fixed(8, 4), E4M3, PowerOfTwo(4)], ids=str)
def test_the_mean_is_the_input(format: Fixed) -> None:
    """Of N draws between values a step apart the mean deviates by step * sqrt(p (1 - p) / N), p being resolved."""
    for value in (0.3, -0.47, 0.0137, 0.4999):
        q = format.quantize(torch.full((N,), value), generator=Generator().manual_seed(1)).double()
        low, high = q.min().item(), q.max().item()
        assert low < value < high
        p = (value - low) / (high - low)
        bound = (high - low) * (SIGMAS * math.sqrt(p * (1 - p) / N) + RESOLUTION)
        assert abs(q.mean().item() - value) < bound
