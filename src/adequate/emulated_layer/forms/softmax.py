"""Softmax: differences, a table of the exponential, a sum and a division.

    d = x - max x,   e = round(exp(d) * 2**FRACTION) / 2**FRACTION,   y = output(e / sum e)

d is exact; e is rounded half to even and looked up; the sum is exact and at least 1; the quotient is rounded once. From
-d = (FRACTION + 1) ln 2 on e is 0, so that d is held there and the table ends. Each e but the largest, which is 1, is
off by at most h = 2**-(FRACTION + 1), and so e / sum e of n elements by at most n h.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, exp, ldexp, log

import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.emulated_layer.forms.form import Given, IntegerForm, formats_of
from adequate.emulated_layer.forms.multiples import Multiples, has_one_scale, multiples_of
from adequate.kernels.exact import DIGITS
from adequate.kernels.expansion import odd_quotient
from adequate.network import Layer

FRACTION = 16
"""Fraction bits of the exponentials, our choice: below 12 bits of output they add less than its own rounding does."""

MOST_ENTRIES = 2**16
"""Entries of the largest table."""


@dataclass(frozen=True, eq=False)
class Softmax(IntegerForm):
    """y = output(e / sum e) along one dimension."""

    numbers: Multiples

    def __call__(self, x: Tensor, given: Given) -> Tensor:
        n = self.numbers.read(x, self.what("input")) * 2.0**-self.numbers.grid
        dim = given["dim"]
        below = (n.amax(dim, keepdim=True) - n).clamp(max=self.reach).long()
        e = torch.take(self.entries.to(x.device), below)
        total = e.sum(dim, keepdim=True)
        apart = self._apart(x.shape[dim])
        quotient = e / total if apart else odd_quotient(*torch.broadcast_tensors(e, total))
        return self.settled(quotient, given["dtype"] or x.dtype)

    def _apart(self, n: int) -> bool:
        """Whether no quotient of n elements that lies beside a tie of the output is as near as float64 rounds.

        A tie is a multiple of 2**(grid - 1), and the sum at most n * 2**FRACTION: a quotient is either on a tie or at
        least 2**(grid - 1 - FRACTION) / n from it.
        """
        grid = self.output.grid
        return grid is not None and FRACTION + n.bit_length() + 1 - grid < DIGITS[torch.float64]

    @property
    def reach(self) -> int:
        """The largest difference that is told apart, in units of the input."""
        return reach(self.numbers)

    @property
    def entries(self) -> Tensor:
        """exp(-n unit) * 2**FRACTION rounded, for n = 0 .. reach; float64."""
        return _exponentials(self.numbers.scale * 2.0**self.numbers.grid, self.reach)


def softmax(layer: Layer, chosen: LayerDesign) -> Softmax | None:
    """The form of a softmax without a mask, whose table is not too long."""
    formats = formats_of(chosen)
    if formats is None or not has_one_scale(formats[1]) or "dim" not in dict(layer.attributes):
        return None
    numbers = multiples_of(formats[0])
    if numbers is None or reach(numbers) >= MOST_ENTRIES or len(layer.input_shapes) != 1:
        return None
    return Softmax(layer, *formats, numbers)


def reach(numbers: Multiples) -> int:
    """The first difference with an exponential of 0, or the largest there is."""
    span = float(numbers.format.maximum - numbers.format.minimum)
    return ceil(min((FRACTION + 1) * log(2), span) / (numbers.scale * 2.0**numbers.grid))


@lru_cache(maxsize=16)
def _exponentials(unit: float, reach: int) -> Tensor:
    entries = (round(ldexp(exp(-n * unit), FRACTION)) for n in range(reach + 1))
    return torch.tensor(list(entries), dtype=torch.float64)
