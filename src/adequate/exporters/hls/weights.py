"""How weights are stored, and the exact product of an activation and a stored weight."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from adequate.exporters.hls.parameters import Parameters, parameters
from adequate.exporters.hls.types import Range
from adequate.formats import Binary, Codebook, Format, PowerOfTwo, Scaled, Ternary
from adequate.program.steps import Constant


@dataclass(frozen=True)
class Stored:
    """Weights as codes, with ``product`` an expression of {x} and of a code {w} in integers of the type {sum}."""

    codes: Parameters
    product: str
    arrays: tuple[Parameters, ...] = ()


def stored(constant: Constant, name: str) -> Stored:
    """Weights as their format suggests, where their integers allow it; else the integers themselves.

    Signs are one bit, of which an addition or a subtraction follows; powers of two a sign and an exponent, a shift;
    codebooks an index into a table.
    """
    numbers, format = constant.integers, constant.format
    element: Format | None = format.element if isinstance(format, Scaled) else format
    match element:
        case Binary() if _within(numbers, (-1, 1)):
            return Stored(parameters(name, 1 * (numbers < 0), Range(0, 1)), "signed_by({w} != 0, {sum}({x}))")
        case Ternary() if _within(numbers, (-1, 0, 1)):
            return Stored(parameters(name, numbers, Range(-1, 1)), "selected({w}, {sum}({x}))")
        case PowerOfTwo():
            codes = _powers(numbers, element)
            if codes is not None:
                kind = f"{element.bits}, {str(element.zero).lower()}"
                return Stored(
                    parameters(name, codes, Range(0, 2**element.bits - 1)),
                    f"times_power<{kind}>({{w}}, {{sum}}({{x}}))",
                )
        case Codebook() if len(set(numbers.reshape(-1).tolist())) <= len(element.values):
            levels = sorted(set(numbers.reshape(-1).tolist()))
            table = parameters(f"levels_{name}", np.array(levels, dtype=object))
            place = {level: at for at, level in enumerate(levels)}
            indices = np.vectorize(place.__getitem__, otypes=[np.int64])(numbers)
            index = parameters(name, indices, Range(0, len(element.values) - 1))
            return Stored(index, f"{{sum}}({{x}}) * {table.name}[{{w}}]", (table,))
        case _:
            pass
    return Stored(parameters(name, numbers), "{sum}({x}) * {w}")


def _within(numbers: Any, allowed: tuple[int, ...]) -> bool:
    return set(numbers.reshape(-1).tolist()) <= set(allowed)


def _powers(numbers: Any, format: PowerOfTwo) -> Any:
    """Codes with the sign in the highest bit; None where an integer is none of the format's powers from 2**0 on."""
    codes: list[int] = []
    for n in numbers.reshape(-1).tolist():
        field = abs(n).bit_length() - 1 + format.zero
        if (n == 0 and not format.zero) or abs(n) & (abs(n) - 1) or field >= 2 ** (format.bits - 1):
            return None
        codes.append((field if n else 0) + (2 ** (format.bits - 1) if n < 0 else 0))
    return np.array(codes)
