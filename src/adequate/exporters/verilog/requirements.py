"""The least hardware that runs a program."""

from collections.abc import Iterable
from fractions import Fraction

from adequate.exporters.verilog.assembly import Assembly, Pass, assemble
from adequate.exporters.verilog.hardware import Addresses, Hardware, Order, address_bits, ordered
from adequate.program import Program
from adequate.program.steps import Product
from adequate.program.value import bits, exponent


def hardware_of(program: Program, rows: int, columns: int) -> Hardware:
    """The least hardware that runs a program on an array of ``rows`` x ``columns`` processing elements.

    It does not depend on the network beyond the lengths of words and the operators. Programs with equal hardware share
    every Verilog file; ``Hardware.joined`` makes one that several programs share.

    Raises:
        ValueError: a step that the machine cannot run, by name.
    """
    return required(assemble(program, rows, columns))


def required(assembly: Assembly) -> Hardware:
    """The least hardware for an assembled program."""
    instructions, pools = [one.instruction for one in assembly.passes], assembly.pools
    stored = [assembly.program.values[one.name] for one in assembly.buffers if one.name in assembly.program.values]
    factors = [one for one in pools.parameters if isinstance(one, Fraction)]
    products = [one for one in assembly.passes if one.instruction.product]
    loads = [one for one in assembly.passes if one.instruction.stationary]
    return Hardware(
        rows=assembly.rows,
        columns=assembly.columns,
        word=max([*(signed_bits(one.low, one.high) for one in stored), *(_loaded(assembly, one) for one in loads)]),
        sum=max(map(_sum_bits, products), default=1),
        weight=max((_weight_bits(assembly, one) for one in products), default=1),
        bias=_width(int(n) for word in pools.biases for n in word),
        numerator=max((one.numerator.bit_length() for one in factors), default=1),
        denominator=max((one.denominator.bit_length() for one in factors), default=1),
        divides=any(exponent(Fraction(one.denominator)) is None for one in factors),
        factor=_width(n for one in instructions for n in one.factors),
        zero=_width(zeros) if any(zeros := [n for one in instructions for n in one.zeros]) else 0,
        loads=bool(loads),
        levels=max(map(_levels, products), default=0),
        orders=ordered(one.order for one in instructions if one.product),
        functions=ordered(one.function for one in instructions),
        roundings=ordered(one.rounding for one in instructions if one.rounding),
        macs=ordered(one.instruction.mac for one in products),
        addresses=Addresses(
            data=address_bits(assembly.size),
            weights=address_bits(len(pools.weights)),
            biases=address_bits(len(pools.biases)),
            indices=address_bits(len(pools.indices)),
            parameters=address_bits(len(pools.parameters)),
            instructions=address_bits(len(instructions) + 1),
        ),
    )


def signed_bits(low: int, high: int) -> int:
    """The width of the two's complement word that holds low .. high."""
    width, signed = bits(low, high)
    return width + (not signed)


def _width(numbers: Iterable[int]) -> int:
    return max((signed_bits(n, n) for n in numbers), default=1)


def _sum_bits(one: Pass) -> int:
    assert isinstance(one.step, Product)
    register = one.step.register
    if register is None:
        return signed_bits(*one.step.value.range)
    return signed_bits(register.rounder.low, register.rounder.high)


def _loaded(assembly: Assembly, one: Pass) -> int:
    """Width of the words that a pass puts into the weight memory, with a sign."""
    return _weight_bits(assembly, one) + 1


def _weight_bits(assembly: Assembly, one: Pass) -> int:
    assert isinstance(one.step, Product)
    if one.step.products is None:
        return signed_bits(*assembly.program.values[one.step.w].range)
    return one.step.products.multiplier.b.width


def _levels(one: Pass) -> int:
    terms = one.instruction.inner - 1
    return {Order.SEQUENTIAL: 0, Order.BLOCKED: 1, Order.TREE: terms.bit_length()}[one.instruction.order]
