"""Every operation on every carrier is what Python integers say, and the result lies within its width."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from adequate.circuits import Circuit, Port, Word, concat, constant, mux, sum_words
from tests.circuits.running import run_amaranth, run_cpp, values

Shape = tuple[int, bool]


def pattern(x: int, width: int) -> int:
    return x % 2**width


def wrapped(x: int, width: int, signed: bool) -> int:
    x %= 2**width
    return x - 2**width if signed and x >= 2 ** (width - 1) else x


# name: (over words, over integers and the widths of a and b)
OPERATIONS: dict[str, tuple[Callable[[Word, Word], Word], Callable[[int, int, int, int], int]]] = {
    "add": (lambda a, b: a + b, lambda a, b, m, n: a + b),
    "subtract": (lambda a, b: a - b, lambda a, b, m, n: a - b),
    "negate": (lambda a, b: -a, lambda a, b, m, n: -a),
    "multiply": (lambda a, b: a * b, lambda a, b, m, n: a * b),
    "and": (lambda a, b: a & b, lambda a, b, m, n: a & b),
    "or": (lambda a, b: a | b, lambda a, b, m, n: a | b),
    "xor": (lambda a, b: a ^ b, lambda a, b, m, n: a ^ b),
    "lowest_bit": (lambda a, b: a[0], lambda a, b, m, n: a % 2),
    "highest_bit": (lambda a, b: a[-1], lambda a, b, m, n: pattern(a, m) // 2 ** (m - 1)),
    "upper": (lambda a, b: a[1:], lambda a, b, m, n: pattern(a, m) // 2),
    "lower": (lambda a, b: a[:2], lambda a, b, m, n: pattern(a, min(m, 2))),
    "nothing": (lambda a, b: a[5:] + b, lambda a, b, m, n: b),
    "left": (lambda a, b: a << 3, lambda a, b, m, n: a * 8),
    "right": (lambda a, b: a >> 1, lambda a, b, m, n: a // 2),
    "far_right": (lambda a, b: a >> 9, lambda a, b, m, n: a // 512),
    "left_by_word": (lambda a, b: a.shift_left(b[:]), lambda a, b, m, n: a * 2 ** pattern(b, n)),
    "right_by_word": (lambda a, b: a.shift_right(b[:]), lambda a, b, m, n: a // 2 ** pattern(b, n)),
    "times_bit": (lambda a, b: a.times_bit(b[0]), lambda a, b, m, n: a * (b % 2)),
    "any": (lambda a, b: a.any(), lambda a, b, m, n: int(a != 0)),
    "equals": (lambda a, b: a.equals(b), lambda a, b, m, n: int(a == b)),
    "less": (lambda a, b: a.less(b), lambda a, b, m, n: int(a < b)),
    "mux": (lambda a, b: mux(a[0], a, b), lambda a, b, m, n: a if a % 2 else b),
    "mux_of_constants": (lambda a, b: mux(a[0], constant(-3), constant(2)), lambda a, b, m, n: -3 if a % 2 else 2),
    "concat": (concat, lambda a, b, m, n: pattern(a, m) + 2**m * pattern(b, n)),
    "sum": (lambda a, b: sum_words([a, b, constant(-7), a, b]), lambda a, b, m, n: 2 * (a + b) - 7),
    "unsigned_2": (lambda a, b: a.resized(2), lambda a, b, m, n: wrapped(a, 2, False)),
    "signed_2": (lambda a, b: a.resized(2, signed=True), lambda a, b, m, n: wrapped(a, 2, True)),
    "unsigned_7": (lambda a, b: a.resized(7), lambda a, b, m, n: wrapped(a, 7, False)),
    "signed_7": (lambda a, b: a.resized(7, signed=True), lambda a, b, m, n: a),
}
SHAPES: list[Shape] = [(1, False), (2, False), (3, False), (4, False), (1, True), (2, True), (3, True), (4, True)]
PAIRS = list(product(SHAPES, SHAPES))


def inverted(a: Word) -> int:
    return (-1 if a.signed else 2**a.width - 1) - a.value


def every_pair(shape_a: Shape, shape_b: Shape) -> list[tuple[int, int]]:
    return list(product(values(Port("a", *shape_a)), values(Port("b", *shape_b))))


def expected(name: str, shape_a: Shape, shape_b: Shape) -> list[int]:
    meaning = OPERATIONS[name][1]
    return [meaning(a, b, shape_a[0], shape_b[0]) for a, b in every_pair(shape_a, shape_b)]


def within(word: Word, results: list[int]) -> bool:
    low = -(2 ** (word.width - 1)) if word.signed else 0
    return all(low <= one < low + 2**word.width for one in results)


@pytest.mark.parametrize("name", OPERATIONS)
def test_python_integers_numpy_and_torch(name: str) -> None:
    operation = OPERATIONS[name][0]
    for shape_a, shape_b in PAIRS:
        pairs, wanted = every_pair(shape_a, shape_b), expected(name, shape_a, shape_b)
        words = [operation(Word(a, *shape_a), Word(b, *shape_b)) for a, b in pairs]
        assert [word.value for word in words] == wanted
        assert within(words[0], wanted), f"{name} of {shape_a} and {shape_b}"
        a, b = (np.array(side) for side in zip(*pairs, strict=True))
        by_numpy = operation(Word(a, *shape_a), Word(b, *shape_b))
        assert np.broadcast_to(by_numpy.value, len(pairs)).tolist() == wanted
        by_torch = operation(Word(torch.from_numpy(a), *shape_a), Word(torch.from_numpy(b), *shape_b))
        assert torch.as_tensor(by_torch.value).expand(len(pairs)).tolist() == wanted
        for other in (by_numpy, by_torch):
            assert (other.width, other.signed) == (words[0].width, words[0].signed)


def test_inversion() -> None:
    for shape in SHAPES:
        for value in values(Port("a", *shape)):
            word = Word(value, *shape)
            assert (~word).value == inverted(word)


def circuits_of(shape_a: Shape, shape_b: Shape) -> list[Circuit]:
    ports = (Port("a", *shape_a), Port("b", *shape_b))
    kinds = "_".join(f"{'su'[not signed]}{width}" for width, signed in (shape_a, shape_b))
    return [Circuit(f"{name}_{kinds}", ports, operation) for name, (operation, _) in OPERATIONS.items()]


HARDWARE = list(product([(3, False), (4, True)], [(2, False), (3, True)]))


def test_compiled_cpp(tmp_path: Path) -> None:
    circuits = [circuit for shapes in HARDWARE for circuit in circuits_of(*shapes)]
    wanted = [expected(name, *shapes) for shapes in HARDWARE for name in OPERATIONS]
    for circuit, found, one in zip(circuits, run_cpp(circuits, tmp_path), wanted, strict=True):
        assert found.tolist() == one, circuit.name


@pytest.mark.parametrize("shapes", HARDWARE, ids=str)
def test_amaranth(shapes: tuple[Shape, Shape]) -> None:
    for name, circuit in zip(OPERATIONS, circuits_of(*shapes), strict=True):
        assert run_amaranth(circuit) == expected(name, *shapes), circuit.name


def test_a_word_wider_than_an_int64_is_refused() -> None:
    with pytest.raises(ValueError, match="an unsigned word has 0 to 63 bits, not 64"):
        Word(1, 40) << 24
    assert (Word(-1, 40, signed=True) << 24).value == -(2**24)


def test_a_word_is_sliced_in_steps_of_one() -> None:
    with pytest.raises(ValueError, match="steps of 1, not 2"):
        Word(5, 3)[::2]


def test_a_bit_beyond_the_width_is_refused() -> None:
    with pytest.raises(IndexError):
        Word(5, 3)[3]


def test_an_empty_sum_is_zero() -> None:
    assert sum_words([]).value == 0
