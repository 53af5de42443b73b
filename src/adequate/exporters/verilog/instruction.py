"""What the machine is told: one record for each pass over a tensor."""

from dataclasses import dataclass
from typing import NamedTuple

from adequate.exporters.verilog.hardware import Function, Mac, Order, RoundingKind

MANTISSA_BITS = 6
"""Of a rounding's mantissa: a float has at most 52 (``Minifloat``)."""


class Place(NamedTuple):
    """An element of a buffer in data memory."""

    buffer: str = ""
    offset: int = 0


NOWHERE = Place()
"""Of what an instruction does not read or write."""


@dataclass(frozen=True)
class Instruction:
    """One pass: ``outer`` results, each from ``inner`` elements, by ``function``; they go to z, z + 1, ...

    Result i of a pass reads x + indices[places + i] + indices[terms + j] for j < ``inner``; a binary function reads
    x + indices[places + i] and y + indices[terms + i]. An index beyond the memory stands for no element: MOVE then
    gives ``first``. With ``product`` the pass is one of the array: result (i, c), for c < ``columns``, is the sum over
    j of the element for (i, j) and the weight (c, j), plus bias c where it is ``biased``; it goes through ``function``
    to z + indices[rows + i] + indices[along + c].

    A channel is ``channel_size`` results long; there are ``channels``, then the first one comes again. Channel k uses
    the parameters from ``parameters`` + k * inner on; with ``product`` the channel is c, if there are several.

    A ``stationary`` pass fills the weight memory instead, from ``weights`` on, the lanes of a word one after the other.
    """

    function: Function
    x: Place
    z: Place
    outer: int
    inner: int = 1
    y: Place = NOWHERE
    places: int = 0
    terms: int = 0
    product: bool = False
    columns: int = 0
    rows: int = 0
    along: int = 0
    stationary: bool = False
    weights: int = 0
    biased: bool = False
    biases: int = 0
    mac: Mac | None = None
    order: Order = Order.SEQUENTIAL
    block: int = 0
    rounding: RoundingKind | None = None
    parameters: int = 0
    channel_size: int = 1
    channels: int = 1
    low: int = 0
    high: int = 0
    first: int = 0
    mantissa: int = 0
    factors: tuple[int, int] = (0, 0)
    zeros: tuple[int, int] = (0, 0)
