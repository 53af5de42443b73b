"""The integers a multiplier is given for numbers in a format."""

import torch
from torch import Tensor

from adequate.formats import Binary, Fixed, Format, PerChannel, PowerOfTwo, Scaled, SharedExponent, Ternary
from adequate.program.products import numbers

_WHOLE = (Fixed, PowerOfTwo, Binary, Ternary)


def has_integers(format: Format | None) -> bool:
    """Whether every number of the format is an integer times one scale per tensor or per channel."""
    if isinstance(format, PerChannel):
        return all(map(has_integers, format.formats))
    element = format.element if isinstance(format, Scaled) else format
    shared = isinstance(format, Scaled) and isinstance(format.scale, SharedExponent)
    return isinstance(element, _WHOLE) and not shared


def width_of(format: Format | None) -> int:
    """Bits of the integers of a format, sign included; of another format, of its codes; 32 without one.

    Of channels in formats of their own, those of the widest.
    """
    if format is None:
        return 32
    if isinstance(format, PerChannel):
        return max(map(width_of, format.formats))
    element = format.element if isinstance(format, Scaled) else format
    return element.digits + 1 if isinstance(element, PowerOfTwo) else element.bits


def integers_of(x: Tensor, format: Format) -> Tensor:
    """``x`` quantised, as int32 steps of the format's grid from its zero point.

    Raises:
        ValueError: the format has no integers (see ``has_integers``) or some of more than 31 bits, or the tensor does
            not fit its channels.
    """
    if not has_integers(format):
        raise ValueError(f"{format} has no integers: they are of fixed, power-of-two, binary and ternary formats")
    if width_of(format) > 31:
        raise ValueError(f"{format} has integers of {width_of(format)} bits; at most 31 are multiplied")
    if isinstance(format, PerChannel):
        channels = zip(x.unbind(format.axis), format.formats, strict=True)
        return torch.stack([integers_of(one, its) for one, its in channels], format.axis)
    element = format.element if isinstance(format, Scaled) else format
    codes = format.encode(x.detach())
    found = codes if isinstance(element, Fixed) else _looked_up(codes, element)
    if isinstance(format, Scaled) and format.zero != 0:
        shape = [1] * x.dim()
        if format.axis is not None:
            shape[format.axis] = -1
        found = found - torch.tensor(format.zero).reshape(shape)
    return found.to(torch.int32)


def _looked_up(codes: Tensor, element: Format) -> Tensor:
    table = numbers(element)
    low = min(table)
    row = torch.zeros(max(table) - low + 1, dtype=torch.int64)
    for code, number in table.items():
        row[code - low] = number
    return row[codes - low]
