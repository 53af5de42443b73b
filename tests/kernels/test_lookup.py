"""Looked-up sums against their definition over Python integers."""

import torch
from torch import Generator

from adequate.kernels import reference
from adequate.kernels.columns import Window
from adequate.kernels.lookup import lookup_convolution, lookup_matrices


def test_every_sum_is_the_sum_of_its_entries() -> None:
    generator = Generator().manual_seed(1)
    table = torch.randint(-(2**15), 2**16, (256, 64), generator=generator, dtype=torch.int32)
    x = torch.randint(256, (2, 3, 5), generator=generator, dtype=torch.uint8)
    w = torch.randint(64, (2, 5, 4), generator=generator, dtype=torch.uint8)
    sums = lookup_matrices(x, w, table)
    for b, m, n in torch.cartesian_prod(torch.arange(2), torch.arange(3), torch.arange(4)).tolist():
        assert sums[b, m, n] == reference.lookup_sum(x[b, m].tolist(), w[b, :, n].tolist(), table.tolist())


def test_padding_is_multiplied() -> None:
    table = torch.full((4, 4), 7, dtype=torch.int32)
    x, w = torch.zeros(1, 1, 2, 2, dtype=torch.uint8), torch.zeros(1, 1, 3, 3, dtype=torch.uint8)
    sums = lookup_convolution(x, w, table, Window((1, 1), ((1, 1), (1, 1)), (1, 1)), zero=3)
    assert torch.equal(sums, torch.full((1, 1, 2, 2), 63))
