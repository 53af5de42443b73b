"""Small layers with operands, random and adversarial, for the accelerators' models."""

from math import prod
from random import Random

import torch
from torch import Tensor

from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.work import LayerOperands, Work

KINDS = ("plain", "strided", "grouped", "depthwise", "dilated", "line", "pointwise", "connected", "product")
VALUES = ("dense", "sparse", "small", "zero", "one", "ones", "alternating", "negative")
WIDTHS = ((8, 8), (16, 16), (8, 16), (16, 8), (4, 6), (2, 1), (12, 3))


def layers(count: int, seed: int) -> list[Work]:
    """``count`` layers: the kinds in turn, every fill of the activations for each kind, all else drawn."""
    random = Random(seed)
    generator = torch.Generator().manual_seed(seed)
    return [_layer(at, random, generator) for at in range(count)]


def layer(
    loops: LoopNest,
    activation: Tensor,
    weight: Tensor,
    *,
    bits: tuple[int, int] = (8, 8),
    signed: bool = True,
    name: str = "layer",
) -> Work:
    """A layer with these operands; the weight's first dimension is 1, or the runs."""
    runs = len(activation)
    return Work(
        name, loops, bits[0], bits[1], bits[0], bits[0], bits[1], signed, runs=runs, images=runs,
        operands=LayerOperands(activation.to(torch.int32), weight.to(torch.int32), runs),
    )  # fmt: skip


def filled(shape: tuple[int, ...], fill: str, bits: int, signed: bool, generator: torch.Generator) -> Tensor:
    """Integers of ``bits`` bits, int32: one of ``VALUES``."""
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    high = max(high, 1)  # one bit is -1 or 1
    dense = torch.randint(low, high + 1, shape, generator=generator, dtype=torch.int32)
    if fill == "sparse":
        return dense * torch.randint(0, 2, shape, generator=generator, dtype=torch.int32)
    if fill == "small":
        return dense // max(1, high // 3)
    constants = {"zero": 0, "one": 1, "ones": high, "alternating": 0x5555 & high, "negative": low}
    return torch.full(shape, constants[fill], dtype=torch.int32) if fill in constants else dense


def operands_of(loops: LoopNest, runs: int, own_weights: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of a layer's operands."""
    return (
        (runs, loops.groups * loops.channels, *loops.size),
        (runs if own_weights else 1, loops.groups * loops.filters, loops.channels, *loops.kernel),
    )


def _layer(at: int, random: Random, generator: torch.Generator) -> Work:
    kind = KINDS[at % len(KINDS)]
    loops = _loops(kind, random)
    runs = random.choice((1, 1, 2))
    bits = random.choice(WIDTHS)
    signed = random.random() < 0.5
    shapes = operands_of(loops, runs, kind == "product")
    activation = filled(shapes[0], VALUES[at // len(KINDS) % len(VALUES)], bits[0], signed, generator)
    top, bottom, left, right = loops.padding
    activation[:, :, : top or 0] = 0
    activation[:, :, loops.size[0] - bottom :] = 0
    activation[:, :, :, : left or 0] = 0
    activation[:, :, :, loops.size[1] - right :] = 0
    weight = filled(shapes[1], random.choice(("dense", *VALUES)), bits[1], True, generator)
    return layer(loops, activation, weight, bits=bits, signed=signed, name=f"{kind}#{at}")


def _loops(kind: str, random: Random) -> LoopNest:
    channels, filters = random.randint(1, 7), random.randint(1, 6)
    height, width = random.randint(3, 5), random.randint(3, 6)
    if kind == "plain":
        return LoopNest(1, channels, filters, (height, width), (random.randint(1, 3), random.randint(1, 3)))
    if kind == "strided":
        top, bottom, left, right = (random.randint(0, 1) for _ in range(4))
        size, stride = (height + top + bottom, width + left + right), (2, random.randint(1, 3))
        return LoopNest(1, channels, filters, size, (3, 2), stride, padding=(top, bottom, left, right))
    if kind == "grouped":
        return LoopNest(random.randint(2, 3), channels, random.randint(1, 3), (4, 4), (3, 3), padding=(1, 1, 1, 1))
    if kind == "depthwise":
        return LoopNest(channels, 1, random.randint(1, 2), (height, width), (3, 3), padding=(0, 1, 0, 1))
    if kind == "dilated":
        return LoopNest(1, channels, filters, (5, 6), (2, 3), (1, 2), (2, 2))
    if kind == "line":
        return LoopNest(1, channels, filters, (1, 7), (1, 3), (1, 2), padding=(0, 0, 1, 0))
    if kind == "pointwise":
        return LoopNest(1, random.randint(1, 13), filters, (height, width), stride=(random.randint(1, 2), 1))
    if kind == "connected":
        return LoopNest(1, random.randint(1, 40), random.randint(1, 17), (1, 1))
    return LoopNest(random.randint(1, 3), channels, filters, (1, prod((2, random.randint(1, 3)))))
