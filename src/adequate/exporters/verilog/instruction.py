"""What the machine is told: one record for each pass over a tensor."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import NamedTuple

from adequate.exporters.verilog.hardware import Function, Hardware, Mac, Order, RoundingKind
from adequate.exporters.verilog.hdl import Shape, StructLayout, signed, unsigned
from adequate.formats import Overflow

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


def layout(hardware: Hardware) -> StructLayout:
    """An instruction's bits; all 0 but ``halt`` ends the program."""
    at = hardware.addresses
    count = max(at.data, at.indices, at.parameters) + 1
    one = dict.fromkeys(("halt", "product", "biased", "stationary"), unsigned(1))
    kinds = {
        "function": unsigned(4),
        "order": unsigned(2),
        "mac": _number(hardware.macs),
        "rounding": _number(hardware.roundings),
    }
    counts = dict.fromkeys(("outer", "inner", "columns", "block", "channel_size", "channels"), unsigned(count))
    places = dict.fromkeys(("x", "y", "z"), unsigned(at.data))
    tables = dict.fromkeys(("places", "terms", "rows", "along"), unsigned(at.indices))
    others = {
        "weights": unsigned(at.weights),
        "biases": unsigned(at.biases),
        "parameters": unsigned(at.parameters),
        "mantissa": unsigned(MANTISSA_BITS),
    }
    numbers = dict.fromkeys(("low", "high", "first"), signed(hardware.word))
    factors = dict.fromkeys(("factor_x", "factor_y"), signed(hardware.factor))
    zeros = dict.fromkeys(("zero_x", "zero_w"), signed(max(hardware.zero, 1)))
    return StructLayout({**one, **kinds, **counts, **places, **tables, **others, **numbers, **factors, **zeros})


def encode(instruction: Instruction, hardware: Hardware, address: Callable[[Place], int]) -> int:
    """The instruction as one word of the instruction memory."""
    numbers: dict[str, int] = {}
    numbers["low"], numbers["high"] = _ends(instruction, hardware.word)
    for one in fields(instruction):
        value = getattr(instruction, one.name)
        match one.name:
            case "low" | "high":
                continue
            case "x" | "y" | "z":
                numbers[one.name] = address(value)
            case "first":
                numbers["first"] = wrapped(value, hardware.word)
            case "factors":
                numbers["factor_x"], numbers["factor_y"] = value
            case "zeros":
                numbers["zero_x"], numbers["zero_w"] = value
            case "mac":
                numbers["mac"] = hardware.macs.index(value) if value in hardware.macs else 0
            case "rounding":
                numbers["rounding"] = hardware.roundings.index(value) if value in hardware.roundings else 0
            case _:
                numbers[one.name] = int(value)
    return packed(layout(hardware), numbers)


def halt(hardware: Hardware) -> int:
    """The last word of a program."""
    return packed(layout(hardware), {"halt": 1})


def packed(record: StructLayout, numbers: dict[str, int]) -> int:
    """A record's bits; what is not given is 0.

    Raises:
        ValueError: a number does not fit its field.
    """
    word = 0
    for name, place in record:
        number, shape = numbers.get(str(name), 0), Shape.cast(place.shape)
        if not -(2 ** (shape.width - 1)) * shape.signed <= number < 2 ** (shape.width - shape.signed):
            raise ValueError(f"{name} = {number} does not fit {shape.width} bits")
        word |= (number % 2**shape.width) << place.offset
    return word


def wrapped(number: int, bits: int) -> int:
    """The two's complement number of so many bits with the same lowest bits."""
    half = 2 ** (bits - 1)
    return (number + half) % (2 * half) - half


def _ends(instruction: Instruction, bits: int) -> tuple[int, int]:
    """The ends of a rounding or a clamp in a word of so many bits, which holds every result."""
    low, high, least, most = instruction.low, instruction.high, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    if instruction.rounding is not None and instruction.rounding.overflow is Overflow.WRAP:
        return (low, high) if least <= low and high <= most else (least, most)
    return max(low, least), min(high, most)


def _number(kinds: tuple[object, ...]) -> Shape:
    return unsigned(max((len(kinds) - 1).bit_length(), 1))
