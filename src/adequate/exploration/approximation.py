"""One multiplier in all layers of a design."""

from dataclasses import replace
from fnmatch import fnmatchcase

from adequate.design import Design
from adequate.formats import Fixed, Format, Scaled
from adequate.network.layer import MULTIPLYING
from adequate.operators import Multiplier, SignMagnitude
from adequate.ranges import LayerRanges, Ranges


def approximate(design: Design, multiplier: Multiplier, ranges: Ranges, layers: str = "*") -> Design:
    """The design with ``multiplier`` in every sum of products that has formats, among the ``layers`` of this pattern.

    A multiplier of unsigned integers multiplies magnitudes where a format is signed, as weights' are: the slot takes
    ``SignMagnitude`` of it. An input that was never negative is unsigned first: ``fixed`` with one fractional bit more
    in the same width, so that it reaches as far. A multiplier of signed integers, or of codes of a format, is taken
    as it is. The rule is ours.

    >>> from adequate import Fixed, LayerDesign
    >>> from adequate.operators import Drum
    >>> from adequate.ranges import Range
    >>> ranges = Ranges({"fc": LayerRanges("linear", input=Range(0.0, 2.0))}, 1)
    >>> design = Design({"fc": LayerDesign(Fixed(8, 6), Fixed(8, 7))})
    >>> [str(slot) for slot in approximate(design, Drum(8, 8, 4), ranges)["fc"].slots().values()]
    ['fixed(8,7,unsigned)', 'fixed(8,7)', 'sign_magnitude(drum(8,8,4),signed_a=False)']

    Raises:
        ValueError: no layer of that pattern is a sum of products with an input and a weight format.
    """
    found = design
    for name, seen in ranges.items():
        chosen = design[name]
        if seen.operation not in MULTIPLYING or not fnmatchcase(name, layers):
            continue
        if chosen.input is None or chosen.weight is None:
            continue
        x = _without_sign(chosen.input, seen) if _unsigned(multiplier) else chosen.input
        found = found.with_layers(name, input=x, multiplier=with_signs(multiplier, x, chosen.weight))
    if found == design:
        raise ValueError(f"no sum of products among the layers {layers!r} has an input and a weight format")
    return found


def with_signs(multiplier: Multiplier, x: Format, weight: Format) -> Multiplier:
    """The multiplier for operands of these formats: by sign and magnitude if it is unsigned and one is signed."""
    signs = _signed(x), _signed(weight)
    return SignMagnitude(multiplier, *signs) if _unsigned(multiplier) and any(signs) else multiplier


def _unsigned(multiplier: Multiplier) -> bool:
    operands = (multiplier.a, multiplier.b)
    return multiplier.product is None and not any(one.signed or one.format is not None for one in operands)


def _without_sign(format: Format, seen: LayerRanges) -> Format:
    if not isinstance(format, Fixed) or not format.signed or seen.input is None or seen.input.low < 0:
        return format
    return replace(format, frac=format.frac + 1, signed=False, narrow=False)


def _signed(format: Format) -> bool:
    element = format.element if isinstance(format, Scaled) else format
    return element.minimum < 0
