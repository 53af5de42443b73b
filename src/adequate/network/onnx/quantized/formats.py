"""The format that an element type, scales and zero points of an ONNX file stand for."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from adequate.formats import E4M3, E5M2, Fixed, Format, Minifloat, Scaled

FLOATS = {
    "float8_e4m3fn": E4M3,
    "float8_e5m2": E5M2,
    "float8_e4m3fnuz": Minifloat(4, 3, bias=8),  # "UZ": the code of -0 is the only NaN, so every magnitude is a number
    "float8_e5m2fnuz": Minifloat(5, 2, bias=16),
}
"""Minifloats of ONNX (its documentation, "Float stored in 8 bits")."""

WIDEST = 16
"""Bits of the widest integers of ONNX that are operands; wider ones are biases."""


def element_of(kind: str) -> Format:
    """The format of an element type, ``int8`` say, without a scale.

    Raises:
        ValueError: numbers of that type are no operands.
    """
    if kind in FLOATS:
        return FLOATS[kind]
    signed, digits = not kind.startswith("u"), kind.removeprefix("u").removeprefix("int")
    if not digits.isdecimal() or int(digits) > WIDEST:
        known = f"int2 to int{WIDEST}, uint2 to uint{WIDEST}, {', '.join(FLOATS)}"
        raise ValueError(f"quantises to {kind}; element types with a format are {known}")
    return Fixed(int(digits), 0, signed=signed)


def clipped(element: Format, low: int, high: int) -> Fixed:
    """An integer element whose codes are clipped to low..high: a narrower word.

    >>> print(clipped(Fixed(8, 0), -8, 7), clipped(Fixed(8, 0), -127, 200), clipped(Fixed(8, 0, signed=False), 0, 15))
    fixed(4,0) fixed(8,0,narrow) fixed(4,0,unsigned)

    Raises:
        ValueError: no word has these codes.
    """
    if not isinstance(element, Fixed):
        raise ValueError(f"clips the codes of {element}, which are no integers")
    return word_of(max(low, element.word[0]), min(high, element.word[-1]))


def word_of(low: int, high: int) -> Fixed:
    """The integer element with the codes low..high.

    Raises:
        ValueError: they are not those of a word, signed, narrow or unsigned.
    """
    if low == 0 and high > 0:
        found = Fixed(high.bit_length(), 0, signed=False)
    else:
        found = Fixed(max(high, 0).bit_length() + 1, 0, narrow=low == -high and high > 0)
    first, last = found.word[0], found.word[-1]
    if (first, last) != (low, high):
        raise ValueError(f"has the codes {low} to {high}, which are no word; {found} has {first} to {last}")
    return found


def format_of(element: Format, scale: Tensor, zero: Tensor, axis: int | None = None) -> Format:
    """value = scale * (element - zero).

    Scales and zero points that differ lie along ``axis``, by default along the dimension, counted from the last, in
    which they broadcast. A power of two without a zero point gives the fixed point it equals.

    >>> print(format_of(Fixed(8, 0), torch.tensor(0.0625), torch.tensor(0)))
    fixed(8,4)
    >>> print(format_of(Fixed(8, 0), torch.tensor([[[0.75]], [[0.5]]]), torch.tensor(3)))
    scaled(fixed(8,0),(0.75,0.5),zero=(3,3),axis=-3)

    Raises:
        ValueError: ``Scaled`` has no such format.
    """
    try:
        scale, zero = torch.broadcast_tensors(scale.double(), zero.double())
    except RuntimeError:
        shapes = f"{tuple(scale.shape)} and {tuple(zero.shape)}"
        raise ValueError(f"has scales and zero points of shapes {shapes}, which do not fit") from None
    varying = [d - scale.dim() for d, size in enumerate(scale.shape) if size > 1]
    if scale.numel() == 0 or len(varying) > 1:
        raise ValueError(f"has scales of shape {tuple(scale.shape)}; those of a format vary along one dimension")
    if not bool(((zero == zero.round()) & (zero.abs() < 2**31)).all()):
        raise ValueError("has zero points that are no whole numbers of 32 bits")
    scales, zeros = tuple(scale.flatten().tolist()), tuple(map(int, zero.flatten().tolist()))
    if len(set(scales)) > 1 or len(set(zeros)) > 1:
        return Scaled(element, scales, zeros, varying[0] if axis is None else axis)
    mantissa, exponent = math.frexp(scales[0])
    if isinstance(element, Fixed) and mantissa == 0.5 and not zeros[0]:
        return replace(element, frac=1 - exponent)
    return element if scales[0] == 1 and not zeros[0] else Scaled(element, scales[0], zeros[0])
