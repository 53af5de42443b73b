"""Memory images: what the machine reads, and what it is to write."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from adequate.exporters.verilog.assembly import Assembly
from adequate.exporters.verilog.hardware import Hardware
from adequate.exporters.verilog.instruction import Place
from adequate.exporters.verilog.pools import Parameter
from adequate.exporters.verilog.records import (
    encode,
    entry_record,
    halt,
    layout,
    packed,
    parameter_bits,
    rounding_record,
    shift_bits,
    threshold_record,
    wrapped,
)
from adequate.operators import Tabulated
from adequate.program.steps import Array, Constant
from adequate.program.value import exponent


def memory_images(assembly: Assembly, hardware: Hardware) -> dict[str, str]:
    """The content of each memory's file, by its name, as ``$readmemh`` reads it."""
    addresses, pools, at = assembly.addresses, assembly.pools, hardware.addresses

    def address(place: Place) -> int:
        return addresses[place.buffer] + place.offset if place.buffer else 0

    instructions = [encode(one.instruction, hardware, address) for one in assembly.passes]
    images = {
        "instructions": words([*instructions, halt(hardware)], layout(hardware).size),
        "indices": words((n if n >= 0 else 2**at.data for n in pools.indices), at.data + 1),
        "parameters": words((_parameter(one, hardware) for one in pools.parameters), parameter_bits(hardware)),
        "data": words(_constants(assembly), hardware.word),
    }
    if hardware.macs:
        images["weights"] = words(
            (_lanes(one, hardware.weight) for one in pools.weights), hardware.columns * hardware.weight
        )
        images["biases"] = words((_lanes(one, hardware.bias) for one in pools.biases), hardware.columns * hardware.bias)
    for number, mac in enumerate(hardware.macs):
        if isinstance(mac.multiplier, Tabulated):
            images[f"table_{number}"] = words(mac.multiplier.table().flatten().tolist(), 32)
    return images


def words(numbers: Iterable[int], bits: int) -> str:
    """Numbers as two's complement words, one a line; a memory is never without one."""
    digits = -(-bits // 4)
    lines = [f"{n % 2**bits:0{digits}x}" for n in numbers]
    return "\n".join(["@0", *(lines or ["0" * digits]), ""])


def lines(numbers: Iterable[int], bits: int) -> str:
    """Numbers as two's complement words of equal length, one a line."""
    digits = -(-bits // 4)
    return "".join(f"{n % 2**bits:0{digits}x}\n" for n in numbers)


def flat(arrays: Sequence[Array]) -> list[int]:
    """All integers of some arrays, in order."""
    return [int(n) for one in arrays for n in np.asarray(one, dtype=object).reshape(-1)]


def _constants(assembly: Assembly) -> list[int]:
    addresses = assembly.addresses
    known = [step for step in assembly.program.steps if isinstance(step, Constant) and step.value.name in addresses]
    data = [0] * max((addresses[one.value.name] + one.integers.size for one in known), default=1)
    for one in known:
        begin = addresses[one.value.name]
        data[begin : begin + one.integers.size] = flat([one.integers])
    return data


def _lanes(numbers: Iterable[int], bits: int) -> int:
    return sum((int(n) % 2**bits) << place * bits for place, n in enumerate(numbers))


def _parameter(one: Parameter, hardware: Hardware) -> int:
    match one:
        case Fraction():
            return packed(rounding_record(hardware), _factor(one, hardware))
        case (threshold, rise):
            bound = 2**hardware.word
            clamped = min(max(threshold, -bound), bound - 1)  # beyond every element, on the same side
            return packed(threshold_record(hardware), {"threshold": clamped, "rise": wrapped(rise, hardware.word)})
        case _:
            return packed(entry_record(hardware), {"entry": one})


def _factor(factor: Fraction, hardware: Hardware) -> dict[str, int]:
    divisor, places = factor.denominator, exponent(Fraction(factor.denominator))
    if places is None:
        places = hardware.operand + hardware.numerator + divisor.bit_length()
        assert places < 2 ** shift_bits(hardware)
    reciprocal = -(-(2**places) // divisor)
    wide = {"denominator": divisor, "reciprocal": reciprocal} if hardware.divides else {}
    return {"numerator": factor.numerator, "shift": places} | wide
