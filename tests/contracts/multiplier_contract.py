"""What every multiplier must do. A test class for a new family inherits ``MultiplierContract`` and lists members."""

from itertools import product
from typing import ClassVar

import numpy as np
import pytest
import torch

from adequate.circuits import Port, Word
from adequate.operators import Multiplier, parse_operator
from tests.circuits.running import values

PAIRS = 400  # of single Python integers; a multiplier of Words takes up to a millisecond a pair


def ports(multiplier: Multiplier) -> tuple[Port, Port]:
    return multiplier.circuit().inputs[0], multiplier.circuit().inputs[1]


def some_pairs(multiplier: Multiplier) -> list[tuple[int, int]]:
    """Pairs of places in the table: the corners, their neighbours, and a random part; all if there are few."""
    sizes = [2**port.width for port in ports(multiplier)]
    if sizes[0] * sizes[1] <= PAIRS:
        return list(product(*map(range, sizes)))
    ends = [sorted({0, 1, 2, 3, size // 2 - 1, size // 2, size - 2, size - 1} & set(range(size))) for size in sizes]
    generator = torch.Generator().manual_seed(0)
    drawn = [torch.randint(0, size, (PAIRS,), generator=generator).tolist() for size in sizes]
    return [*product(*ends), *zip(*drawn, strict=True)]


def of_all_pairs(multiplier: Multiplier, kind: type) -> np.ndarray:
    """The products of all pairs in arrays of a kind of number, in the order of the table."""
    a, b = ports(multiplier)
    rows, columns = np.array(values(a), kind)[:, None], np.array(values(b), kind)[None, :]
    word = multiplier(Word(rows, a.width, a.signed), Word(columns, b.width, b.signed))
    return np.broadcast_to(word.value, multiplier.table().shape)


def other_with_python_integers(multiplier: Multiplier) -> list[tuple[int, int]]:
    """Of some pairs, those whose product as Words of a Python integer each is no Python integer, or not the table's."""
    table, sides = multiplier.table().tolist(), ports(multiplier)
    (a, all_a), (b, all_b) = ((side, values(side)) for side in sides)
    found: list[tuple[int, int]] = []
    for row, column in some_pairs(multiplier):
        word = multiplier(Word(all_a[row], a.width, a.signed), Word(all_b[column], b.width, b.signed))
        if not isinstance(word.value, int) or word.value != table[row][column]:
            found.append((all_a[row], all_b[column]))
    return found


class MultiplierContract:
    """Inherit, and set ``multipliers`` to members that use every parameter of the family."""

    multipliers: ClassVar[tuple[Multiplier, ...]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "multiplier" in metafunc.fixturenames:
            metafunc.parametrize("multiplier", self.multipliers, ids=str)

    def test_text_both_ways(self, multiplier: Multiplier) -> None:
        again = parse_operator(str(multiplier))
        assert again == multiplier
        assert hash(again) == hash(multiplier)
        assert str(again) == str(multiplier)

    def test_the_table_has_an_entry_for_each_pair(self, multiplier: Multiplier) -> None:
        a, b = ports(multiplier)
        assert multiplier.table().shape == (2**a.width, 2**b.width)
        assert multiplier.table().dtype == torch.int32

    def test_numpy_and_torch_agree(self, multiplier: Multiplier) -> None:
        assert np.array_equal(of_all_pairs(multiplier, np.int64), multiplier.table().numpy())

    def test_the_result_lies_within_its_width(self, multiplier: Multiplier) -> None:
        a, b = ports(multiplier)
        word = multiplier(Word(0, a.width, a.signed), Word(0, b.width, b.signed))
        lowest = -(2 ** (word.width - 1)) if word.signed else 0
        assert lowest <= int(multiplier.table().min())
        assert int(multiplier.table().max()) < lowest + 2**word.width

    def test_a_product_with_a_format_is_one_of_its_codes(self, multiplier: Multiplier) -> None:
        if multiplier.product is not None:
            codes = set(multiplier.product.word)
            assert set(multiplier.table().unique().tolist()) <= codes

    def test_python_integers_agree_at_all_pairs(self, multiplier: Multiplier) -> None:
        products = of_all_pairs(multiplier, object)
        assert set(map(type, products.flat)) == {int}
        assert products.tolist() == multiplier.table().tolist()

    def test_single_python_integers_agree(self, multiplier: Multiplier) -> None:
        assert other_with_python_integers(multiplier) == []
