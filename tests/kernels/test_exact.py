"""Sums of products against Python's integers, on each of the three routes."""

import math
from collections.abc import Callable
from fractions import Fraction
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from adequate.kernels import exact
from adequate.kernels.exact import Operand, exact_sum, grid_of, plain_arithmetic, proven
from adequate.kernels.reference import convolution
from adequate.kernels.reference import exact_sum as exact_reference
from tests.kernels.test_expansion import rounded_to_odd


def operand(x: Tensor, grid: int | None = None) -> Operand:
    return Operand(x, grid_of(x) if grid is None else grid, float(x.abs().max()) if x.numel() else 0.0)


def weight(w: Tensor) -> Operand:
    """(outputs, terms)"""
    return Operand(w, grid_of(w), float(w.double().abs().sum(1).max()), w.shape[1])


def fractions(x: Tensor) -> list[list[Fraction]]:
    return [[Fraction(v) for v in row] for row in x.double().tolist()]


def expected(x: Tensor, w: Tensor, bias: Tensor | None = None) -> list[list[float]]:
    added = [Fraction(0)] * len(w) if bias is None else [Fraction(v) for v in bias.double().tolist()]
    return [
        [rounded_to_odd(exact_reference(row, weights, b)) for weights, b in zip(fractions(w), added, strict=True)]
        for row in fractions(x)
    ]


def integers(random: Random, shape: tuple[int, int], bits: int, exponent: int = 0) -> Tensor:
    """Integers of so many bits, all ones and single bits among them, times a power of two."""
    top = 2**bits - 1
    drawn = [random.choice([top, -top, 1, 0, random.randint(-top, top)]) for _ in range(math.prod(shape))]
    return torch.tensor([math.ldexp(v, exponent) for v in drawn], dtype=torch.float64).reshape(shape)


def route(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The dtypes of the products that will be computed."""
    seen: list[str] = []
    plain = exact._plain

    def noting(product: Callable[[Tensor, Tensor], Tensor], x: Tensor, w: Tensor) -> Tensor:
        seen.append(str(x.dtype))
        return plain(product, x, w)

    monkeypatch.setattr(exact, "_plain", noting)
    return seen


SINGLE, DOUBLE = "torch.float32", "torch.float64"


@pytest.mark.parametrize(
    ("x_bits", "w_bits", "routes"),
    [
        (8, 8, [SINGLE]),
        (10, 9, [SINGLE]),
        (12, 12, [DOUBLE]),
        (24, 24, [DOUBLE]),
        (28, 30, [DOUBLE] * 4),
        (50, 53, [DOUBLE] * 6),
    ],
)
@pytest.mark.parametrize("with_bias", [False, True])
def test_each_route_is_exact(
    x_bits: int, w_bits: int, routes: list[str], with_bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, seen = Random(x_bits), route(monkeypatch)
    x, w = integers(random, (5, 7), x_bits, -3), integers(random, (4, 7), w_bits, -9)
    bias = integers(random, (1, 4), x_bits + 2, -12)[0] if with_bias else None
    got = exact_sum(operand(x), weight(w), functional.linear, None if bias is None else operand(bias))
    assert got.double().tolist() == expected(x, w, bias)
    assert seen == routes


@given(st.integers(0, 2**32), st.integers(1, 53), st.integers(1, 53), st.integers(1, 40), st.integers(-60, 20))
def test_any_operands_are_summed_exactly(seed: int, x_bits: int, w_bits: int, terms: int, exponent: int) -> None:
    random = Random(seed)
    x, w = integers(random, (2, terms), x_bits, exponent), integers(random, (3, terms), w_bits, -exponent // 2)
    bias = integers(random, (1, 3), random.randint(1, 53), random.randint(-80, 40))[0]
    got = exact_sum(operand(x), weight(w), functional.linear, operand(bias))
    assert got.double().tolist() == expected(x, w, bias)


def test_digits_of_a_lone_large_weight_do_not_overflow() -> None:
    """One weight of 2**40 among 4,096 of 24 bits: their own sum of digits needs the room, not the largest weight."""
    terms = 4096
    w = torch.full((1, terms), 2.0**24 - 1, dtype=torch.float64)
    w[0, 0] = 2.0**40
    x = torch.full((1, terms), 2.0**30 - 1, dtype=torch.float64)
    assert exact_sum(operand(x), weight(w), functional.linear).tolist() == expected(x, w)


@pytest.mark.parametrize(("top", "single"), [(2**24 - 64, True), (2**24, False), (2**24 + 1, False)])
def test_the_bound_at_its_edge(top: int, single: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the slack of 2**-20 below 2**24 float32 is proven; at 2**24 and above float64 is taken."""
    seen = route(monkeypatch)
    w = torch.ones(1, 2, dtype=torch.float64)
    x = torch.tensor([[1.0, 1.0], [top // 2, top - top // 2]], dtype=torch.float64)
    given = Operand(x, 0, float(x.max()))
    assert exact_sum(given, weight(w), functional.linear).double().tolist() == [[2.0], [float(top)]]
    assert seen == [SINGLE if single else DOUBLE]
    assert proven(torch.float32, float(x.max()), 2.0, 0.0, 0) is single


def test_a_bias_takes_part_in_the_bound() -> None:
    assert proven(torch.float32, 2.0**22, 2.0, 0.0, 0)
    assert not proven(torch.float32, 2.0**22, 2.0, 2.0**23, 0)


def test_without_the_bound_float32_is_wrong() -> None:
    """Negative control: in an order drawn at random, partial sums beyond 2**24 lose ones of a small sum."""
    x = torch.tensor([2.0**24, 1.0, -(2.0**24)]).repeat(1, 4096)
    x = x[:, torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(0))]
    w = torch.ones(1, x.shape[1])
    assert functional.linear(x, w).item() != 4096.0
    assert exact_sum(operand(x), weight(w), functional.linear).item() == 4096.0


def test_a_bias_finer_than_the_products_is_added_exactly() -> None:
    x, w, bias = torch.tensor([[3.0]]), torch.tensor([[2.0]]), torch.tensor([2.0**-40])
    assert exact_sum(operand(x), weight(w), functional.linear, operand(bias)).item() == 6 + 2.0**-40


def test_operands_of_more_than_four_digits_are_refused() -> None:
    x = torch.tensor([[1.0, 2.0**110]], dtype=torch.float64)
    w = torch.ones(1, 2, dtype=torch.float64)
    with pytest.raises(
        ValueError, match="^the operands span 110 and 0 bits over 2 terms: too many to add exactly; narrow"
    ):
        exact_sum(operand(x), weight(w), functional.linear)
    fits = torch.tensor([[1.0, 2.0**99]], dtype=torch.float64)
    assert exact_sum(operand(fits), weight(w), functional.linear).tolist() == expected(fits, w)


@pytest.mark.parametrize(
    ("x_exponent", "w_exponent"), [(-600, -600), (600, 600), (-1000, 0), (1000, 0), (-100, -50), (100, 50)]
)
def test_products_beyond_a_dtypes_range_take_another_route_or_are_refused(x_exponent: int, w_exponent: int) -> None:
    """Few bits, but float32 (and at last float64) would flush them to zero or overflow."""
    x = torch.tensor([[1.0, 3.0]], dtype=torch.float64) * 2.0**x_exponent
    w = torch.tensor([[1.0, 1.0]], dtype=torch.float64) * 2.0**w_exponent
    if abs(x_exponent + w_exponent) > 1020:
        with pytest.raises(ValueError, match="leave the range of float64"):
            exact_sum(operand(x), weight(w), functional.linear)
    else:
        assert exact_sum(operand(x), weight(w), functional.linear).double().tolist() == expected(x, w)


def test_float32_operands_whose_products_overflow_float32() -> None:
    x, w = torch.tensor([[2.0**100]]), torch.tensor([[2.0**100]])
    assert exact_sum(operand(x), weight(w), functional.linear).item() == 2.0**200


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_empty_and_zero_operands(dtype: torch.dtype) -> None:
    w = torch.ones(3, 2, dtype=dtype)
    assert exact_sum(operand(torch.empty(0, 2, dtype=dtype)), weight(w), functional.linear).shape == (0, 3)
    zeros = torch.zeros(1, 2, dtype=dtype)
    assert not exact_sum(operand(zeros), weight(w * 0), functional.linear).any()
    huge = Operand(torch.tensor([2.0**60 + 2.0**8]), 8, 2.0**61)
    assert exact_sum(operand(zeros), weight(w * 0), functional.linear, huge).tolist() == [[2.0**60] * 3]


@pytest.mark.parametrize(
    ("bits", "routes"), [(6, [SINGLE]), (20, [DOUBLE]), (30, [DOUBLE] * 4)], ids=["float32", "float64", "digits"]
)
@pytest.mark.parametrize("transposed", [False, True])
def test_convolutions_with_groups_and_dilation(
    bits: int, routes: list[str], transposed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against object arrays of Python integers, scattered by the definition."""
    random, seen = Random(bits), route(monkeypatch)
    x = integers(random, (2 * 4, 36), bits).reshape(2, 4, 6, 6)
    w = integers(random, (4 * 2, 9), bits).reshape(4, 2, 3, 3)
    call = functional.conv_transpose2d if transposed else functional.conv2d
    stride, padding, dilation, groups = 2, 1, 2, 2

    def product(a: Tensor, b: Tensor) -> Tensor:
        return call(a, b, None, stride, padding, groups=groups, dilation=dilation)

    meeting = Operand(w, grid_of(w), float(w.abs().sum().max()), w.numel())
    got = exact_sum(operand(x), meeting, product)
    whole = np.vectorize(int, otypes=[object])
    a, b = whole(x.numpy()), whole(w.numpy())
    sums = np.zeros(got.shape, dtype=object)
    inputs, outputs = (2, 4, 6, 6), got.shape
    for n, i, j in np.ndindex(2, *(inputs[2:] if transposed else outputs[2:])):
        for first, second, r, s in np.ndindex(*w.shape):
            row, column = i * stride + r * dilation - padding, j * stride + s * dilation - padding
            if transposed:  # input (i, j) reaches output (row, column); weights are (inputs, outputs per group)
                channel = first // 2 * 2 + second
                if 0 <= row < outputs[2] and 0 <= column < outputs[3]:
                    sums[n, channel, row, column] += a[n, first, i, j] * b[first, second, r, s]
            elif 0 <= row < 6 and 0 <= column < 6:
                sums[n, first, i, j] += a[n, first // 2 * 2 + second, row, column] * b[first, second, r, s]
    assert got.double().flatten().tolist() == [rounded_to_odd(Fraction(v)) for v in sums.ravel()]
    assert seen == routes


def test_the_references_convolution_is_torchs() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(-9, 10, (3, 6, 5), generator=generator, dtype=torch.float64)
    w = torch.randint(-9, 10, (4, 3, 3, 2), generator=generator, dtype=torch.float64)
    bias = torch.randint(-9, 10, (4,), generator=generator, dtype=torch.float64)
    for stride, padding in [(1, 0), (2, 1), (3, 2)]:
        ours = convolution(x.tolist(), w.tolist(), bias.tolist(), stride, padding)
        assert torch.equal(
            torch.tensor(ours, dtype=torch.float64), functional.conv2d(x[None], w, bias, stride, padding)[0]
        )


@given(st.lists(st.tuples(st.integers(-(2**53) + 1, 2**53 - 1), st.integers(-300, 300)), max_size=6))
def test_the_grid_is_the_lowest_bit_of_all(pairs: list[tuple[int, int]]) -> None:
    values = [math.ldexp(significand, exponent) for significand, exponent in pairs]
    odd = [Fraction(v) for v in values if v]
    lowest = min(((v.numerator & -v.numerator).bit_length() - v.denominator.bit_length() for v in odd), default=0)
    assert grid_of(torch.tensor(values, dtype=torch.float64)) == lowest


@pytest.mark.parametrize("value", [2.0**-149, 3 * 2.0**-149, 2.0**-126, 2.0**127])
def test_the_grid_of_float32s_ends(value: float) -> None:
    assert (
        grid_of(torch.tensor([value])) == {2.0**-149: -149, 3 * 2.0**-149: -149, 2.0**-126: -126, 2.0**127: 127}[value]
    )


def test_precisions_are_put_back_and_new_settings_are_respected() -> None:
    backends = torch.backends.mkldnn.matmul, torch.backends.mkldnn.conv, torch.backends.cuda.matmul
    before = [backend.fp32_precision for backend in backends]
    enabled = torch.backends.cudnn.enabled
    torch.backends.mkldnn.conv.fp32_precision = "bf16"
    try:
        with plain_arithmetic():
            assert torch.backends.mkldnn.conv.fp32_precision == "ieee"
            assert all(backend.fp32_precision in ("none", "ieee") for backend in backends)
            assert not torch._C._get_nnpack_enabled()
            assert not (torch.backends.cuda.is_built() and torch.backends.cudnn.enabled)
        assert torch.backends.mkldnn.conv.fp32_precision == "bf16"
        with pytest.raises(RuntimeError, match="on purpose"), plain_arithmetic():
            raise RuntimeError("on purpose")
        assert torch.backends.mkldnn.conv.fp32_precision == "bf16"
    finally:
        torch.backends.mkldnn.conv.fp32_precision = before[1]
    assert [backend.fp32_precision for backend in backends] == before
    assert torch.backends.cudnn.enabled is enabled


@pytest.mark.parametrize(("bits", "fits"), [(6, True), (20, True), (30, False)], ids=["float32", "float64", "digits"])
def test_a_bias_inside_the_librarys_call(bits: int, fits: bool) -> None:
    """The library adds the bias where the bound holds, never to digits; the same bits as in a pass of its own."""
    random, calls = Random(bits), []
    x, w = integers(random, (5, 7), bits, -3), integers(random, (4, 7), bits, -9)
    bias = operand(integers(random, (1, 4), bits + 2, -12)[0])

    def biased(a: Tensor, b: Tensor, added: Tensor) -> Tensor:
        calls.append(added.dtype)
        return functional.linear(a, b, added)

    got = exact_sum(operand(x), weight(w), functional.linear, bias, biased)
    assert got.double().tolist() == expected(x, w, bias.tensor)
    assert bool(calls) is fits
