"""Tables as sums of products: factors equal the table entry by entry, their sums equal the looked-up ones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from adequate import native
from adequate.kernels import lookup, low_rank
from adequate.kernels.columns import Window
from adequate.kernels.lookup import lookup_convolution, lookup_matrices
from adequate.kernels.low_rank import Factors, factors_of
from adequate.operators import (
    BaughWooley,
    BrokenArray,
    Exact,
    Kulkarni,
    Mitchell,
    Multiplier,
    TruncatedArray,
)
from tests.operators.ranks import rank

FACTORED: tuple[Multiplier, ...] = (
    Exact(8, 8),
    BrokenArray(8, 8, horizontal=2, vertical=4),
    TruncatedArray(8, 8, columns=6),
    BaughWooley(8, 8, columns=4),
    Kulkarni(8, 8),
)


def patterns(size: int, *shape: int, seed: int) -> Tensor:
    return torch.randint(size, shape, generator=Generator().manual_seed(seed), dtype=torch.uint8)


@pytest.mark.parametrize("multiplier", FACTORED, ids=str)
def test_factors_are_the_table(multiplier: Multiplier) -> None:
    table = multiplier.table().long()
    factors = factors_of(table)
    assert factors is not None
    assert torch.equal(factors.u @ factors.v.mT, table)
    assert factors.u.shape[1] <= low_rank.RANK


def test_no_more_factors_than_the_rank_of_the_error_and_one(data_root: Path) -> None:
    for name, most in (("mul8u_1JFF", 1), ("mul8u_Y48", 2), ("mul8u_JQQ", 4), ("mul8u_125K", 5), ("mul8u_17C8", 5)):
        table = torch.from_numpy(np.fromfile(data_root / "multipliers" / f"{name}.bin", "<u2").astype(int))
        factors = factors_of(table.reshape(256, 256))
        assert factors is not None
        assert rank(table.reshape(256, 256)) <= factors.u.shape[1] <= most


@pytest.mark.parametrize("multiplier", [Mitchell(8, 8)], ids=str)
def test_a_table_of_full_rank_has_none(multiplier: Multiplier) -> None:
    assert rank(multiplier.table()) > low_rank.RANK
    assert factors_of(multiplier.table()) is None


def test_one_changed_entry_is_another_table() -> None:
    table = Exact(8, 8).table().clone()
    factors_of(table)
    table[200, 100] += 1
    factors = factors_of(table)
    assert factors is not None
    assert torch.equal(factors.u @ factors.v.mT, table.long())


@pytest.mark.parametrize("multiplier", FACTORED, ids=str)
def test_sums_are_the_looked_up_ones(multiplier: Multiplier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "kernels", None)
    table = multiplier.table()
    x, w = patterns(256, 2, 30, 20, seed=1), patterns(256, 2, 20, 9, seed=2)
    image, kernels = patterns(256, 2, 4, 9, 8, seed=3), patterns(256, 6, 2, 3, 2, seed=4)
    window = Window((1, 2), ((1, 1), (0, 1)), (2, 1), 2)
    expected = lookup_matrices(x, w, table), lookup_convolution(image, kernels, table, window, 255)
    monkeypatch.setattr(lookup, "MANY", 0)
    monkeypatch.setattr(lookup, "_matrices", None)  # the factors it must be
    assert torch.equal(lookup_matrices(x, w, table), expected[0])
    assert torch.equal(lookup_convolution(image, kernels, table, window, 255), expected[1])


def test_float32_float64_or_neither_as_the_bound_says() -> None:
    """The sum of magnitudes is reached by equal operands: at the bound exact, one step beyond another type."""
    factors = Factors(torch.tensor([[0], [2**12]]), torch.tensor([[0], [1]]))
    for terms, dtype in ((2**12, torch.float32), (2**12 + 1, torch.float64)):
        ones = torch.ones(1, terms, dtype=torch.uint8)
        assert factors.dtype(ones) is dtype
        sums = factors.matrices(ones, ones.mT)
        assert sums is not None
        assert sums.item() == terms * 2**12
    wide = Factors(torch.tensor([[2**30]]), torch.tensor([[2**20]]))
    assert wide.dtype(torch.zeros(1, 8, dtype=torch.uint8)) is torch.float64
    assert wide.dtype(torch.zeros(1, 9, dtype=torch.uint8)) is None
    assert wide.matrices(torch.zeros(1, 9, dtype=torch.uint8), torch.zeros(9, 1, dtype=torch.uint8)) is None
