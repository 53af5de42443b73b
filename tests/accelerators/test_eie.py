"""EIE against a simulation cycle by cycle, and its laws."""

from dataclasses import replace
from math import prod

import pytest
import torch

from adequate.accelerators.eie import EIE
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.steps import filters_of, windows_of
from adequate.accelerators.work import Work
from tests.accelerators.cases import VALUES, filled, layer, layers
from tests.accelerators.reference_eie import cycles


def mapped(work: Work) -> bool:
    return work.loops.windows == 1 or work.loops.taps == 1


def expected(work: Work, machine: EIE) -> int:
    operands, loops = work.values("the reference"), work.loops
    matrices = filters_of(operands.weight, loops).flatten(3).tolist()
    vectors = windows_of(operands.activation, loops).flatten(3).tolist()
    return sum(
        cycles(
            matrices[run % len(matrices)][group],
            vector,
            elements=machine.elements,
            depth=machine.depth,
            index_bits=machine.index_bits,
        )
        for run in range(work.runs)
        for group in range(loops.groups)
        for vector in vectors[run][group]
    )


MACHINES = (EIE(elements=3, depth=2, index_bits=1), EIE(elements=2, depth=1, index_bits=0), EIE(elements=5, depth=4))


def test_it_is_the_reference_layer_by_layer() -> None:
    works = [work for work in layers(300, seed=13) if mapped(work)]
    for at, work in enumerate(works):
        machine = MACHINES[at % len(MACHINES)]
        assert machine.simulate(work).cycles == expected(work, machine), work.name


def test_it_is_the_reference_on_sparse_matrices() -> None:
    """Larger ones, so that queues fill up and empty, and runs of zeros outlast an index."""
    generator = torch.Generator().manual_seed(14)
    for at in range(120):
        rows, columns = (int(torch.randint(1, most, (1,), generator=generator)) for most in (80, 40))
        density = (0.05, 0.3, 0.9)[at % 3]
        weight = torch.rand(1, rows, columns, 1, 1, generator=generator).lt(density)
        vector = filled((1, columns, 1, 1), VALUES[at % len(VALUES)], 8, True, generator)
        work = layer(LoopNest(1, columns, rows, (1, 1)), vector, weight)
        machine = MACHINES[at // 3 % len(MACHINES)]
        assert machine.simulate(work).cycles == expected(work, machine)


def test_operations_are_products_of_nonzero_operands() -> None:
    for work in filter(mapped, layers(60, seed=15)):
        operands, loops = work.values("the test"), work.loops
        matrices = filters_of(operands.weight, loops).flatten(3).ne(0).double()
        vectors = windows_of(operands.activation, loops).flatten(3).ne(0).double()
        assert EIE().simulate(work).operations == (matrices.sum(2) * vectors.sum(2)).sum()


def test_by_hand() -> None:
    """Two elements, rows 0 2 and 1 3; columns of 2 and 1 entries, of 0 and 1, of 1 and 0, the second times zero."""
    matrix = torch.tensor([[1, 0, 0], [1, 0, 0], [1, 0, 1], [0, 1, 0]]).reshape(1, 4, 3, 1, 1)
    work = layer(LoopNest(1, 3, 4, (1, 1)), torch.tensor([7, 0, 7]).reshape(1, 3, 1, 1), matrix)
    assert EIE(elements=2).simulate(work).cycles == 3  # 2 + 1 entries of the first element
    assert EIE(elements=2, depth=1).simulate(work).cycles == 3
    assert EIE(elements=1).simulate(work).cycles == 4
    assert EIE(elements=4).simulate(work).cycles == 2  # a broadcast each


def test_a_dense_matrix_takes_its_rows_by_its_columns() -> None:
    loops = LoopNest(1, 50, 128, (1, 1))
    work = layer(loops, torch.ones(1, 50, 1, 1), torch.ones(1, 128, 50, 1, 1))
    cost = EIE().simulate(work)
    assert (cost.cycles, cost.utilisation) == (2 * 50, 1)
    assert cost.energy_pj == pytest.approx(64 * 9.157e-3 * 100 / 800e6 * 1e12, rel=1e-12)


def test_a_run_of_zeros_longer_than_an_index_takes_an_entry() -> None:
    for zeros, entries in ((15, 2), (16, 3), (31, 3), (32, 4)):
        column = torch.tensor([1, *[0] * zeros, 1, *[0] * 40])
        work = layer(LoopNest(1, 1, len(column), (1, 1)), torch.ones(1, 1, 1, 1), column.reshape(1, -1, 1, 1, 1))
        assert EIE(elements=1).simulate(work).cycles == entries


def test_deeper_queues_are_never_slower() -> None:
    generator = torch.Generator().manual_seed(16)
    weight = torch.rand(1, 90, 70, 1, 1, generator=generator) < 0.1
    work = layer(LoopNest(1, 70, 90, (1, 1)), torch.ones(1, 70, 1, 1), weight)
    found = [EIE(depth=depth).simulate(work).cycles for depth in (1, 2, 4, 8, 70)]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1]


def test_what_it_cannot_run_is_refused() -> None:
    convolution = layers(1, seed=0)[0]
    kernel = convolution.loops.kernel
    assert prod(kernel) > 1
    with pytest.raises(ValueError, match=rf"^layer 'plain#0': eie .* no mapping for a kernel of {kernel[0]} x"):
        EIE().simulate(convolution)
    work = next(filter(mapped, layers(20, seed=0)))
    with pytest.raises(ValueError, match=r"eie reads values; give it operands="):
        EIE().simulate(replace(work, operands=None))
    with pytest.raises(ValueError, match=r"integers of 17 bits; eie holds at most 16$"):
        EIE().simulate(replace(work, activation_width=17))
    dense = layer(LoopNest(1, 9, 8, (1, 1)), torch.ones(1, 9, 1, 1), torch.ones(1, 8, 9, 1, 1))
    with pytest.raises(ValueError, match=r"eie's elements would hold 36 entries of the matrix, and holds 35 at most"):
        EIE(elements=2, entries_held=35).simulate(dense)
