"""Which bits of integers are needed: from the highest, with its sign, to the lowest that is set."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

_NONE = 32
"""More than any bit's place."""


@dataclass(frozen=True, eq=False)
class Extent:
    """Bits ``bottom`` .. ``top`` - 1 of each integer, kept so that those of a group are maxima.

    ``top`` is 0 where no bit is needed; ``height`` is 32 - bottom, 0 for none. int16.
    """

    top: Tensor
    height: Tensor

    def map(self, function: Callable[[Tensor], Tensor]) -> "Extent":
        """The same function of both: a maximum over a group, an arrangement that fills up with zeros."""
        return Extent(function(self.top), function(self.height))

    @property
    def widths(self) -> Tensor:
        """How many bits, 1 at least."""
        return (self.top + self.height - _NONE).clamp_min(1)


def extents(x: Tensor, bits: int, unit_bits: int, *, signed: bool, minor: bool) -> list[Extent]:
    """The extents of each slice of ``unit_bits`` bits of integers of ``bits`` bits in two's complement, lowest first.

    A negative integer needs the bits up to the last that differs from its sign; where ``signed``, the highest slice
    needs one more for the sign, but none beyond the word. Unless ``minor``, the bits begin at 0.
    """
    places = range(0, bits, unit_bits)
    parts = [(x >> at) & (2**unit_bits - 1) for at in places[:-1]] + [x >> places[-1]]
    found = [_extent(part, unit_bits, signed=False, minor=minor) for part in parts[:-1]]
    return [*found, _extent(parts[-1], bits - places[-1], signed=signed, minor=minor)]


def _extent(x: Tensor, bits: int, *, signed: bool, minor: bool) -> Extent:
    top = _length(x ^ (x >> 31)) + int(signed)
    if not minor:
        return Extent(top.clamp_max(bits), torch.full_like(top, _NONE))
    height = torch.where(x == 0, 0, _NONE + 1 - _length(x & -x))
    return Extent(top.clamp_max(bits), height.to(torch.int16))


def _length(x: Tensor) -> Tensor:
    """Bits of integers that are not negative and have at most 24: 0 of 0."""
    return torch.frexp(x.to(torch.float32)).exponent.to(torch.int16)
