"""Circuits as gates: the gates that are counted compute the circuit."""

import numpy as np
import pytest

from adequate.circuits import Circuit, Port, Word, constant, mux
from adequate.circuits.gates import AND, Gates, gates
from adequate.operators import (
    AdderArray,
    Drum,
    Exact,
    Multiplier,
    Offset,
    Ripple,
    SignMagnitude,
    TruncatedArray,
    catalog,
)

FOUR_BITS = (*catalog(4), *catalog(4, signed=True), Offset(Drum(4, 5, 2)), SignMagnitude(Exact(3, 6), signed_a=False))


def computed(network: Gates, patterns: np.ndarray) -> np.ndarray:
    """The output's bit patterns for the inputs' bit patterns, gate by gate."""
    nets = [np.zeros_like(patterns), *(patterns >> i & 1 for i in range(network.inputs))]

    def value(literal: int) -> np.ndarray:
        return nets[literal >> 1] ^ (literal & 1)

    for kind, a, b in network.gates:
        nets.append(value(a) & value(b) if kind == AND else value(a) ^ value(b))
    return sum((value(literal) << i for i, literal in enumerate(network.output)), np.zeros_like(patterns))


@pytest.mark.parametrize("multiplier", FOUR_BITS, ids=str)
def test_the_gates_are_the_circuit(multiplier: Multiplier) -> None:
    network = gates(multiplier.circuit())
    a, b = (np.arange(2**one.width) for one in (multiplier.a, multiplier.b))
    found = computed(network, a[:, None] | b[None, :] << multiplier.a.width)
    assert np.array_equal(found, multiplier.table().numpy() % 2 ** len(network.output))


def test_the_gates_of_eight_bits_are_the_circuit() -> None:
    a, b = np.random.default_rng(0).integers(0, 256, (2, 2000))
    for multiplier in catalog(8):
        found = computed(gates(multiplier.circuit()), a | b << 8)
        assert np.array_equal(found, multiplier(Word(a, 8), Word(b, 8)).value), str(multiplier)


def circuit(function: object, *widths: int) -> Circuit:
    names = ("a", "b", "c")
    return Circuit("one", tuple(Port(n, w) for n, w in zip(names, widths, strict=False)), function)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("function", "widths", "count"),
    [
        (Word.__and__, (8, 8), 8),
        (Word.__add__, (8, 8), 2 + 7 * 5),  # a half adder and full adders
        (Word.__mul__, (8, 8), 64 + 8 * 2 + 48 * 5),  # the array of a textbook: 64 AND, 8 half and 48 full adders
        (lambda a, b, c: mux(c, a, b), (8, 8, 1), 24),
        (lambda a, b: a.times_bit(b), (8, 1), 8),
        (lambda a, b: (a & b) ^ (b & a), (8, 8), 0),  # equal gates once; what is constant has none
        (lambda a, b: (a + b)[:4], (8, 8), 2 + 2 * 5 + 2),  # no carry out
        (lambda a: a * constant(4), (8,), 0),
        (lambda a: a << 3, (8,), 0),
        (lambda a: ~a, (8,), 0),  # inverters are free
    ],
)
def test_counts_that_can_be_made_by_hand(function: object, widths: tuple[int, ...], count: int) -> None:
    assert len(gates(circuit(function, *widths))) == count


def test_fewer_partial_products_are_fewer_gates() -> None:
    counts = [len(gates(TruncatedArray(8, 8, columns).circuit())) for columns in range(16)]
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == 16
    assert len(gates(AdderArray(8, 8, Ripple(16)).circuit())) == len(gates(Exact(8, 8).circuit()))


def test_of_no_circuit_at_all() -> None:
    """A result of no bits, and one without a port."""
    assert gates(circuit(lambda a: Word(0, 0), 4)) == Gates(4, (), ())
    assert gates(circuit(lambda: constant(5))) == Gates(0, (), (1, 0, 1))
