"""Codes without zeros: as long as a coder that writes them one by one, and they can be read back."""

import pytest
import torch
from torch import Tensor

from adequate.accelerators.compression import Compression, RunLength, Uncompressed, ZeroBitmap


def pairs_of(values: list[int], longest: int) -> list[tuple[int, int]]:
    """A run-length coder, value by value."""
    found: list[tuple[int, int]] = []
    zeros = 0
    for value in values:
        if value == 0 and zeros < longest:
            zeros += 1
        else:
            found.append((zeros, value))
            zeros = 0
    return [*found, (zeros - 1, 0)] if zeros else found


def values_of(pairs: list[tuple[int, int]]) -> list[int]:
    return [value for zeros, level in pairs for value in [0] * zeros + [level]]


def cases() -> list[Tensor]:
    generator = torch.Generator().manual_seed(7)
    sparse = [
        torch.randint(-8, 8, (size,), generator=generator) * (torch.rand(size, generator=generator) < density)
        for size in (1, 2, 31, 32, 33, 64, 65, 97, 500)
        for density in (0, 0.02, 0.1, 0.5, 1)
    ]
    ends = [torch.tensor([0] * before + [5] + [0] * after) for before in range(30, 67) for after in (0, 31, 32, 33, 64)]
    return sparse + ends


@pytest.mark.parametrize("run_bits", [1, 3, 5])
@pytest.mark.parametrize("bits", [8, 16])
def test_run_lengths_are_those_of_a_coder(run_bits: int, bits: int) -> None:
    for values in cases():
        pairs = pairs_of(values.tolist(), (1 << run_bits) - 1)
        assert values_of(pairs) == values.tolist()
        assert all(zeros < 1 << run_bits for zeros, _ in pairs)
        words = (len(pairs) + 2) // 3
        assert RunLength(run_bits).stored_bits(values, bits) == words * (3 * (run_bits + bits) + 1)


def test_three_levels_of_sixteen_bits_take_one_word_of_64() -> None:
    assert RunLength().stored_bits(torch.tensor([3, 0, 0, 1, 2]), 16) == 64
    assert RunLength().stored_bits(torch.tensor([3, 0, 0, 1, 2, 4]), 16) == 128


def test_a_bitmap_and_no_code_count_by_hand() -> None:
    values = torch.tensor([[0, 7, 0], [0, 0, -1]])
    assert ZeroBitmap().stored_bits(values, 8) == 6 + 2 * 8
    assert Uncompressed().stored_bits(values, 8) == 48


@pytest.mark.parametrize("code", [Uncompressed(), ZeroBitmap(), RunLength()])
def test_nothing_takes_nothing(code: Compression) -> None:
    assert code.stored_bits(torch.zeros(0, dtype=torch.int32), 8) == 0
