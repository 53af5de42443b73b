"""Every family against its definition in plain arithmetic, at all pairs; closed forms of the structured ones."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import pytest
import torch

from adequate.circuits import Port, Word
from adequate.formats import E4M3, E5M2, Minifloat, Underflow
from adequate.operators import (
    AdderArray,
    BaughWooley,
    Booth,
    BrokenArray,
    Drum,
    ErrorTolerant,
    Exact,
    Kulkarni,
    LowerOr,
    MinifloatProduct,
    Mitchell,
    Multiplier,
    Offset,
    Perforated,
    Roba,
    Segmented,
    Shift,
    SignMagnitude,
    StaticSegment,
    TruncatedArray,
    TruncatedOperands,
    XnorProduct,
    catalog,
    errors,
)
from tests.circuits.running import values
from tests.contracts.multiplier_contract import MultiplierContract
from tests.operators import references as reference
from tests.operators.ranks import rank

FLUSHED = Minifloat(4, 3, underflow=Underflow.FLUSH)
E2M2 = Minifloat(2, 2)

REFERENCES: dict[Multiplier, Callable[[int, int], int]] = {
    Exact(8, 8): lambda a, b: a * b,
    Exact(5, 7, signed_b=True): lambda a, b: a * b,
    TruncatedArray(8, 8, 6): lambda a, b: reference.array(a, b, [(i, j) for i, j in CELLS if i + j >= 6]),
    # dropped: 1 + 2 * 2 + 3 * 4 + 4 * 8 = 49, a quarter is 12.25, nearest multiple of 16
    TruncatedArray(8, 8, 4, corrected=True): lambda a, b: reference.array(a, b, [c for c in CELLS if sum(c) >= 4]) + 16,
    BrokenArray(8, 8, 2, 4): lambda a, b: reference.array(a, b, [(i, j) for i, j in CELLS if j >= 2 and i + j >= 4]),
    BrokenArray(5, 7, 3, 6): lambda a, b: reference.array(
        a, b, [(i, j) for i, j in reference.cells(5, 7) if j >= 3 and i + j >= 6]
    ),
    Perforated(8, 8, 1, 2): lambda a, b: a * (b & 0b11111001),
    TruncatedOperands(8, 8, 3, 1): lambda a, b: (a - a % 8) * (b - b % 2),
    StaticSegment(8, 8, 4): lambda a, b: reference.static_segment(a, b, 8, 8, 4),
    StaticSegment(6, 8, 5): lambda a, b: reference.static_segment(a, b, 6, 8, 5),
    **{Drum(8, 8, k): lambda a, b, k=k: reference.drum(a, b, k) for k in (1, 3, 4, 6, 8)},
    Drum(6, 9, 4): lambda a, b: reference.drum(a, b, 4),
    Mitchell(8, 8): lambda a, b: reference.mitchell(a, b, 7),
    Mitchell(7, 6, 4): lambda a, b: reference.mitchell(a, b, 4),
    Mitchell(5, 7, 0): lambda a, b: reference.mitchell(a, b, 0),
    Roba(8, 8): reference.roba,
    Roba(1, 7): reference.roba,
    Kulkarni(8, 8): lambda a, b: reference.kulkarni(a, b, 8),
    Kulkarni(5, 7): lambda a, b: reference.kulkarni(a, b, 8),
    ErrorTolerant(8, 8, 4): lambda a, b: reference.error_tolerant(a, b, 4),
    ErrorTolerant(8, 5, 3): lambda a, b: reference.error_tolerant(a, b, 3),
    AdderArray(8, 8, LowerOr(16, 8)): lambda a, b: accumulated(a, b, lambda x, y: reference.lower_or(x, y, 8)),
    AdderArray(6, 7, Segmented(13, 4, 3)): lambda a, b: accumulated(
        a, b, lambda x, y: reference.segmented(x, y, 13, 4, 3) % 2**13
    ),
    Booth(8, 8): lambda a, b: a * b,
    Booth(6, 7): lambda a, b: a * b,
    Booth(8, 8, 5): lambda a, b: reference.booth(a, b, 8, 5),
    BaughWooley(8, 8): lambda a, b: a * b,
    BaughWooley(5, 7): lambda a, b: a * b,
    BaughWooley(6, 8, columns=4, rows_a=1, rows_b=2): lambda a, b: signed_array(a, b, 6, 8, (4, 1, 2)),
    Shift(8, 4): lambda a, b: (-1) ** (b // 8) * a * 2 ** (b % 8),
    Shift(6, 4, zero=True, signed_a=False): lambda a, b: (-1) ** (b // 8) * a * (2 ** (b % 8) // 2),
    XnorProduct(): lambda a, b: (-1) ** a * (-1) ** b,
    SignMagnitude(Drum(8, 8, 3)): lambda a, b: sign(a) * sign(b) * reference.drum(abs(a), abs(b), 3),
    SignMagnitude(Roba(8, 8), signed_a=False): lambda a, b: sign(b) * reference.roba(a, abs(b)),
    Offset(Drum(8, 8, 3)): lambda a, b: (
        reference.drum(a + 128, b + 128, 3) - 128 * (b + 128) - 128 * (a + 128) + 128 * 128
    ),
}
CELLS = reference.cells(8, 8)
FLOATS = (
    MinifloatProduct(Minifloat(4, 3), Minifloat(4, 3), Minifloat(4, 3)),
    MinifloatProduct(E4M3, E5M2, E4M3),
    MinifloatProduct(E5M2, E5M2, E5M2),
    MinifloatProduct(FLUSHED, FLUSHED, FLUSHED),
    MinifloatProduct(E2M2, Minifloat(3, 3), Minifloat(4, 6)),
    MinifloatProduct(E2M2, Minifloat(3, 0), Minifloat(2, 0)),
    MinifloatProduct(E4M3, E4M3, Minifloat(2, 1, bias=-3)),
    MinifloatProduct(Minifloat(2, 1, underflow=Underflow.NEAREST), E2M2, Minifloat(5, 2)),
)


def sign(x: int) -> int:
    return -1 if x < 0 else 1


def accumulated(a: int, b: int, add: Callable[[int, int], int]) -> int:
    total = a * (b & 1)
    for j in range(1, 8):
        total = add(total, (a * (b >> j & 1)) << j) % 2**16
    return total


def signed_array(a: int, b: int, width_a: int, width_b: int, dropped: tuple[int, int, int]) -> int:
    """The closed form: partial products with the weight of the sign bits negative."""
    columns, rows_a, rows_b = dropped
    total = 0
    for i, j in reference.cells(width_a, width_b):
        if i + j >= columns and i >= rows_a and j >= rows_b:
            negative = (i == width_a - 1) != (j == width_b - 1)
            total += (-1) ** negative * 2 ** (i + j) * (a >> i & 1) * (b >> j & 1)
    return total


class TestEveryFamily(MultiplierContract):
    multipliers = (*REFERENCES, *FLOATS)


@pytest.mark.parametrize("multiplier", REFERENCES, ids=str)
def test_it_is_what_its_paper_says(multiplier: Multiplier) -> None:
    meaning, sides = REFERENCES[multiplier], multiplier.circuit().inputs
    wanted = [[meaning(a, b) for b in values(sides[1])] for a in values(sides[0])]
    assert torch.equal(multiplier.table(), torch.tensor(wanted, dtype=torch.int32))


@pytest.mark.parametrize("multiplier", FLOATS, ids=str)
def test_a_minifloat_product_is_the_exact_one_rounded_once(multiplier: MinifloatProduct) -> None:
    table = multiplier.table().tolist()
    pairs, found = [], []
    for (a, x), (b, y) in product(numbers(multiplier.activation), numbers(multiplier.weight)):
        pairs.append(float(x * y))  # at most 24 bits
        found.append(table[a][b])
    assert found == multiplier.result.encode(torch.tensor(pairs, dtype=torch.float64)).tolist()


def numbers(format: Minifloat) -> list[tuple[int, Fraction]]:
    found = []
    for code in format.word:
        try:
            found.append((code, format.decode(code)))
        except ValueError:
            continue
    return found


@pytest.mark.parametrize("bits", [4, 8, 10])
@pytest.mark.parametrize("columns", [1, 3, 4])
def test_closed_form_of_a_truncated_array(bits: int, columns: int) -> None:
    """The t lowest columns hold 1, 2, ... t cells: (t - 1) 2**t + 1 in all, each cell 1 in a quarter of the pairs."""
    found = errors(TruncatedArray(bits, bits, columns))
    assert found.wce == (columns - 1) * 2**columns + 1
    assert found.bias == -found.wce / 4


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("horizontal", "vertical"), [(0, 3), (1, 2), (2, 4), (3, 3)])
def test_closed_form_of_a_broken_array(bits: int, horizontal: int, vertical: int) -> None:
    """h whole rows, then v - h shortened ones of v - h, ..., 1 cells."""
    h, v = horizontal, vertical
    found = errors(BrokenArray(bits, bits, h, v))
    assert found.wce == (2**h - 1) * (2**bits - 1) + (v - h) * 2**v - (2**v - 2**h)
    assert found.bias == -found.wce / 4


@pytest.mark.parametrize(("first", "count"), [(0, 1), (0, 3), (2, 2), (7, 1)])
def test_closed_form_of_a_perforated_multiplier(first: int, count: int) -> None:
    found = errors(Perforated(8, 8, first, count))
    assert found.wce == 255 * (2**count - 1) * 2**first
    assert found.bias == -found.wce / 4


@pytest.mark.parametrize(("drop_a", "drop_b"), [(1, 1), (0, 3), (4, 4)])
def test_closed_form_of_truncated_operands(drop_a: int, drop_b: int) -> None:
    found = errors(TruncatedOperands(8, 8, drop_a, drop_b))
    assert found.wce == 255**2 - (256 - 2**drop_a) * (256 - 2**drop_b)
    assert found.bias == -found.wce / 4


def test_the_correction_takes_the_bias_away_but_for_its_rounding() -> None:
    for columns in range(1, 9):
        plain, corrected = (errors(TruncatedArray(8, 8, columns, corrected=c)) for c in (False, True))
        assert corrected.bias == plain.bias + TruncatedArray(8, 8, columns).correction
        assert abs(corrected.bias) <= 2**columns / 2


def test_published_worst_relative_errors() -> None:
    """Mitchell 1962: 1/9, where both fractions are 1/2; RoBA: 1/9, at 3 * 2**k; Kulkarni 2011: 22.22 %, at 3 * 3."""
    assert errors(Mitchell(8, 8)).wcre == 1 / 9
    assert errors(Roba(8, 8)).wcre == 1 / 9
    assert errors(Kulkarni(8, 8)).wcre == 2 / 9
    assert errors(Kulkarni(2, 2)).ep == 1 / 16


RANKS = {  # of the table and of its error; computed by an independent prototype
    TruncatedArray(8, 8, 4): (5, 4),
    TruncatedArray(8, 8, 8): (7, 8),
    BrokenArray(8, 8, 2, 4): (3, 3),
    BrokenArray(8, 8, 4, 8): (4, 5),
    Perforated(8, 8, 0, 2): (1, 1),
    TruncatedOperands(8, 8, 2, 2): (1, 2),
    StaticSegment(8, 8, 4): (1, 2),
    Drum(8, 8, 4): (1, 2),
    Roba(8, 8): (2, 1),
    Kulkarni(8, 8): (2, 1),
    Mitchell(8, 8): (128, 127),
    Mitchell(8, 8, 4): (16, 17),
    ErrorTolerant(8, 8, 4): (12, 13),
}


@pytest.mark.parametrize("multiplier", RANKS, ids=str)
def test_ranks(multiplier: Multiplier) -> None:
    table, numbers = multiplier.table(), torch.arange(256)
    assert (rank(table), rank(table - torch.outer(numbers, numbers))) == RANKS[multiplier]


def test_ranks_of_an_error_tolerant_multiplier_without_its_chain() -> None:
    """(11, 10) is another circuit: the lower bits of the operands, ORed, with no 1s below the highest one.

    The published one has a chain through all lower places: so do two independent public implementations of Kyaw 2010,
    NEURAghe's etm.sv and a Chisel library's ETM, bit for bit as ours.
    """
    a, b = torch.arange(256)[:, None], torch.arange(256)[None, :]
    exact = a * b
    upper, either = (a >> 4) * (b >> 4) << 8, (a | b) & 15
    above = (a | b) >> 4 > 0
    without = torch.where(above, upper + (either << 4), exact)
    assert (rank(without), rank(without - exact)) == (11, 10)
    chain = either | either >> 1 | either >> 2 | either >> 3
    published = torch.where(above, upper + (chain << 4) + 15 * (either > 0), exact)
    assert torch.equal(ErrorTolerant(8, 8, 4).table(), published.int())


def test_broken_array_of_evoapprox() -> None:
    """Their "Broken Array Multiplier(bw=12,v=18,h=9)" has these nine cells; there the first operand has the rows."""
    kept = [
        (9, 9),
        (9, 10),
        (9, 11),
        (10, 8),
        (10, 9),
        (10, 10),
        (10, 11),
        (11, 7),
        (11, 8),
        (11, 9),
        (11, 10),
        (11, 11),
    ]
    table = BrokenArray(12, 12, horizontal=9, vertical=18).table()
    generator = torch.Generator().manual_seed(0)
    for a, b in torch.randint(0, 2**12, (500, 2), generator=generator).tolist():
        assert table[b, a] == reference.array(a, b, kept)


def test_sixteen_bits() -> None:
    """Of every family, at random pairs: the definitions in plain arithmetic."""
    generator = torch.Generator().manual_seed(1)
    pairs = [[0, 7], [65535, 65535], [32768, 1], *torch.randint(0, 2**16, (100, 2), generator=generator).tolist()]
    cells = reference.cells(16, 16)
    wide: dict[Multiplier, Callable[[int, int], int]] = {
        BrokenArray(16, 16, 3, 9): lambda a, b: reference.array(
            a, b, [(i, j) for i, j in cells if j > 2 and i + j > 8]
        ),
        StaticSegment(16, 16, 8): lambda a, b: reference.static_segment(a, b, 16, 16, 8),
        Drum(16, 16, 6): lambda a, b: reference.drum(a, b, 6),
        Mitchell(16, 16): lambda a, b: reference.mitchell(a, b, 15),
        Roba(16, 16): reference.roba,
        Kulkarni(16, 16): lambda a, b: reference.kulkarni(a, b, 16),
        ErrorTolerant(16, 16, 8): lambda a, b: reference.error_tolerant(a, b, 8),
        Booth(16, 16): lambda a, b: signed16(a) * signed16(b),
        BaughWooley(16, 16): lambda a, b: signed16(a) * signed16(b),
        Shift(16, 6): lambda a, b: (-1) ** (b >> 5 & 1) * signed16(a) * 2 ** (b % 32),
    }
    for multiplier, meaning in wide.items():
        first, second = multiplier.circuit().inputs
        for a, b in pairs:
            words = (Word(one, 16).resized(port.width, port.signed) for one, port in ((a, first), (b, second)))
            assert multiplier(*words).value == meaning(a, b), f"{multiplier} of {a} and {b}"


def signed16(x: int) -> int:
    return x - 2**16 if x >= 2**15 else x


@pytest.mark.parametrize("bits", [4, 5, 8, 16])
def test_the_catalogue_exists_at_any_width(bits: int) -> None:
    for signed in (False, True):
        found = catalog(bits, signed=signed)
        assert len(set(found)) == len(found)
        assert all((one.a.width, one.a.signed) == (bits, signed) for one in found)


def test_operands_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="width_a of drum must be an integer from 1 to 16, not 17"):
        Drum(17, 8, 3)
    with pytest.raises(ValueError, match="segment of static_segment must be an integer from 4 to 8, not 3"):
        StaticSegment(8, 8, 3)
    with pytest.raises(ValueError, match="one of unsigned integers, not of booth"):
        SignMagnitude(Booth(8, 8))
    with pytest.raises(ValueError, match="width of the adder of adder_array must be an integer from 16 to 16, not 8"):
        AdderArray(8, 8, LowerOr(8, 2))
    with pytest.raises(ValueError, match="rounds to nearest even, with underflow gradual or flush"):
        MinifloatProduct(E4M3, E4M3, Minifloat(4, 3, underflow=Underflow.NEAREST))


def test_a_table_has_a_limit() -> None:
    with pytest.raises(ValueError, match="32 operand bits; a table has at most 24"):
        Exact(16, 16).table()


def test_ports() -> None:
    assert Shift(8, 4).circuit().inputs == (Port("a", 8, True), Port("b", 4))
