"""One power-of-two scale for a block of numbers, taken from the numbers themselves."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from adequate.formats.binades import binade
from adequate.formats.checks import require_int

ENDS = (2.0**-127, 2.0**127)
"""The smallest and the largest scale (E8M0, OCP MX v1.0, 5.4.1)."""


@dataclass(frozen=True)
class SharedExponent:
    """A scale per run of ``block`` elements: 2**(floor(log2 max|x|) - emax), an E8M0 number (OCP MX v1.0, 5.4.1, 6.3).

    ``emax`` is the exponent of the element format's largest value. The exponent is kept within -127..127, where a
    block of zeros has the lowest. The last block of a dimension may be shorter.
    """

    name: ClassVar[str] = "shared"
    block: int

    def __post_init__(self) -> None:
        require_int("block of shared", self.block, 1, 2**31)

    def scales(self, x: Tensor, emax: int, axis: int) -> Tensor:
        """The scale of every element of the float64 tensor ``x``, its blocks lying along ``axis``."""
        length = x.shape[axis]
        block = max(1, min(self.block, length))
        padded = torch.nn.functional.pad(x.movedim(axis, -1), (0, -length % block))
        blocks = padded.reshape(*padded.shape[:-1], -(-length // block), block)
        largest = blocks.abs().amax(-1)
        scales = (binade(largest) * 2.0**-emax).clamp(*ENDS)
        return scales.repeat_interleave(block, -1)[..., :length].movedim(-1, axis)

    def __str__(self) -> str:
        return f"{self.name}({self.block})"
