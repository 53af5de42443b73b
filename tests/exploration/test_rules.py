"""Rules against fractional lengths computed by hand (Gysel 2016, 5.2, 6.3, 7.2, and the released code)."""

from math import floor, frexp

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adequate.design import Design, LayerDesign
from adequate.exploration import Widths, dynamic_fixed, minifloat_uniform, power_of_two_weights, static_fixed
from adequate.exploration.rules import least_squares
from adequate.formats import Fixed, Format, Minifloat, PowerOfTwo, Underflow
from adequate.profiling import HIGHEST_EXPONENT, LOWEST_EXPONENT, LayerRanges, Range, Ranges


def within(low: float, high: float) -> Range:
    return Range(low, high, 1, 0, (0,) * (HIGHEST_EXPONENT - LOWEST_EXPONENT + 1))


LENET = Ranges(
    {
        "conv1": LayerRanges(
            "conv2d", True, within(0, 255 / 256), within(-0.5, 0.61), within(-0.1, 0.3), within(-2.1, 3.2)
        ),
        "pool1": LayerRanges("max_pool2d", False, within(-2.1, 3.2), output=within(-1.0, 3.2)),
        "conv2": LayerRanges("conv2d", False, within(-1.0, 3.2), within(-0.24, 0.25), None, within(-9.0, 8.0)),
        "ip1": LayerRanges("linear", False, within(-4.0, 8.0), within(-0.11, 0.09), None, within(-5.0, 7.9)),
        "relu1": LayerRanges("relu", False, within(-5.0, 7.9), output=within(0.0, 7.9)),
        "ip2": LayerRanges("linear", False, within(0.0, 7.9), within(-0.3, 0.27), None, within(-20.0, 100.0)),
    },
    images=1000,
)
"""Ranges of the order of LeNet's, with powers of two among them."""


def lengths(design: Design) -> dict[str, tuple[str | None, ...]]:
    return {
        name: tuple(None if one is None else str(one) for one in (layer.input, layer.weight, layer.output))
        for name, layer in design.items()
    }


def test_the_rule_of_the_code() -> None:
    """Weights: IL = ceil(log2 max) + 1. Inputs and outputs: IL = ceil(log2 max). FL = 8 - IL. The image covered: + 1.

    conv1: 0.61 -> IL 1; 255/256 -> IL 0, covered 1; 3.2 -> IL 2.   conv2: 0.25 -> IL -1; 3.2 -> 2; 9 -> 4.
    ip1: 0.11 -> IL -3 + 1 = -2; 8 -> 3; 7.9 -> 3.   ip2: 0.3 -> IL -1 + 1 = 0; 7.9 -> 3; 100 -> 7.
    """
    assert lengths(dynamic_fixed(LENET, 8)) == {
        "conv1": ("fixed(8,7)", "fixed(8,7)", "fixed(8,6)"),
        "conv2": ("fixed(8,6)", "fixed(8,9)", "fixed(8,4)"),
        "ip1": ("fixed(8,5)", "fixed(8,10)", "fixed(8,5)"),
        "ip2": ("fixed(8,5)", "fixed(8,8)", "fixed(8,1)"),
    }
    assert dynamic_fixed(LENET, 8)["ip2"].output.maximum == 63.5  # of 100: "large values saturate on purpose"
    uncovered = dynamic_fixed(LENET, 8, cover_image=False)
    assert str(uncovered["conv1"].input) == "fixed(8,8)"
    assert uncovered.with_layers("conv1", input=Fixed(8, 7)) == dynamic_fixed(LENET, 8)


def test_equation_5_2_as_printed() -> None:
    """IL = ceil(log2(max + 1)) everywhere: 0.61 -> 1, 255/256 -> 1, 3.2 -> 3, 0.25 -> 1, 9 -> 4, 8 -> 4, 100 -> 7."""
    assert lengths(dynamic_fixed(LENET, 8, il="thesis_eq_5_2")) == {
        "conv1": ("fixed(8,7)", "fixed(8,7)", "fixed(8,5)"),
        "conv2": ("fixed(8,5)", "fixed(8,7)", "fixed(8,4)"),
        "ip1": ("fixed(8,4)", "fixed(8,7)", "fixed(8,4)"),
        "ip2": ("fixed(8,4)", "fixed(8,7)", "fixed(8,1)"),
    }


def test_three_parts_have_three_widths_and_the_image_keeps_eight_bits() -> None:
    assert lengths(dynamic_fixed(LENET, Widths(outputs=4, conv=3, fc=2))) == {
        "conv1": ("fixed(8,7)", "fixed(3,2)", "fixed(4,2)"),
        "conv2": ("fixed(4,2)", "fixed(3,4)", "fixed(4,0)"),
        "ip1": ("fixed(4,1)", "fixed(2,4)", "fixed(4,1)"),
        "ip2": ("fixed(4,1)", "fixed(2,2)", "fixed(4,-3)"),
    }
    assert str(dynamic_fixed(LENET, Widths(outputs=12))["conv1"].input) == "fixed(12,11)"
    only_fc = dynamic_fixed(LENET, Widths(fc=4))
    assert lengths(only_fc) == {"ip1": (None, "fixed(4,6)", None), "ip2": (None, "fixed(4,4)", None)}
    assert dynamic_fixed(LENET, Widths()) == Design()
    assert [str(widths) for widths in (Widths(4, 2, 2), Widths(None, 8))] == ["4/2/2", "float/8/float"]


@given(st.floats(2.0**-30, 2.0**30), st.integers(2, 16))
def test_covered_is_covered_and_saturated_loses_at_most_half(peak: float, bits: int) -> None:
    ranges = Ranges({"fc": LayerRanges("linear", False, within(-peak, 0), within(0, peak), None, within(0, peak))}, 1)
    layer = dynamic_fixed(ranges, bits)["fc"]
    step = 2.0**-layer.weight.frac
    assert peak <= layer.weight.maximum + step
    assert layer.weight.frac == Fixed(bits, bits - frexp(peak)[1] - (frexp(peak)[0] != 0.5)).frac
    assert peak / 2 <= -layer.output.minimum <= peak
    thesis = dynamic_fixed(ranges, bits, il="thesis_eq_5_2")["fc"].output
    assert 2 ** (bits - thesis.frac) / 2 < peak + 1 <= 2 ** (bits - thesis.frac)


def test_one_format_for_all_weights_inputs_and_outputs() -> None:
    products = ["conv1", "conv2", "ip1", "ip2"]

    def everywhere(format: Format) -> Design:
        return Design(dict.fromkeys(products, LayerDesign(input=format, weight=format, output=format)))

    assert static_fixed(LENET, 8, 4) == everywhere(Fixed(8, 4))
    flush = Underflow.FLUSH
    assert minifloat_uniform(LENET, 8) == everywhere(
        Minifloat(4, 3, underflow=flush)
    )  # ceil(log2(log2 100 - 1) + 1) = 4
    assert minifloat_uniform(LENET, 8, 5) == everywhere(Minifloat(5, 2, underflow=flush))
    assert minifloat_uniform(LENET, 6, 2) == everywhere(Minifloat(2, 3, underflow=flush))


@pytest.mark.parametrize(
    ("peak", "exp"), [(10.0, 4), (255.0, 4), (512.0, 4), (513.0, 5), (2.0**17, 5), (2.0**17 + 2, 6)]
)
def test_equation_6_2_and_at_least_four(peak: float, exp: int) -> None:
    """exp bits reach 2**(2**(exp-1) + 1): 2**9 with four, 2**17 with five. The weights do not count."""
    ranges = Ranges({"conv": LayerRanges("conv2d", True, within(0, 1), within(0, 1e9), None, within(-peak, 1))}, 1)
    assert minifloat_uniform(ranges, 12)["conv"].weight == Minifloat(exp, 11 - exp, underflow=Underflow.FLUSH)


def test_weights_that_are_powers_of_two() -> None:
    design = power_of_two_weights(LENET)
    assert design == Design(dict.fromkeys(["conv1", "conv2", "ip1", "ip2"], LayerDesign(weight=PowerOfTwo(4))))
    with_outputs = power_of_two_weights(LENET, 3, outputs=8)
    assert with_outputs.with_layers(list(design), weight=None) == dynamic_fixed(LENET, Widths(outputs=8))
    assert {layer.weight for layer in with_outputs.values()} == {PowerOfTwo(3)}
    fitted = power_of_two_weights(LENET, max_exponent=None)
    exponents = {"conv1": -1, "conv2": -2, "ip1": -3, "ip2": -2}  # 0.61, 0.25, 0.11 (above sqrt(2) / 16), 0.3
    assert {name: layer.weight for name, layer in fitted.items()} == {n: PowerOfTwo(4, e) for n, e in exponents.items()}


def test_products_of_activations_have_no_weight() -> None:
    ranges = Ranges({"matmul": LayerRanges("matmul", False, within(0, 3), None, None, within(0, 5))}, 1)
    assert dynamic_fixed(ranges, 8)["matmul"] == LayerDesign(input=Fixed(8, 6), output=Fixed(8, 5))


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_least_squares_is_the_best_of_all_lengths(bits: int) -> None:
    """Against every length, each error by Python's own rounding, half to even."""
    x = torch.randn(300, generator=torch.Generator().manual_seed(bits), dtype=torch.float64) * 0.1

    def error(frac: int) -> float:
        top = 2 ** (bits - 1) - 1
        rounded = [min(max(round(v * 2.0**frac), -top - 1), top) / 2.0**frac for v in x.tolist()]
        return sum((v - q) ** 2 for v, q in zip(x.tolist(), rounded, strict=True))

    start = Fixed.fit((float(x.min()), float(x.max())), bits)
    best = least_squares(x, start)
    assert error(best.frac) == pytest.approx(min(error(frac) for frac in range(-10, 30)), rel=1e-12)
    assert best == Fixed(bits, best.frac)
    assert floor(best.frac) == best.frac
