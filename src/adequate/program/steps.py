"""The steps of a program: each makes one value from values that were made before."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from adequate.formats import Format
from adequate.kernels.columns import Window
from adequate.kernels.contraction import Contraction
from adequate.program.products import Approximate
from adequate.program.register import Register
from adequate.program.rounding import Rounder
from adequate.program.value import Value

Array = Any
"""A NumPy array of dtype object that holds Python integers."""


@dataclass(frozen=True)
class Step:
    """Makes ``value``; ``layer`` is the layer of the network that it is part of."""

    value: Value
    layer: str

    @property
    def operands(self) -> tuple[str, ...]:
        """Names of the values it reads."""
        named = (getattr(self, one, None) for one in ("x", "w", "y"))
        return tuple(one for one in named if isinstance(one, str))


@dataclass(frozen=True)
class Input(Step):
    """An input of the network, quantised to ``format``: integers in units of the value."""

    source: str
    format: Format


@dataclass(frozen=True, eq=False)
class Constant(Step):
    """Integers that do not depend on the image; ``format`` is what they are stored in, if they came from one."""

    integers: Array
    format: Format | None = None


@dataclass(frozen=True, eq=False)
class Product(Step):
    """y = sum of products of x and w, plus bias.

    ``products`` None: exact. ``register`` None: the sum is exact, the bias an integer of it, one or one per output
    channel (in the shape that broadcasts against the output). With a register every addition rounds, and the bias is
    added last (see ``Register``).
    """

    x: str
    w: str
    bias: Array | None
    products: Approximate | None
    register: Register | None


@dataclass(frozen=True, eq=False)
class Convolve(Product):
    """A convolution: x (1, C, *sizes), w (O, C/G, *kernel); padding has the number 0.

    k counts input channel, then kernel row, then kernel column; a register adds in this order.
    """

    window: Window


@dataclass(frozen=True, eq=False)
class Contract(Product):
    """A matrix product of any kind: the sum over the labels that the output has not, the last one fastest."""

    contraction: Contraction


@dataclass(frozen=True)
class Round(Step):
    """y = to(x * factor): one factor, or one per index of dimension ``axis``; a positive rational number.

    In hardware a shift where the factor is a power of two, else a multiplication and a shift, and a division where its
    denominator has an odd factor (an average over three elements, say).
    """

    x: str
    factor: tuple[Fraction, ...]
    to: Rounder
    axis: int | None = None


@dataclass(frozen=True)
class Threshold(Step):
    """y = levels[number of thresholds <= x]: rounding to a few values; ascending thresholds, one more level.

    One tuple of thresholds, or one per index of dimension ``axis``.
    """

    x: str
    thresholds: tuple[tuple[int, ...], ...]
    levels: tuple[int, ...]
    axis: int | None = None


@dataclass(frozen=True)
class Add(Step):
    """z = a x + b y for integers a and b: alignment to one grid; with broadcasting."""

    x: str
    y: str
    factors: tuple[int, int]


@dataclass(frozen=True)
class Multiply(Step):
    """z = x y, with broadcasting."""

    x: str
    y: str


@dataclass(frozen=True)
class Divide(Step):
    """z = to(factor x / y), with broadcasting; y is never 0."""

    x: str
    y: str
    factor: Fraction
    to: Rounder


@dataclass(frozen=True)
class Scale(Step):
    """y = factor x for an integer."""

    x: str
    factor: int


@dataclass(frozen=True)
class Clamp(Step):
    """y = x, but no lower than ``low`` and no higher than ``high`` (None: no such end)."""

    x: str
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Choose(Step):
    """z = the larger of x and y, or the smaller; with broadcasting."""

    x: str
    y: str
    largest: bool


@dataclass(frozen=True)
class Pool(Step):
    """The largest element, or the sum, of each window over the last dimensions.

    Beyond the edges there is nothing: no number is larger, none is added.
    """

    x: str
    kernel: tuple[int, ...]
    window: Window
    largest: bool


@dataclass(frozen=True)
class Reduce(Step):
    """The largest element, or the sum, over some dimensions, which stay with size 1."""

    x: str
    axes: tuple[int, ...]
    largest: bool


@dataclass(frozen=True, eq=False)
class Table(Step):
    """y = entries[x - low of x]: a function of one number.

    Where x takes only some of the integers between its ends, ``numbers`` has them, ascending: y = entries[i] for the i
    with numbers[i] = x. In hardware they are the numbers of a float, and i follows from its exponent and mantissa.
    """

    x: str
    entries: Array
    numbers: Array | None = None


@dataclass(frozen=True)
class Concat(Step):
    """Values one after the other along dimension ``along``."""

    parts: tuple[str, ...]
    along: int

    @property
    def operands(self) -> tuple[str, ...]:
        """Names of the parts."""
        return self.parts


@dataclass(frozen=True, eq=False)
class Rearrange(Step):
    """y.flat[i] = x.flat[index.flat[i]], or 0 where the index is -1: every way to move numbers.

    ``index`` has the shape of the value; None: the elements in their order, in another shape.
    """

    x: str
    index: Any = None
