"""Triton's looked-up sums against the processor's, bit for bit: by its interpreter, or on a GPU where there is one."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from adequate.kernels import reference, triton
from adequate.kernels.columns import Window
from adequate.kernels.lookup import lookup_convolution, lookup_matrices

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not triton.INSTALLED, reason="Triton is not installed")]

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

TABLES = {  # rows, columns, lowest and highest entry
    "16 bits": (256, 256, -(2**15), 2**15),
    "16 bits, unsigned": (256, 256, 0, 2**16),
    "32 bits": (256, 256, -(2**31), 2**31),
    "one beyond 16 bits": (256, 256, -1, 2**16),
    "few rows": (5, 256, -100, 100),
    "few columns": (256, 3, -100, 100),
    "one": (1, 1, -7, -6),
    "4096 rows": (4096, 16, 0, 2**16),
}

MATRICES = {  # batch, M, K, N
    "vector": ((), 1, 1, 1),
    "odd": ((), 37, 5, 3),
    "one column": ((), 1030, 3, 1),
    "more columns than a tile": ((), 3, 4, 70),
    "batch": ((3,), 9, 6, 5),
    "two batches": ((2, 3), 4, 2, 2),
    "no term": ((2,), 3, 0, 4),
    "no row": ((2,), 0, 3, 4),
    "no column": ((), 2, 3, 0),
    "no batch": ((0,), 2, 3, 4),
}

CONVOLUTIONS = {  # input, weight, window
    "1d": ((2, 3, 11), (4, 3, 3), Window((1,), ((1, 1),), (1,))),
    "2d": ((2, 3, 6, 5), (4, 3, 3, 3), Window((1, 1), ((1, 1), (1, 1)), (1, 1))),
    "3d": ((1, 2, 4, 3, 5), (3, 2, 2, 1, 3), Window((1, 2, 1), ((1, 0), (0, 0), (1, 1)), (1, 1, 1))),
    "strided": ((2, 2, 9, 8), (3, 2, 3, 2), Window((2, 3), ((0, 0), (1, 0)), (1, 1))),
    "dilated, uneven padding": ((1, 2, 9, 9), (2, 2, 3, 3), Window((1, 1), ((3, 1), (0, 2)), (2, 3))),
    "grouped": ((2, 6, 4, 4), (4, 3, 3, 3), Window((1, 1), ((1, 1), (1, 1)), (1, 1), groups=2)),
    "depthwise": ((2, 4, 5, 5), (4, 1, 3, 3), Window((1, 1), ((1, 1), (1, 1)), (1, 1), groups=4)),
    "1 x 1": ((3, 5, 4, 4), (40, 5, 1, 1), Window((1, 1), ((0, 0), (0, 0)), (1, 1))),
    "no output": ((2, 3, 4, 4), (0, 3, 3, 3), Window((1, 1), ((1, 1), (1, 1)), (1, 1))),
    "no channel": ((2, 0, 4, 4), (3, 0, 3, 3), Window((1, 1), ((1, 1), (1, 1)), (1, 1))),
    "empty batch": ((0, 3, 4, 4), (2, 3, 3, 3), Window((1, 1), ((1, 1), (1, 1)), (1, 1))),
}


WINDOW = Window((1, 1), ((0, 0), (0, 0)), (1, 1))


def by_triton(function: Callable[..., Tensor], *operands: Any) -> Tensor:
    """``function`` on a GPU, or as if the processor were one: the interpreter's sums."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(triton, "takes", lambda x: True)
        there = [one.to(DEVICE) if isinstance(one, Tensor) else one for one in operands]
        return function(*there).cpu()


def table_of(name: str, generator: Generator) -> Tensor:
    rows, columns, low, high = TABLES[name]
    table = torch.randint(low, high, (rows, columns), generator=generator, dtype=torch.int32)
    table.view(-1)[:: max(1, table.numel() - 1)] = torch.tensor([low, high - 1][: table.numel()], dtype=torch.int32)
    return table


def patterns(shape: tuple[int, ...], size: int, generator: Generator) -> Tensor:
    return torch.randint(size, shape, generator=generator, dtype=torch.uint8 if size <= 256 else torch.int32)


@pytest.mark.parametrize("shape", MATRICES)
@pytest.mark.parametrize("table", TABLES)
def test_matrices(table: str, shape: str) -> None:
    generator = Generator().manual_seed(1)
    products = table_of(table, generator)
    batch, m, k, n = MATRICES[shape]
    x = patterns((*batch, m, k), products.shape[0], generator)
    w = patterns((*batch, k, n), products.shape[1], generator)
    sums = by_triton(lookup_matrices, x, w, products)
    assert sums.dtype in (torch.int32, torch.int64)
    assert torch.equal(sums.long(), lookup_matrices(x, w, products).long())


@pytest.mark.parametrize("shape", CONVOLUTIONS)
@pytest.mark.parametrize("table", ["16 bits", "32 bits", "few rows"])
def test_convolutions(table: str, shape: str) -> None:
    generator = Generator().manual_seed(2)
    products = table_of(table, generator)
    sizes, kernel, window = CONVOLUTIONS[shape]
    x, w = patterns(sizes, products.shape[0], generator), patterns(kernel, products.shape[1], generator)
    zero = products.shape[0] - 1
    sums = by_triton(lookup_convolution, x, w, products, window, zero)
    assert torch.equal(sums.long(), lookup_convolution(x, w, products, window, zero).long())


def test_definition() -> None:
    generator = Generator().manual_seed(3)
    products = table_of("16 bits, unsigned", generator)
    x, w = patterns((3, 7), 256, generator), patterns((7, 2), 256, generator)
    sums = by_triton(lookup_matrices, x, w, products)
    for m, n in torch.cartesian_prod(torch.arange(3), torch.arange(2)).tolist():
        assert sums[m, n] == reference.lookup_sum(x[m].tolist(), w[:, n].tolist(), products.tolist())


def test_views() -> None:
    """Transposed, sliced and misaligned operands, as they come."""
    generator = Generator().manual_seed(4)
    products = table_of("16 bits", generator).to(DEVICE)
    x, w = patterns((7, 9, 2), 256, generator).to(DEVICE), patterns((6, 15), 256, generator).to(DEVICE)
    x, w, transposed = x[1:, :, 1].mT, w[:, 3::2], products.mT
    sums = by_triton(lookup_matrices, x, w, transposed)
    assert torch.equal(sums.long(), lookup_matrices(x.cpu(), w.cpu(), transposed.cpu()).long())
    repeated = by_triton(lookup_matrices, x[None].repeat(3, 1, 1), w.expand(3, -1, -1), transposed)
    assert torch.equal(repeated, sums.expand(3, -1, -1))


@pytest.mark.parametrize(("entry", "kind"), [(715827882, torch.int32), (-715827882, torch.int32),
                                             (715827883, torch.int64), (-715827883, torch.int64)])  # fmt: skip
def test_the_sums_are_as_wide_as_the_entries_demand(entry: int, kind: torch.dtype) -> None:
    products = torch.tensor([[entry]], dtype=torch.int32, device=DEVICE)
    x, w = (torch.zeros(shape, dtype=torch.uint8, device=DEVICE) for shape in ((1, 3), (3, 1)))
    sums = by_triton(lookup_matrices, x, w, products)
    assert (sums.dtype, sums.item()) == (kind, 3 * entry)


def test_patterns_outside_the_table() -> None:
    """They raise before a kernel would read past its end."""
    products = torch.zeros(5, 3, dtype=torch.int32)
    zeros = torch.zeros(2, 2, dtype=torch.int32)
    with pytest.raises(ValueError, match="x holds the pattern 5; the table has 5 rows"):
        by_triton(lookup_matrices, zeros + 5, zeros, products)
    with pytest.raises(ValueError, match="w holds the pattern -1; the table has 3 columns"):
        by_triton(lookup_convolution, zeros[None, None], zeros[None, None] - 1, products, WINDOW, 0)


def test_the_processor_keeps_its_own() -> None:
    assert not triton.takes(torch.zeros(1))
