"""Steps that choose among elements, or move them."""

from math import prod

from adequate.exporters.hls.loops import Loop, broadcast, merged, nest, place, row_major
from adequate.exporters.hls.parameters import parameters
from adequate.exporters.hls.scope import Code, Scope, code
from adequate.exporters.hls.types import Range, holding, literal
from adequate.program.steps import Concat, Pool, Rearrange, Reduce


def pool(step: Pool, scope: Scope) -> Code:
    """Loops over the places, and inside them over the window; what lies outside the edges is passed over."""
    shape, x, dims = step.value.shape, scope.shape(step.x), len(step.kernel)
    first = len(x) - dims
    outer, steps = [Loop(f"i{d}", size) for d, size in enumerate(shape)], row_major(x)
    inner = [Loop(f"k{d}", size) for d, size in enumerate(step.kernel)]
    strides = {f"i{d}": steps[d] for d in range(first)}
    start, inside = 0, list[str]()
    window = step.window
    for d, (pad, _) in enumerate(window.padding):
        stride, gap, size = window.stride[d], window.dilation[d], x[first + d]
        strides |= {f"i{first + d}": stride * steps[first + d], f"k{d}": gap * steps[first + d]}
        start -= pad * steps[first + d]
        last = (shape[first + d] - 1) * stride + (step.kernel[d] - 1) * gap - pad
        at = place([outer[first + d], inner[d]], {f"i{first + d}": stride, f"k{d}": gap}, -pad)
        inside += [f"{at} >= 0"] * (pad > 0) + [f"{at} < {size}"] * (last >= size)
    element = f"{scope.names[step.x]}[{place([*outer, *inner], strides, start)}]"
    return _chosen(step, scope, outer, inner, element, " && ".join(inside))


def reduce(step: Reduce, scope: Scope) -> Code:
    """Loops over the result, and inside them over the dimensions that go."""
    shape = scope.shape(step.x)
    axes = {axis % len(shape) for axis in step.axes}
    outer = [Loop(f"i{d}", 1 if d in axes else size) for d, size in enumerate(shape)]
    inner = [Loop(f"k{d}", shape[d]) for d in sorted(axes)]
    steps = row_major(shape)
    strides = {f"{'k' if d in axes else 'i'}{d}": steps[d] for d in range(len(shape))}
    return _chosen(step, scope, outer, inner, f"{scope.names[step.x]}[{place([*outer, *inner], strides)}]", "")


def _chosen(step: Pool | Reduce, scope: Scope, outer: list[Loop], inner: list[Loop], element: str, where: str) -> Code:
    """The largest element or the sum of the inner loops, where the condition holds."""
    name, own = step.value.name, scope.range(step.value.name)
    if step.largest:
        type, zero = holding(own | scope.range(step.x), f"value {name!r}"), literal(scope.range(step.x).low)
        take = f"if ({element} > result) result = {element};"
    else:
        type, zero, take = holding(own | Range(0, 0), f"value {name!r}"), "0", f"result += {element};"
    body = [f"if ({where}) {take}" if where else take]
    to = {loop.counter: stride for loop, stride in zip(outer, row_major(step.value.shape), strict=True)}
    lines = [
        f"{type} result = {zero};",
        *nest(inner, body, pipelined=True),
        f"{scope.names[name]}[{place(outer, to)}] = {scope.type(name)}(result);",
    ]
    return code(nest(outer, lines))


def concat(step: Concat, scope: Scope) -> Code:
    """A copy of every part."""
    shape, name = step.value.shape, scope.names[step.value.name]
    to, start, lines = row_major(shape), 0, list[str]()
    for part in step.parts:
        own = scope.shape(part)
        loops, (target, source) = merged(own, [to, broadcast(own, own)])
        line = f"{name}[{place(loops, target, start)}] = {scope.names[part]}[{place(loops, source)}];"
        lines += nest(loops, [line], pipelined=True)
        start += own[step.along] * to[step.along % len(shape)]
    return code(lines)


def rearrange(step: Rearrange, scope: Scope) -> Code:
    """A copy, the places coming from an array unless they stay."""
    name, x = scope.names[step.value.name], scope.names[step.x]
    loops = [Loop("i", prod(step.value.shape))]
    at = place(loops, {"i": 1})
    if step.index is None:
        return code(nest(loops, [f"{name}[{at}] = {x}[{at}];"], pipelined=True))
    index = parameters(f"index_{name}", step.index, Range(-1, max(scope.size(step.x) - 1, 0)))
    type, outside = scope.type(step.value.name), f"{index.name}[{at}] < 0"
    line = f"{name}[{at}] = {type}({outside} ? {type}(0) : {type}({x}[{index.name}[{at}]]));"
    return code(nest(loops, [line], pipelined=True), [], [index])
