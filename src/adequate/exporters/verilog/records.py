"""The bits of instructions and parameters in their memories."""

from collections.abc import Callable
from dataclasses import fields

from adequate.exporters.verilog.hardware import Function, Hardware
from adequate.exporters.verilog.hdl import Shape, StructLayout, signed, unsigned
from adequate.exporters.verilog.instruction import MANTISSA_BITS, Instruction, Place
from adequate.formats import Overflow


def rounding_record(hardware: Hardware) -> StructLayout:
    """A rounding's factor, numerator / denominator.

    The quotient of a number n of ``operand`` + ``numerator`` bits is n * reciprocal >> shift: reciprocal is
    ceil(2**shift / denominator), shift their width and that of the denominator together (Granlund and Montgomery 1994,
    "Division by invariant integers using multiplication", theorem 4.2). Where no denominator divides but powers of two,
    it is n >> shift.
    """
    number = hardware.operand + hardware.numerator
    fields = {"numerator": unsigned(hardware.numerator), "shift": unsigned(shift_bits(hardware))}
    if hardware.divides:
        fields |= {"denominator": unsigned(hardware.denominator), "reciprocal": unsigned(number + 1)}
    return StructLayout(fields)


def shift_bits(hardware: Hardware) -> int:
    """Bits of a rounding's shift."""
    return (hardware.operand + hardware.numerator + hardware.denominator).bit_length()


def threshold_record(hardware: Hardware) -> StructLayout:
    """A threshold, and by how much the level rises from there on (the sum of all rises is a level: it may wrap)."""
    return StructLayout({"threshold": signed(hardware.word + 1), "rise": signed(hardware.word)})


def entry_record(hardware: Hardware) -> StructLayout:
    """An entry of a table."""
    return StructLayout({"entry": signed(hardware.word)})


def parameter_bits(hardware: Hardware) -> int:
    """The width of the parameter memory."""
    records = {
        Function.ROUND: rounding_record,
        Function.THRESHOLD: threshold_record,
        Function.DIVIDE: rounding_record,
        Function.TABLE: entry_record,
        Function.FLOAT_TABLE: entry_record,
    }
    return max([record(hardware).size for one, record in records.items() if one in hardware.functions], default=1)


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
