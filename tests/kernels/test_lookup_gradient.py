"""The gradient of tabulated products: loops over the definition, and the exact product's gradient."""

from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from adequate.kernels.columns import Window, columns
from adequate.kernels.lookup_gradient import PRECISION, Gradients, factored, slopes
from adequate.operators import Drum, Exact, Kulkarni, Mitchell, SignMagnitude, TruncatedArray
from adequate.operators.multiplier import integers


def slope(table: Tensor, values: list[int], a: int, w: int, h: int) -> float:
    """The definition, in Python."""
    order = sorted(range(len(values)), key=values.__getitem__)
    place = order.index(a)
    low, high = order[max(place - h, 0)], order[min(place + h, len(order) - 1)]
    return (int(table[high, w]) - int(table[low, w])) / (values[high] - values[low])


SMALL = [Exact(4, 4), Drum(4, 4, 2), Kulkarni(4, 4), SignMagnitude(Mitchell(4, 4)), TruncatedArray(4, 3, 3)]


@pytest.mark.parametrize("multiplier", SMALL, ids=str)
@pytest.mark.parametrize("h", [1, 2, 16])
def test_slopes_are_the_definition(multiplier, h: int) -> None:
    table = multiplier.table()
    values = integers(multiplier.a, torch.arange(len(table)))
    found = slopes(table, values.double(), h)
    for a, w in product(range(table.shape[0]), range(table.shape[1])):
        assert found[a, w] == slope(table, values.tolist(), a, w, h)


@pytest.mark.parametrize("h", [1, 3, 16, 300])
def test_the_slope_of_an_exact_product_is_the_other_operand(h: int) -> None:
    """Also at the ends, and in two's complement, whose patterns are not in the order of their values."""
    for signed in (False, True):
        multiplier = SignMagnitude(Exact(8, 8), signed, signed) if signed else Exact(8, 8)
        values = integers(multiplier.a, torch.arange(256)).double()
        assert torch.equal(slopes(multiplier.table(), values, h), values.expand(256, 256))


def test_uneven_values_and_patterns_that_are_no_numbers() -> None:
    """Values 0, 4, 1, none: the slope between 0 and 4 counts their distance; what is no number has slope 0."""
    values = torch.tensor([0.0, 4.0, 1.0, float("nan")])
    table = torch.tensor([[0], [8], [3], [99]])
    assert slopes(table, values, 1).flatten().tolist() == [3.0, 5 / 3, 2.0, 0.0]
    assert slopes(torch.ones(2, 1), torch.zeros(2), 1).flatten().tolist() == [0.0, 0.0]


@pytest.mark.parametrize("multiplier", [Exact(8, 8), Drum(8, 8, 3), Mitchell(8, 8), Kulkarni(8, 8)], ids=str)
@pytest.mark.parametrize("precision", [PRECISION, 2.0**-20])
def test_factors_miss_no_more_than_the_precision_and_one_less_would(multiplier, precision: float) -> None:
    wanted = slopes(multiplier.table(), torch.arange(256).double(), 16)
    factors = factored(wanted, precision)
    terms = len(factors.left)
    assert len(factors.right) == terms <= 130
    assert (factors.left.mT @ factors.right - wanted).norm() <= 1.001 * precision * wanted.norm()
    assert (factors.left[:-1].mT @ factors.right[:-1] - wanted).norm() > 0.999 * precision * wanted.norm()
    if multiplier.name in ("exact", "drum"):  # a product of one function of each operand
        assert terms == 1


def test_a_matrix_of_zeros_has_no_factors() -> None:
    assert factored(torch.zeros(3, 4)).left.shape == (0, 3)
    assert factored(torch.zeros(0, 4)).right.shape == (0, 4)


TIGHT = 2.0**-28
"""Of 16 * 16 slopes: no single one is missed by 2**-24 of the root mean square."""


def gradients_of(multiplier, h: int = 2) -> tuple[Gradients, Tensor, Tensor]:
    """The fast path's tables, and the slopes by definition: D_x[x, w] and D_w[x, w]."""
    table = multiplier.table()
    values = [integers(one, torch.arange(2**one.width)) for one in (multiplier.a, multiplier.b)]
    a, b = (one.tolist() for one in values)
    pairs = [(x, w) for x in range(len(a)) for w in range(len(b))]
    to_x = torch.tensor([slope(table, a, x, w, h) for x, w in pairs], dtype=torch.float64)
    to_w = torch.tensor([slope(table.mT, b, w, x, h) for x, w in pairs], dtype=torch.float64)
    fast = Gradients.of(table, values[0].double(), values[1].double(), h, TIGHT)
    return fast, to_x.reshape(table.shape), to_w.reshape(table.shape)


def loops(x: Tensor, w: Tensor, upstream: Tensor, to_x: Tensor, to_w: Tensor) -> tuple[Tensor, Tensor]:
    """The two sums over all m, k, n of (M, K), (K, N) and (M, N)."""
    gx, gw = torch.zeros(x.shape, dtype=torch.float64), torch.zeros(w.shape, dtype=torch.float64)
    for m, k, n in product(range(x.shape[0]), range(x.shape[1]), range(w.shape[1])):
        gx[m, k] += upstream[m, n] * to_x[x[m, k], w[k, n]]
        gw[k, n] += upstream[m, n] * to_w[x[m, k], w[k, n]]
    return gx, gw


def close(found: Tensor, wanted: Tensor, terms: int, scale: float) -> bool:
    """To what the factors miss of a slope, at most, in each of the terms."""
    assert found.dtype == wanted.dtype == torch.float64
    return bool(((found - wanted).abs() <= terms * scale * 2.0**-20).all())


@pytest.mark.parametrize("multiplier", SMALL, ids=str)
@pytest.mark.parametrize(("m", "k", "n"), [(7, 5, 3), (1, 1, 1), (4, 0, 3), (0, 3, 2)])
def test_matrices_against_loops(multiplier, m: int, k: int, n: int) -> None:
    generator = torch.Generator().manual_seed(m + 10 * k)
    x = torch.randint(2**multiplier.a.width, (m, k), generator=generator)
    w = torch.randint(2**multiplier.b.width, (k, n), generator=generator)
    upstream = torch.rand(m, n, generator=generator, dtype=torch.float64) - 0.5
    fast, to_x, to_w = gradients_of(multiplier)
    for found, wanted in zip(fast.matrices(x, w, upstream), loops(x, w, upstream, to_x, to_w), strict=True):
        assert close(found, wanted, max(m, n), max(float(to_x.abs().max()), float(to_w.abs().max())))
    batched = fast.matrices(x.expand(2, m, k), w.expand(2, k, n), upstream.expand(2, m, n))
    assert close(batched[0][1], fast.matrices(x, w, upstream)[0], n, float(to_x.abs().max()))


WINDOWS = {
    "padded": (Window((1,), ((2, 1),), (1,)), (2, 3, 7), (4, 3, 3)),
    "strided, dilated": (Window((2, 1), ((1, 1), (0, 2)), (2, 1)), (2, 2, 7, 6), (3, 2, 3, 2)),
    "stride leaves a rest": (Window((3, 3), ((0, 0), (1, 0)), (1, 1)), (1, 2, 8, 8), (2, 2, 2, 2)),
    "grouped": (Window((1, 1), ((1, 1), (1, 1)), (1, 1), 2), (2, 4, 4, 4), (6, 2, 3, 3)),
    "depthwise": (Window((1, 1), ((1, 1), (1, 1)), (1, 1), 3), (2, 3, 4, 4), (3, 1, 3, 3)),
    "volume": (Window((1, 2, 1), ((1, 0),) * 3, (1, 1, 1)), (1, 2, 3, 4, 3), (2, 2, 2, 2, 2)),
    "no image": (Window((1, 1), ((1, 1), (1, 1)), (1, 1)), (0, 2, 4, 4), (3, 2, 3, 3)),
}


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("multiplier", [SMALL[1], SMALL[3]], ids=str)
def test_convolutions_against_loops_over_columns(name: str, multiplier) -> None:
    window, x_shape, w_shape = WINDOWS[name]
    generator, zero = torch.Generator().manual_seed(3), 5
    x = torch.randint(16, x_shape, generator=generator)
    w = torch.randint(16, w_shape, generator=generator)
    sides = [size for pair in reversed(window.padding) for size in pair]
    places = torch.arange(x.numel()).reshape(x.shape)
    padded, origin = functional.pad(x, sides, value=zero), functional.pad(places, sides, value=-1)
    unpadded = Window(window.stride, ((0, 0),) * len(sides[::2]), window.dilation, window.groups)
    inputs, weights = columns(padded, w, unpadded)
    origins, _ = columns(origin, w, unpadded)
    fast, to_x, to_w = gradients_of(multiplier)
    upstream = torch.rand(len(x), window.groups, inputs.shape[2], weights.shape[1], generator=generator).double() - 0.5
    wanted_x, wanted_w = torch.zeros(x.numel(), dtype=torch.float64), torch.zeros(weights.shape, dtype=torch.float64)
    for i, g in product(range(len(x)), range(window.groups)):
        gx, gw = loops(inputs[i, g], weights[g].mT, upstream[i, g], to_x, to_w)
        inside = origins[i, g] >= 0
        wanted_x.index_add_(0, origins[i, g][inside], gx[inside])
        wanted_w[g] += gw.mT
    shape = functional.conv3d if len(w_shape) == 5 else functional.conv2d if len(w_shape) == 4 else functional.conv1d
    output = shape(padded.float(), w.float(), None, window.stride, 0, window.dilation, window.groups).shape
    found = fast.convolution(x, w, upstream.mT.reshape(output), window, zero)
    assert close(found[0], wanted_x.reshape(x.shape), weights[0].numel(), float(to_x.abs().max()))
    assert close(found[1], wanted_w.reshape(w.shape), len(x) * inputs.shape[2], float(to_w.abs().max()))
    if len(x):
        assert wanted_x.abs().max() > 0.1


@pytest.mark.parametrize("h", [1, 16, 500])
def test_an_exact_multiplier_has_the_exact_products_gradient(h: int) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(256, (2, 3, 6, 6), generator=generator)
    w = torch.randint(256, (4, 3, 3, 3), generator=generator)
    values = integers(SignMagnitude(Exact(8, 8)).a, torch.arange(256))
    fast = Gradients.of(SignMagnitude(Exact(8, 8)).table(), values.double(), values.double(), h)
    inputs, weights = values[x].float().requires_grad_(), values[w].float().requires_grad_()
    y = functional.conv2d(inputs, weights, padding=1)
    upstream = torch.rand(y.shape, generator=generator) - 0.5
    y.backward(upstream)
    window = Window((1, 1), ((1, 1), (1, 1)), (1, 1))
    for found, exact in zip(fast.convolution(x, w, upstream, window, 0), (inputs, weights), strict=True):
        assert exact.grad is not None
        assert torch.allclose(found, exact.grad, rtol=1e-5, atol=1e-5 * float(exact.grad.abs().max()))
