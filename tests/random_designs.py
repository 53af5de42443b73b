"""Formats and designs drawn at random, of every family, for one kind of operand each."""

from collections.abc import Sequence
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
from adequate.operators import Accumulator

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
    return Accumulator(
        random.choice(
            [
                Fixed(random.randint(6, 14), random.randint(0, 8), overflow=random.choice(list(Overflow))),
                Minifloat(5, random.randint(2, 10)),
                Minifloat(8, 23),
            ]
        )
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


def other(random: Random, channels: int) -> LayerDesign:
    """A design of any other layer; sometimes none."""
    return LayerDesign(
        input=any_format(random, "input", (channels, 1)) if random.random() < 0.5 else None,
        output=any_format(random, "output", (channels, 1)) if random.random() < 0.5 else None,
    )
