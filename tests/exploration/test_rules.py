"""Rules against fractional lengths computed by hand (Gysel 2016, 5.2, 6.3, 7.2, and the released code)."""

from math import floor, frexp

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from adequate.calibration import min_max, percentile
from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.exploration import Widths, affine, dynamic_fixed, minifloat_uniform, power_of_two_weights, static_fixed
from adequate.exploration.rules import least_squares
from adequate.formats import Fixed, Format, Minifloat, PowerOfTwo, Scaled, SharedExponent, Underflow
from adequate.network import trace
from adequate.profiling import profile
from adequate.ranges import LayerRanges, Range, Ranges


def within(low: float, high: float) -> Range:
    return Range(low, high)


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


def test_both_operands_of_a_product_of_activations_have_a_format() -> None:
    ranges = Ranges({"matmul": LayerRanges("matmul", False, within(0, 3), within(-1, 0.5), None, within(0, 5))}, 1)
    expected = LayerDesign(input=Fixed(8, 6), weight=Fixed(8, 7), output=Fixed(8, 5))
    assert dynamic_fixed(ranges, 8)["matmul"] == dynamic_fixed(ranges, 8, granularity="channel")["matmul"] == expected
    unseen = Ranges({"matmul": LayerRanges("matmul", False, within(0, 3), None, None, within(0, 5))}, 1)
    assert dynamic_fixed(unseen, 8)["matmul"] == LayerDesign(input=Fixed(8, 6), output=Fixed(8, 5))


def test_a_calibration_says_what_is_covered() -> None:
    """Everything: 8 and -8 to 7.9 take IL 4, the image IL 1. Nine tenths of the magnitudes: 1.0 takes IL 1."""
    seen = Range.of(torch.tensor([1.0] * 18 + [-8.0, 7.9]))
    layer = LayerRanges("conv2d", True, within(0, 0.9), seen, None, seen)
    ranges = Ranges({"a": layer, "b": LayerRanges("linear", False, seen, seen, None, seen)}, 1)
    assert lengths(dynamic_fixed(ranges, 8, calibration=min_max)) == {
        "a": ("fixed(8,7)", "fixed(8,4)", "fixed(8,4)"),
        "b": ("fixed(8,4)", "fixed(8,4)", "fixed(8,4)"),
    }
    most = dynamic_fixed(ranges, 8, calibration=percentile(0.85))
    assert lengths(most)["b"] == ("fixed(8,6)",) * 3  # 1 is in a bin that ends at 1.0625: IL 2
    assert most == dynamic_fixed(ranges, 8, calibration=percentile(0.85), il="thesis_eq_5_2")
    one = Ranges({"a": LayerRanges("conv2d", True, seen, None, None, None)}, 1)
    assert lengths(dynamic_fixed(one, 8, calibration=percentile(0.85), cover_image=False))["a"][0] == "fixed(8,6)"
    assert lengths(dynamic_fixed(one, 8, calibration=percentile(0.85)))["a"][0] == "fixed(8,4)"


PER_CHANNEL = Ranges(
    {
        "conv": LayerRanges(
            "conv2d", False, within(-1, 3), within(-5, 5), None, None, ((-5.0, 1.0), (0.0, 0.3), (0.0, 0.0)), 0, 1
        ),
        "up": LayerRanges("conv_transpose2d", False, None, within(-1, 1), None, None, ((-1.0, 1.0),), 1, 0),
    },
    1,
)


def test_every_output_channel_may_have_its_length() -> None:
    """Largest 5: IL 4, step 2^-4; 0.3: IL 0, step 2^-8; nothing: that of 1, IL 1, step 2^-7."""
    design = dynamic_fixed(PER_CHANNEL, 8, granularity="channel")
    assert design["conv"].weight == Scaled(Fixed(8, 0), (2.0**-4, 2.0**-8, 2.0**-7), axis=0)
    assert design["up"].weight == Scaled(Fixed(8, 0), (2.0**-7,), axis=1)
    assert design.with_layers(list(design), weight=None) == dynamic_fixed(PER_CHANNEL, 8).with_layers(
        list(design), weight=None
    )


def test_blocks_of_weights_share_an_exponent_along_the_sum() -> None:
    design = dynamic_fixed(PER_CHANNEL, 4, granularity=16)
    narrow = Fixed(4, 0, narrow=True)
    assert design["conv"].weight == Scaled(narrow, SharedExponent(16), axis=1)
    assert design["up"].weight == Scaled(narrow, SharedExponent(16), axis=0)


def test_integers_under_a_scale() -> None:
    """Inputs -1 to 3 over 256 codes: 4/255 a step, zero nearest to 63.75; weights to 127 codes; no outputs."""
    step = float(torch.tensor(4 / 255))
    expected = Scaled(Fixed(8, 0, signed=False), step, zero=64)
    scales = tuple(float(torch.tensor(m / 127)) if m else 1.0 for m in (5.0, 0.3, 0.0))
    element = Fixed(8, 0, narrow=True)
    design = affine(PER_CHANNEL, 8)
    assert design["conv"] == LayerDesign(input=expected, weight=Scaled(element, scales[0]))
    assert affine(PER_CHANNEL, 8, granularity="channel")["conv"].weight == Scaled(element, scales, axis=0)
    assert lengths(affine(LENET, Widths(outputs=4)))["conv1"] == (
        str(Scaled.fit((0, 255 / 256), 8, signed=False)),
        None,
        None,
    )


@pytest.mark.parametrize("rule", [dynamic_fixed, affine])
@pytest.mark.parametrize("granularity", ["channels", 0, -3, 1.5, True])
def test_other_granularities_are_refused(rule, granularity) -> None:
    with pytest.raises(ValueError, match="granularity is 'tensor', 'channel' or the size of a block, not"):
        rule(LENET, 8, granularity=granularity)


def test_affine_scales_have_no_blocks() -> None:
    with pytest.raises(ValueError, match="block of 16"):
        affine(LENET, 8, granularity=16)


@pytest.mark.parametrize("granularity", ["tensor", "channel", 3])
def test_a_network_computes_in_what_the_rules_give(granularity) -> None:
    """Sixteen bits for everything leave a network as it is, to 1e-3 of its range, however the weights are scaled."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 4, 2, groups=2), nn.Flatten(), nn.Linear(100, 3)
    )
    x = torch.rand(4, 3, 6, 6)
    network = trace(model.eval(), x)
    ranges = profile(network, [(x, torch.zeros(4, dtype=torch.long))])
    expected = model(x)
    designs = [dynamic_fixed(ranges, 16, granularity=granularity, calibration=min_max)]
    if granularity in ("tensor", "channel"):
        designs.append(affine(ranges, 16, granularity=granularity))
    for design in designs:
        error = (emulate(network, design)(x) - expected).abs().max()
        assert error <= 1e-3 * (expected.max() - expected.min())


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
