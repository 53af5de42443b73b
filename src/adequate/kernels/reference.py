"""The definitions of the kernels, in Python fractions: slow and obviously right."""

from collections.abc import Sequence
from fractions import Fraction

from adequate.formats import Format
from adequate.formats.reference import round_reference


def exact_sum(x: Sequence[Fraction], w: Sequence[Fraction], bias: Fraction = Fraction(0)) -> Fraction:
    """sum_k x[k] w[k] + bias."""
    return sum((a * b for a, b in zip(x, w, strict=True)), Fraction(0)) + bias


def accumulate_sequential(x: Sequence[Fraction], w: Sequence[Fraction], register: Format) -> Fraction:
    """c <- register(c + x[k] w[k]) for k = 0, 1, ..., from c = 0."""
    c = Fraction(0)
    for a, b in zip(x, w, strict=True):
        c = round_reference(register, c + a * b)
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
