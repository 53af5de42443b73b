"""Sums of products of signs: bits that differ are counted, and nothing is multiplied (XNOR and popcount).

Source: Rastegari et al. 2016, "XNOR-Net", ECCV, section 3.2.
"""

from math import prod
from typing import Any

import numpy as np

from adequate.exporters.hls.geometry import contraction, convolution
from adequate.exporters.hls.loops import broadcast, nest, place, row_major
from adequate.exporters.hls.parameters import parameters
from adequate.exporters.hls.scope import Code, Scope, code
from adequate.exporters.hls.types import Range
from adequate.formats import Binary
from adequate.operators.multipliers import XnorProduct
from adequate.program.steps import Concat, Constant, Contract, Convolve, Input, Rearrange, Threshold

WORD = 32
"""Bits that are compared at once."""


def both_signs(step: Convolve | Contract, scope: Scope) -> bool:
    """Whether every product is exact and of two signs, the weights being constant, and none is repeated or padded."""
    exact = step.register is None and (step.products is None or isinstance(step.products.multiplier, XnorProduct))
    if not exact or scope.constant(step.w) is None or not (_signs(step.x, scope) and _signs(step.w, scope)):
        return False
    if isinstance(step, Convolve):
        return not any(map(any, step.window.padding))
    one = step.contraction
    sizes = one.sizes(scope.shape(step.x), scope.shape(step.w))
    return all(
        label in labels and shape[labels.index(label)] == sizes[label]
        for labels, shape in ((one.left, scope.shape(step.x)), (one.right, scope.shape(step.w)))
        for label in one.summed
    )


def _signs(name: str, scope: Scope) -> bool:
    """Whether a value is -1 or 1 everywhere, as the step that makes it shows."""
    match scope.made(name):
        case Constant() as made:
            return set(made.integers.reshape(-1).tolist()) <= {-1, 1}
        case Threshold() as made:
            return set(made.levels) <= {-1, 1}
        case Input(format=Binary()) as made:
            return made.value.range == (-1, 1)
        case Rearrange() as made:
            return (made.index is None or int(made.index.min()) >= 0) and _signs(made.x, scope)
        case Concat() as made:
            return all(_signs(part, scope) for part in made.parts)
        case _:
            return False


def counted(step: Convolve | Contract, scope: Scope) -> Code:
    """y = count - 2 * (bits that differ) + bias: the activations of one sum are packed into words, once for all rows of
    weights that they meet.
    """
    name = scope.names[step.value.name]
    g = convolution(step, scope)[0] if isinstance(step, Convolve) else contraction(step, scope)
    outputs, terms = (*g.outer, *g.inner), prod(loop.size for loop in g.summed)
    rows = [loop for loop in outputs if g.x.get(loop.counter)]
    columns = [loop for loop in outputs if not g.x.get(loop.counter)]
    of_weights = [loop for loop in outputs if g.w.get(loop.counter)]
    words = -(-terms // WORD)
    constant = scope.constant(step.w)
    assert constant is not None
    index: Any = np.zeros((), dtype=np.int64)
    for loop in (*of_weights, *g.summed):
        index = index[..., None] + np.arange(loop.size) * g.w.get(loop.counter, 0)
    negative = constant.integers.reshape(-1)[index.reshape(-1, terms)] < 0
    bits = np.pad(negative, ((0, 0), (0, words * WORD - terms))).reshape(-1, words, WORD)
    stored = parameters(f"weights_{name}", (bits * 2 ** np.arange(WORD)).sum(axis=-1), Range(0, 2**WORD - 1))
    first = {
        loop.counter: step_ * words
        for loop, step_ in zip(of_weights, row_major([loop.size for loop in of_weights]), strict=True)
    }
    count = place(
        g.summed, dict(zip((s.counter for s in g.summed), row_major([s.size for s in g.summed]), strict=True))
    )
    x = f"{scope.names[step.x]}[{place((*rows, *g.summed), g.x)}]"
    bit = f"natural<{WORD}>({x} < 0 ? 1 : 0) << (({count}) % {WORD})"
    result, arrays = f"{terms} - 2 * differing", [stored]
    if step.bias is not None:
        bias = parameters(f"biases_{name}", step.bias)
        strides = g.of_output(broadcast(np.shape(step.bias), step.value.shape))
        result, arrays = f"{result} + {bias.name}[{place(outputs, strides)}]", [stored, bias]
    y = place(outputs, g.of_output(row_major(step.value.shape)))
    one = f"differing += ones<{WORD}>(word[i] ^ {stored.name}[{place(of_weights, first)} + i]);"
    column = ["int differing = 0;", f"for (int i = 0; i < {words}; ++i) {one}"]
    column.append(f"{name}[{y}] = {scope.type(step.value.name)}({result});")
    lines = [
        f"{stored.type} word[{words}];",
        f"for (int i = 0; i < {words}; ++i) word[i] = 0;",
        *nest(g.summed, [f"word[({count}) / {WORD}] |= {bit};"], pipelined=True),
        *nest(columns, column, pipelined=True),
    ]
    return code(nest(rows, lines), [], arrays)
