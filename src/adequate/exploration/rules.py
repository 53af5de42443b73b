"""Rules: from dynamic ranges to one design, without a search."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

from adequate.design import Design, LayerDesign
from adequate.formats import Fixed, Format, Minifloat, PowerOfTwo
from adequate.formats.minifloat import Underflow
from adequate.network.layer import MULTIPLYING
from adequate.profiling import LayerRanges, Range, Ranges

IntegerLength = Literal["code", "thesis_eq_5_2"]

FULLY_CONNECTED = frozenset({"linear", "matmul"})
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
    ranges: Ranges, bits: int | Widths, *, il: IntegerLength = "code", cover_image: bool = True
) -> Design:
    """Dynamic fixed point: a fractional length per tensor, from its range alone (Gysel 2016, 5.2).

    FL = bits - IL. ``il`` "code" is Ristretto's own rule: IL = ceil(log2 max|w|) + 1 for weights and
    IL = ceil(log2 max|x|) for layer inputs and outputs, whose largest values saturate. "thesis_eq_5_2" is
    IL = ceil(log2(max|x| + 1)). The network's own input is covered whole unless ``cover_image`` is off, as in
    Ristretto's code: half of its range would saturate (our choice).
    """
    widths = bits if isinstance(bits, Widths) else Widths(bits, bits, bits)
    weight_rule = "cover" if il == "code" else il
    output_rule = "saturate" if il == "code" else il

    def choose(layer: LayerRanges) -> LayerDesign:
        weight_bits = widths.fc if layer.operation in FULLY_CONNECTED else widths.conv
        outputs = widths.outputs
        image = layer.reads_image
        covered = image and cover_image
        input_bits = None if outputs is None else max(outputs, IMAGE_BITS) if image else outputs
        return LayerDesign(
            input=_fixed(layer.input, input_bits, weight_rule if covered else output_rule),
            weight=_fixed(layer.weight, weight_bits, weight_rule),
            output=_fixed(layer.output, outputs, output_rule),
        )

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


def _fixed(seen: Range | None, bits: int | None, il: Literal["cover", "saturate", "thesis_eq_5_2"]) -> Format | None:
    return None if seen is None or bits is None else Fixed.fit(seen.interval, bits, il=il)


def _uniform(ranges: Ranges, format: Format) -> Design:
    return _each(ranges, lambda _: LayerDesign(input=format, weight=format, output=format))


def _each(ranges: Ranges, choose: Callable[[LayerRanges], LayerDesign]) -> Design:
    return Design({name: choose(layer) for name, layer in _products(ranges).items()})


def _products(ranges: Ranges) -> dict[str, LayerRanges]:
    """Only convolutional and fully connected layers are approximated (Gysel 2016, 2.2)."""
    return {name: layer for name, layer in ranges.items() if layer.operation in MULTIPLYING}
