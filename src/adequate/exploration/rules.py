"""Rules: from dynamic ranges to one design, without a search."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

from adequate.calibration import Calibration, Fit, min_max
from adequate.design import Design, LayerDesign
from adequate.formats import Fixed, Format, Minifloat, PowerOfTwo, Scaled, SharedExponent
from adequate.formats.minifloat import Underflow
from adequate.network.layer import CONVOLUTIONS, MULTIPLYING
from adequate.ranges import Interval, LayerRanges, Range, Ranges

IntegerLength = Literal["code", "thesis_eq_5_2"]
Cover = Literal["cover", "saturate", "thesis_eq_5_2"]

Granularity = Literal["tensor", "channel"] | int
"""How many weights share a scale: all, those of an output channel, or blocks of so many along the summed dimension."""

FULLY_CONNECTED = MULTIPLYING - CONVOLUTIONS
"""Operations whose weights are the "fc" part."""

IMAGE_BITS = 8
"""Word length of the network's own input: pixels have 8 bits."""


@dataclass(frozen=True, slots=True)
class Widths:
    """Word lengths of Ristretto's three parts; None leaves a part in floating point.

    ``outputs`` are the inputs and outputs of convolutional and fully connected layers, ``conv`` and ``fc`` their
    weights (Gysel 2016, 5.3). The network's own input has at least ``IMAGE_BITS``.

    >>> str(Widths(4, 2, 2))
    '4/2/2'
    """

    outputs: int | None = None
    conv: int | None = None
    fc: int | None = None

    def __str__(self) -> str:
        return "/".join("float" if bits is None else str(bits) for bits in (self.outputs, self.conv, self.fc))


def dynamic_fixed(
    ranges: Ranges,
    bits: int | Widths,
    *,
    il: IntegerLength = "code",
    cover_image: bool = True,
    calibration: Calibration | None = None,
    granularity: Granularity = "tensor",
) -> Design:
    """Dynamic fixed point: a fractional length per tensor, from its range alone (Gysel 2016, 5.2).

    FL = bits - IL. ``il`` "code" is Ristretto's own rule: IL = ceil(log2 max|w|) + 1 for weights and
    IL = ceil(log2 max|x|) for layer inputs and outputs, whose largest values saturate. "thesis_eq_5_2" is
    IL = ceil(log2(max|x| + 1)). The network's own input is covered whole unless ``cover_image`` is off, as in
    Ristretto's code: half of its range would saturate (our choice).

    With a ``calibration`` the formats cover the interval it returns instead, weights, inputs and outputs alike; the
    network's own input only if it is not covered whole.

    ``granularity`` "channel" gives every output channel of a weight its own fractional length, which covers the
    channel's interval (the calibration sees whole tensors). A number gives so many of the second operand's elements
    that are summed one after another a shared exponent: block floating point.

    Raises:
        ValueError: ``granularity`` is none of these.
    """
    _check(granularity)
    widths = bits if isinstance(bits, Widths) else Widths(bits, bits, bits)
    weight_rule: Cover = "cover" if il == "code" or calibration is not None else il
    output_rule: Cover = "cover" if calibration is not None else "saturate" if il == "code" else il

    def fixed(seen: Range | None, bits: int | None, rule: Cover, calibration: Calibration | None) -> Format | None:
        def fit(interval: Interval) -> Format:
            assert bits is not None
            return Fixed.fit(interval, bits, il=rule)

        return None if seen is None or bits is None else _calibrated(seen, fit, calibration or min_max)

    def weight(layer: LayerRanges, bits: int | None) -> Format | None:
        if layer.weight is None or bits is None:
            return None
        if isinstance(granularity, int) and layer.summed_axis is not None:
            return Scaled(Fixed(bits, 0, narrow=True), SharedExponent(granularity), axis=layer.summed_axis)
        if granularity != "channel" or not layer.weight_channels:
            return fixed(layer.weight, bits, weight_rule, calibration)
        lengths = [Fixed.fit(interval, bits, il=weight_rule).frac for interval in layer.weight_channels]
        return Scaled(Fixed(bits, 0), tuple(2.0**-frac for frac in lengths), axis=layer.channel_axis)

    def choose(layer: LayerRanges) -> LayerDesign:
        outputs = widths.outputs
        covered = layer.reads_image and cover_image
        return LayerDesign(
            input=fixed(
                layer.input,
                _input_bits(layer, widths),
                weight_rule if covered else output_rule,
                None if covered else calibration,
            ),
            weight=weight(layer, _weight_bits(layer, widths)),
            output=fixed(layer.output, outputs, output_rule, calibration),
        )

    return _each(ranges, choose)


def affine(
    ranges: Ranges,
    bits: int | Widths,
    *,
    calibration: Calibration = min_max,
    granularity: Literal["tensor", "channel"] = "tensor",
) -> Design:
    """Integers under scales that are no powers of two: what the field calls int8 (Jacob et al. 2018, 1712.05877, 2).

    Layer inputs are affine, unsigned codes and a zero point over the calibrated interval; weights are symmetric,
    without the most negative code, per tensor or per output channel (which covers its interval). Layer outputs have
    no format: a sum passes ReLU and pooling exactly and is rounded once, by the input of the next product, as in
    integer inference with fused activations.

    Raises:
        ValueError: ``granularity`` is neither.
    """
    _check(granularity)
    if isinstance(granularity, int):
        raise ValueError(f"a block of {granularity} shares a power of two; affine takes 'tensor' or 'channel'")
    widths = bits if isinstance(bits, Widths) else Widths(bits, bits, bits)

    def weight(layer: LayerRanges, bits: int | None) -> Format | None:
        if layer.weight is None or bits is None:
            return None
        if granularity == "tensor" or not layer.weight_channels:
            return _calibrated(layer.weight, lambda interval: Scaled.fit(interval, bits), calibration)
        channels = [Scaled.fit(interval, bits) for interval in layer.weight_channels]
        scales = tuple(one.scale for one in channels if isinstance(one.scale, float))
        return Scaled(channels[0].element, scales, axis=layer.channel_axis)

    def choose(layer: LayerRanges) -> LayerDesign:
        bits = _input_bits(layer, widths)
        if layer.input is None or bits is None:
            return LayerDesign(weight=weight(layer, _weight_bits(layer, widths)))

        def fit(interval: Interval) -> Format:
            return Scaled.fit(interval, bits, signed=False, symmetric=False)

        chosen = min_max if layer.reads_image else calibration
        return LayerDesign(_calibrated(layer.input, fit, chosen), weight(layer, _weight_bits(layer, widths)))

    return _each(ranges, choose)


def static_fixed(ranges: Ranges, bits: int, frac: int) -> Design:
    """One fixed-point format for every weight, layer input and layer output (Gysel 2016, 4.4.1)."""
    return _uniform(ranges, Fixed(bits, frac))


def minifloat_uniform(ranges: Ranges, bits: int, exp: int | None = None) -> Design:
    """One minifloat for every weight, layer input and layer output (Gysel 2016, 6.3): no subnormals, no specials.

    Without ``exp``, it is ceil(log2(log2(max|x|) - 1) + 1) over the layer inputs and outputs, at least 4 (eq. 6.2 and
    Ristretto's code).
    """
    if exp is None:
        seen = [r for one in _products(ranges).values() for r in (one.input, one.output) if r is not None]
        peak = max(r.magnitude for r in seen)
        return _uniform(ranges, Minifloat.fit((-peak, peak), bits, underflow=Underflow.FLUSH))
    return _uniform(ranges, Minifloat(exp, bits - 1 - exp, underflow=Underflow.FLUSH))


def power_of_two_weights(
    ranges: Ranges, bits: int = 4, *, outputs: int | None = None, max_exponent: int | None = -1
) -> Design:
    """Weights that are powers of two, exponents up to ``max_exponent`` (Gysel 2016, 7.2: -1).

    ``max_exponent`` None takes each layer's own, from its range.

    Layer inputs and outputs stay in floating point, as in the thesis, or are dynamic fixed point of ``outputs`` bits,
    as in Ristretto's code (8).
    """
    design = dynamic_fixed(ranges, Widths(outputs=outputs))
    for name, layer in _products(ranges).items():
        if max_exponent is not None:
            format = PowerOfTwo(bits, max_exponent)
        else:
            format = PowerOfTwo.fit(layer.weight.interval if layer.weight is not None else (0.0, 0.0), bits)
        design = design.with_layers(name, weight=format)
    return design


def least_squares(x: Tensor, start: Fixed) -> Fixed:
    """``start`` with the fractional length of the least squared error on ``x``, sum (x - format(x))^2.

    Tried are the lengths from one bit coarser to as many finer as the word has bits, and two.
    """
    candidates = [replace(start, frac=start.frac + more) for more in range(-1, start.bits + 3)]
    return min(candidates, key=lambda format: float((x - format.quantize(x)).double().square().sum()))


def _calibrated(seen: Range, fit: Fit, calibration: Calibration) -> Format:
    return fit(calibration(seen, fit))


def _weight_bits(layer: LayerRanges, widths: Widths) -> int | None:
    return widths.fc if layer.operation in FULLY_CONNECTED else widths.conv


def _input_bits(layer: LayerRanges, widths: Widths) -> int | None:
    outputs = widths.outputs
    return max(outputs, IMAGE_BITS) if layer.reads_image and outputs is not None else outputs


def _check(granularity: Granularity) -> None:
    if granularity not in ("tensor", "channel") and (type(granularity) is not int or granularity < 1):
        raise ValueError(f"granularity is 'tensor', 'channel' or the size of a block, not {granularity!r}")


def _uniform(ranges: Ranges, format: Format) -> Design:
    return _each(ranges, lambda _: LayerDesign(input=format, weight=format, output=format))


def _each(ranges: Ranges, choose: Callable[[LayerRanges], LayerDesign]) -> Design:
    return Design({name: choose(layer) for name, layer in _products(ranges).items()})


def _products(ranges: Ranges) -> dict[str, LayerRanges]:
    """Only convolutional and fully connected layers are approximated (Gysel 2016, 2.2)."""
    return {name: layer for name, layer in ranges.items() if layer.operation in MULTIPLYING}
