"""Operators written as C++ and Verilog, run, and compared with their tables at all pairs."""

from pathlib import Path

import numpy as np
import pytest

from adequate.circuits import Circuit, Word
from adequate.formats import E4M3, E5M2
from adequate.operators import (
    AdderArray,
    Drum,
    LowerOr,
    MinifloatProduct,
    Multiplier,
    Offset,
    Segmented,
    Shift,
    SignMagnitude,
    TruncatedSum,
    XnorProduct,
    catalog,
)
from adequate.operators.adder import Adder
from tests.circuits.running import result, run_cpp, run_icarus

OTHERS: tuple[Multiplier, ...] = (
    Shift(8, 4),
    Shift(8, 4, zero=True, signed_a=False),
    XnorProduct(),
    MinifloatProduct(E4M3, E4M3, E4M3),
    MinifloatProduct(E4M3, E5M2, E5M2),
    SignMagnitude(Drum(8, 8, 4)),
    Offset(Drum(8, 8, 3)),
    AdderArray(8, 8, Segmented(16, 4, 4)),
)
EIGHT_BITS = (*catalog(8), *catalog(8, signed=True)[-6:], *OTHERS)
FOUR_BITS = (*catalog(4), *catalog(4, signed=True))


def bit_patterns(multiplier: Multiplier) -> np.ndarray:
    """The table's entries as unsigned words, in the order of the pairs."""
    return multiplier.table().numpy().reshape(-1).astype(np.int64) % 2 ** result(multiplier.circuit()).width


def test_cpp_at_all_pairs(tmp_path: Path) -> None:
    circuits = [multiplier.circuit() for multiplier in EIGHT_BITS]
    for multiplier, found in zip(EIGHT_BITS, run_cpp(circuits, tmp_path), strict=True):
        assert np.array_equal(found, multiplier.table().numpy().reshape(-1)), str(multiplier)


def test_adders_in_cpp(tmp_path: Path) -> None:
    adders: list[Adder] = [LowerOr(6, 3), Segmented(7, 2, 2), TruncatedSum(5, 2)]
    for adder, found in zip(adders, run_cpp([adder.circuit() for adder in adders], tmp_path), strict=True):
        a, b = np.divmod(np.arange(4**adder.width), 2**adder.width)
        one = Circuit("one", adder.circuit().inputs, adder)
        assert np.array_equal(found, words(one, a, b)), str(adder)


def words(circuit: Circuit, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    sides = zip((a, b), circuit.inputs, strict=True)
    return circuit.function(*(Word(side, port.width, port.signed) for side, port in sides)).value


@pytest.mark.parametrize("multiplier", [FOUR_BITS[3], FOUR_BITS[-2]], ids=str)
def test_verilog_of_a_few(multiplier: Multiplier, tmp_path: Path) -> None:
    assert np.array_equal(run_icarus(multiplier.circuit(), tmp_path), bit_patterns(multiplier))


@pytest.mark.slow
@pytest.mark.parametrize("multiplier", EIGHT_BITS, ids=str)
def test_verilog_at_all_pairs(multiplier: Multiplier, tmp_path: Path) -> None:
    assert np.array_equal(run_icarus(multiplier.circuit(), tmp_path), bit_patterns(multiplier))
