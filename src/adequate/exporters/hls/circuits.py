"""Operators as C++ functions of words, and numbers of formats as their codes."""

import hashlib
from dataclasses import replace

from adequate.circuits import Word, cpp
from adequate.exporters.hls.parameters import parameters
from adequate.exporters.hls.scope import Code, code
from adequate.exporters.hls.types import Range
from adequate.exporters.names import plain_text
from adequate.formats import Binary, Format, Minifloat, PowerOfTwo, Underflow
from adequate.operators import Multiplier, Operand
from adequate.operators.adder import Adder


def operator_name(operator: Multiplier | Adder) -> str:
    """The function's identifier: equal for equal operators and for no others."""
    kind = "multiplier" if isinstance(operator, Multiplier) else "adder"
    return f"{kind}_{hashlib.sha256(str(operator).encode()).hexdigest()[:12]}"


def operator_code(operator: Multiplier | Adder) -> Code:
    """The circuit as a function of two words; where there is none, of a table of all pairs."""
    name = operator_name(operator)
    try:
        body = cpp(replace(operator.circuit(), name=name))
    except TypeError:  # a truth table, or a circuit that has one inside
        return _looked_up(operator, name)
    quiet = ["#pragma GCC diagnostic push", '#pragma GCC diagnostic ignored "-Wunused-variable"']
    quiet.append('#pragma GCC diagnostic ignored "-Wunused-parameter"')
    guarded = ["#ifdef __GNUC__", *quiet, "#endif", f"// {plain_text(operator)}", body.rstrip()]
    return code([], ["\n".join([*guarded, "#ifdef __GNUC__", "#pragma GCC diagnostic pop", "#endif"])])


def result_range(multiplier: Multiplier) -> Range:
    """All integers that the multiplier's word can be."""
    word = multiplier(*(Word(0, one.width, one.signed) for one in (multiplier.a, multiplier.b)))
    half = 2 ** (word.width - word.signed)
    return Range(-half if word.signed else 0, half - 1)


def code_expression(operand: Operand, n: str, width: int, what: str) -> str:
    """The code of a number n of an operand's format, n having at most ``width`` bits.

    Raises:
        ValueError: numbers of the format are not coded in arithmetic.
    """
    match operand.format:
        case Minifloat() as one:
            return f"float_code<{one.man}, {one.exp}, {width}>({n})"
        case PowerOfTwo() as one:
            return f"power_code<{one.bits}, {str(one.zero).lower()}, {width}>({n})"
        case Binary():
            return f"{n} < 0 ? 1 : 0"
        case other:
            raise ValueError(f"{what} would need codes of {other}; C++ has those of floats, powers of two and signs")


def number_expression(format: Format, type: str, word: str, what: str) -> str:
    """The number of a code, in units of the format's grid.

    Raises:
        ValueError: numbers of the format are not decoded in arithmetic.
    """
    match format:
        case Minifloat() as one:
            flush = str(one.underflow is not Underflow.GRADUAL).lower()
            return f"float_number<{one.man}, {one.exp}, {flush}, {type}>({word})"
        case PowerOfTwo() as one:
            return f"times_power<{one.bits}, {str(one.zero).lower()}>({word}, {type}(1))"
        case Binary():
            return f"signed_by({word} != 0, {type}(1))"
        case other:
            raise ValueError(f"{what} would need codes of {other}; C++ has those of floats, powers of two and signs")


def _looked_up(multiplier: Multiplier | Adder, name: str) -> Code:
    assert isinstance(multiplier, Multiplier)
    a, b = multiplier.a, multiplier.b
    entries = parameters(f"table_{name}", multiplier.table().numpy())
    place = f"((a & {2**a.width - 1}) << {b.width}) + (b & {2**b.width - 1})"
    lines = [
        f"// {plain_text(multiplier)}",
        f"inline std::int64_t {name}(std::int64_t a, std::int64_t b) {{",
        f"    return {entries.name}[{place}];",
        "}",
    ]
    return code([], ["\n".join(lines)], [entries])
