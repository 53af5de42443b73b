"""The definitions of the kernels, in Python fractions: slow and obviously right."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from adequate.circuits import Word
from adequate.formats import Fixed, Format, Overflow
from adequate.formats.reference import round_reference
from adequate.operators import Accumulator, Order

_round = lru_cache(maxsize=2**16)(round_reference)  # the same few values come again and again


def exact_sum(x: Sequence[Fraction], w: Sequence[Fraction], bias: Fraction = Fraction(0)) -> Fraction:
    """sum_k x[k] w[k] + bias."""
    return sum((a * b for a, b in zip(x, w, strict=True)), Fraction(0)) + bias


def accumulate(products: Sequence[Fraction], accumulator: Accumulator) -> Fraction:
    """The exact products of one output element, added in the register as ``Accumulator`` says."""
    chosen = accumulator.product
    terms = list(products) if chosen is None else [_round(chosen, p) for p in products]
    if accumulator.compensated:
        return _compensated(terms, accumulator.format)
    match accumulator.order:
        case Order.SEQUENTIAL:
            return _sequential(terms, accumulator)
        case Order.BLOCKED:
            size = accumulator.block or 1
            blocks = [terms[start : start + size] for start in range(0, len(terms), size)]
            return _sequential([_sequential(block, accumulator) for block in blocks], accumulator)
        case Order.TREE:
            level = [_round(accumulator.format, p) for p in terms]
            while len(level) > 1:
                pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
                level = [add(pair[0], pair[1], accumulator) if len(pair) == 2 else pair[0] for pair in pairs]
            return level[0] if level else Fraction(0)


def add(c: Fraction, term: Fraction, accumulator: Accumulator) -> Fraction:
    """One addition in the register."""
    register, adder = accumulator.format, accumulator.adder
    if adder is None:
        return _round(register, c + term)
    assert isinstance(register, Fixed)
    bits, size = register.bits, 2**register.bits
    a, b = (int(v * Fraction(2) ** register.frac) for v in (c, _round(register, term)))
    whole = adder(Word(a % size, bits), Word(b % size, bits)).value
    code = whole % size - (size if register.signed and whole % size >= size // 2 else 0)
    if register.overflow is Overflow.SATURATE:
        if not register.signed and whole >= size:
            code = size - 1
        if register.signed and a >= 0 and b >= 0 and code < 0:
            code = size // 2 - 1
        if register.signed and a < 0 and b < 0 and code >= 0:
            code = -size // 2
        code = max(code, register.word.start)
    return register.decode(code)


def _sequential(terms: Sequence[Fraction], accumulator: Accumulator) -> Fraction:
    c = Fraction(0)
    for term in terms:
        c = add(c, term, accumulator)
    return c


def _compensated(terms: Sequence[Fraction], register: Format) -> Fraction:
    """Kahan 1965, every operation rounded."""
    c = error = Fraction(0)
    for term in terms:
        y = _round(register, term - error)
        t = _round(register, c + y)
        error = _round(register, _round(register, t - c) - y)
        c = t
    return c


def convolution(
    x: Sequence[Sequence[Sequence[Fraction]]],
    w: Sequence[Sequence[Sequence[Sequence[Fraction]]]],
    bias: Sequence[Fraction],
    stride: int,
    padding: int,
) -> list[list[list[Fraction]]]:
    """y[o][i][j] = bias[o] + sum_{c,r,s} x[c][i stride + r - padding][j stride + s - padding] w[o][c][r][s]."""

    def at(c: int, i: int, j: int) -> Fraction:
        inside = 0 <= i < len(x[c]) and 0 <= j < len(x[c][0])
        return x[c][i][j] if inside else Fraction(0)

    kernel_rows, kernel_columns = len(w[0][0]), len(w[0][0][0])
    rows = (len(x[0]) + 2 * padding - kernel_rows) // stride + 1
    cols = (len(x[0][0]) + 2 * padding - kernel_columns) // stride + 1
    return [
        [
            [
                exact_sum(
                    [
                        at(c, i * stride + r - padding, j * stride + s - padding)
                        for c in range(len(x))
                        for r in range(kernel_rows)
                        for s in range(kernel_columns)
                    ],
                    [w[o][c][r][s] for c in range(len(x)) for r in range(kernel_rows) for s in range(kernel_columns)],
                    bias[o],
                )
                for j in range(cols)
            ]
            for i in range(rows)
        ]
        for o in range(len(w))
    ]


def lookup_sum(x: Sequence[int], w: Sequence[int], table: Sequence[Sequence[int]]) -> int:
    """sum_k table[x[k]][w[k]]."""
    return sum(table[a][b] for a, b in zip(x, w, strict=True))
