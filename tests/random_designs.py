"""Formats and designs drawn at random, of every family, for one kind of operand each."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Literal

from adequate.design import LayerDesign
from adequate.formats import (
    Binary,
    Codebook,
    Fixed,
    Format,
    Minifloat,
    Nearest,
    Overflow,
    PowerOfTwo,
    Rounding,
    Scaled,
    SharedExponent,
    Specials,
    Ternary,
    Underflow,
)
from adequate.operators import (
    Accumulator,
    BaughWooley,
    Booth,
    BrokenArray,
    Drum,
    Exact,
    LowerOr,
    MinifloatProduct,
    Mitchell,
    Multiplier,
    Offset,
    Operand,
    Order,
    Roba,
    Shift,
    SignMagnitude,
    XnorProduct,
    tabulate,
)

Slot = Literal["input", "weight", "output"]

Along = tuple[int, int] | None
"""How many scales a format of a slot may have, and along which axis."""

RULES = [rule for rule in Rounding if rule is not Rounding.STOCHASTIC]


def fixed(random: Random) -> Format:
    signed, narrow = random.random() < 0.7, random.random() < 0.2
    bits, frac = random.randint(2, 8), random.randint(-2, 8)
    if narrow:
        return Fixed(bits, frac, narrow=True, rounding=random.choice(RULES))
    overflow = Overflow.WRAP if random.random() < 0.15 else Overflow.SATURATE
    return Fixed(bits, frac, signed=signed, rounding=random.choice(RULES), overflow=overflow)


def minifloat(random: Random) -> Format:
    exp, man = random.randint(2, 5), random.randint(0, 4)
    specials = random.choice(list(Specials)) if exp > 2 else Specials.NONE
    bias = random.choice([None, 2 ** (exp - 1) + 2])
    return Minifloat(exp, man, bias, random.choice(list(Underflow)), specials, random.choice(RULES))


def power_of_two(random: Random) -> Format:
    return PowerOfTwo(random.randint(2, 5), random.randint(-2, 2), random.random() < 0.5, random.choice(list(Nearest)))


def levels(random: Random) -> Format:
    values = sorted({random.randint(-40, 40) / 2 ** random.randint(0, 6) for _ in range(random.randint(3, 9))} | {0.75})
    return random.choice([Binary(), Ternary(random.choice([0.0, 0.5, 0.7001953125])), Codebook(tuple(values))])


def element(random: Random) -> Format:
    fixed = Fixed(random.randint(3, 8), 0, narrow=random.random() < 0.5)
    return random.choice([fixed, Minifloat(random.randint(2, 4), random.randint(1, 3)), Ternary(), PowerOfTwo(4)])


def scale(random: Random, dyadic: bool) -> float:
    return 2.0 ** random.randint(-7, 0) if dyadic else random.randint(2**22, 2**24) / 2 ** random.randint(24, 30)


def scaled(random: Random, dyadic: bool) -> Format:
    """Under one scale, sometimes with a zero point."""
    if random.random() < 0.5:
        return Scaled(element(random), scale(random, dyadic))
    return Scaled(Fixed(8, 0, signed=False), scale(random, dyadic), zero=random.randint(0, 255))


def per_channel(random: Random, dyadic: bool, channels: int, axis: int) -> Format:
    scales = tuple(scale(random, dyadic) for _ in range(channels))
    if random.random() < 0.3:
        zeros = tuple(random.randint(-100, 100) for _ in range(channels))
        return Scaled(Fixed(8, 0), scales, zeros, axis=axis)
    return Scaled(element(random), scales, axis=axis)


def block(random: Random, axes: Sequence[int]) -> Format:
    element = random.choice([Minifloat(2, 1), Minifloat(4, 3), Fixed(random.randint(3, 8), 2, narrow=True)])
    return Scaled(element, SharedExponent(random.randint(1, 5)), axis=random.choice(axes))


def any_format(random: Random, slot: Slot, along: Along, axes: Sequence[int] = (1, -1)) -> Format:
    """A format that the slot of a layer takes, blocks lying along one of ``axes``."""
    dyadic = random.random() < 0.5
    makers = [
        lambda: fixed(random),
        lambda: fixed(random),
        lambda: minifloat(random),
        lambda: power_of_two(random),
        lambda: levels(random),
        lambda: scaled(random, dyadic),
    ]
    if axes:
        makers.append(lambda: block(random, axes))
    if slot != "input" and along is not None:
        makers += [lambda: per_channel(random, dyadic, *along)] * 2
    return random.choice(makers)()


def dyadic_only(random: Random, slot: Slot, along: Along, axes: Sequence[int] = (1, -1)) -> Format:
    makers = [fixed, minifloat, power_of_two, levels, lambda random: scaled(random, True)]
    if axes:
        makers.append(lambda random: block(random, axes))
    if slot == "weight" and along is not None:
        makers.append(lambda random: per_channel(random, True, *along))
    return random.choice(makers)(random)


def register(random: Random) -> Accumulator:
    integer = Fixed(random.randint(6, 14), random.randint(0, 8), overflow=random.choice(list(Overflow)))
    format = random.choice([integer, Minifloat(5, random.randint(2, 10)), Minifloat(8, 23)])
    order = random.choice(list(Order))
    return Accumulator(
        format,
        order,
        block=random.randint(1, 5) if order is Order.BLOCKED else None,
        product=random.choice([None, None, Fixed(8, 4), Minifloat(4, 3)]),
        compensated=order is Order.SEQUENTIAL and format is not integer and random.random() < 0.3,
        adder=LowerOr(integer.bits, 3) if format is integer and random.random() < 0.3 else None,
    )


def product(random: Random, channels: int) -> LayerDesign:
    """A design of a convolution or linear layer: exact, or with a register."""
    return contraction(random, (channels, 0), (channels, 1), ((1, -1),) * 3)


def contraction(random: Random, weight: Along, output: Along, axes: Sequence[Sequence[int]]) -> LayerDesign:
    """A design of a sum of products; ``axes`` are those of input, weight and output along which blocks may lie."""
    written = any_format(random, "output", output, axes[2]) if random.random() < 0.8 else None
    if random.random() < 0.3:
        read = dyadic_only(random, "input", None, axes[0]), dyadic_only(random, "weight", weight, axes[1])
        return LayerDesign(*read, None, register(random), written)
    read = any_format(random, "input", None, axes[0]), any_format(random, "weight", weight, axes[1])
    return LayerDesign(*read, output=written)


_ODD = tabulate("odd", lambda a, b: (a * 37 ^ b * 11) % 509 - 200, width_a=4, width_b=5, signed_a=True)

MULTIPLIERS: tuple[Multiplier, ...] = (
    Exact(8, 8),
    Exact(6, 8, signed_a=True, signed_b=True),
    Drum(8, 7, 3),
    SignMagnitude(Drum(8, 8, 3)),
    SignMagnitude(Mitchell(5, 6), signed_a=False),
    SignMagnitude(Roba(6, 6), signed_b=False),
    Offset(BrokenArray(6, 6, horizontal=2, vertical=4)),
    Booth(6, 7, 5),
    BaughWooley(8, 8, 6),
    _ODD,
    Shift(8, 4),
    Shift(6, 3, zero=True, signed_a=False),
    Shift(5, 6),
    XnorProduct(),
    MinifloatProduct(Minifloat(3, 2), Minifloat(4, 1), Minifloat(4, 2)),
    MinifloatProduct(Minifloat(2, 3, underflow=Underflow.FLUSH), Minifloat(2, 1), Minifloat(3, 3)),
    MinifloatProduct(Minifloat(5, 1), Minifloat(2, 1), Minifloat(5, 4)),
    Exact(13, 12, signed_b=True),
    SignMagnitude(Drum(16, 10, 6)),
)
"""Of every kind: products of zero that are not zero, operands with formats, tables in two parts, none for the last."""


def multiplied(
    random: Random, multiplier: Multiplier, weight: Along, output: Along, axes: Sequence[int]
) -> LayerDesign:
    """A design of a sum of a multiplier's products."""
    written = any_format(random, "output", output, axes) if random.random() < 0.8 else None
    x = _operand(random, multiplier.a, None)
    return LayerDesign(x, _operand(random, multiplier.b, weight), multiplier, output=written)


def _operand(random: Random, operand: Operand, along: Along) -> Format:
    signed = operand.signed and random.random() < 0.8
    bits = max(operand.width - (operand.signed and not signed) - random.choice([0, 0, 0, 1, 3]), 1)
    dyadic, under = random.random() < 0.4, random.random()
    if operand.format is None and under < 0.4:
        frac, overflow = random.randint(bits - 6, bits + 2), random.choice([Overflow.SATURATE, Overflow.WRAP])
        return Fixed(bits, frac, signed, rounding=random.choice(RULES), overflow=overflow)
    if operand.format is None:
        format: Format = Fixed(bits, 0, signed, rounding=random.choice(RULES[:2]))
    elif isinstance(operand.format, PowerOfTwo):
        format = replace(operand.format, max_exponent=random.randint(-2, 2), nearest=random.choice(list(Nearest)))
    else:
        format = operand.format
    if operand.format is not None and under < 0.6:
        return format
    count, axis = along if along is not None and under < 0.8 else (1, None)
    shrink = 2.0 ** (2 - bits) if operand.format is None else 1.0
    scales = tuple(scale(random, dyadic) * shrink for _ in range(count))
    zeros = (0,) * count
    if isinstance(format, Fixed) and random.random() < 0.6:
        zeros = tuple(random.choice(format.word) for _ in range(count))
    if axis is None:
        return Scaled(format, scales[0], zeros[0])
    return Scaled(format, scales, zeros if random.random() < 0.5 else zeros[0], axis)


def other(random: Random, channels: int) -> LayerDesign:
    """A design of any other layer; sometimes none."""
    return LayerDesign(
        input=any_format(random, "input", (channels, 1)) if random.random() < 0.5 else None,
        output=any_format(random, "output", (channels, 1)) if random.random() < 0.5 else None,
    )
