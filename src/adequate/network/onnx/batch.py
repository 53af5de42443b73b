"""A constant batch size made free: the graph walked with two batches at once, its constant shapes opened on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from adequate.network.onnx.binding import Bound, bound_nodes
from adequate.network.onnx.graph import OnnxGraph
from adequate.network.onnx.layer import Value, listed
from adequate.network.onnx.shapes import new_shells, shapes_only

OTHER = 3
"""The second batch, as a multiple of the declared one."""

FREE_SIZE = 32
"""What stands for free sizes other than the batch while walking: an assumed one."""


def free_batch(graph: OnnxGraph) -> OnnxGraph:
    """The graph with the batch left open (-1) in the constant shapes of ``Reshape`` that hold it.

    The batch is the first size of every input, where all agree on a constant. Shapes are walked through without
    computing anything, for that batch and for another. Where no such opening lets the other one through, the graph
    stays as it is.
    """
    sizes = {i.shape[0] for i in graph.inputs if i.shape}
    batch = sizes.pop() if len(sizes) == 1 else None
    openings = any(node.operator == "Reshape" and node.inputs[1] in graph.constants for node in graph.nodes)
    if not openings or not isinstance(batch, int) or any(i.shape is None for i in graph.inputs):
        return graph
    constants, nodes = dict(graph.constants), []
    within: dict[str, int] = {}
    shells = new_shells()
    try:
        with shapes_only(shells):
            values = tuple(_inputs(graph, size) for size in (batch, OTHER * batch))
        for bound in bound_nodes(graph):
            freed, inside = _freed(bound, values, constants, batch, within)
            nodes.append(freed.node)
            _walk(freed, values, constants, shells)
            within.update(dict.fromkeys(freed.node.outputs, inside))
    except (ValueError, RuntimeError):  # inputs too large for torch, or operands that do not fit
        return graph
    if not all(_leads(*(known.get(name) for known in values)) for name in graph.outputs):
        return graph
    return graph.with_nodes(tuple(nodes), constants)


def _inputs(graph: OnnxGraph, batch: int) -> dict[str, Value]:
    return {
        i.name: torch.empty(
            [batch if axis == 0 else size if isinstance(size, int) else FREE_SIZE for axis, size in enumerate(i.shape)],
            dtype=i.dtype,
        )
        for i in graph.inputs
        if i.shape is not None
    }


def _walk(
    bound: Bound, values: Sequence[dict[str, Value]], constants: Mapping[str, Tensor], shells: FakeTensorMode
) -> None:
    """Adds the shapes of what a node computes, for either batch."""
    node = bound.node
    layer = bound.layer({value: constants[value] for value in node.inputs if value in constants})
    for known in values:
        with shapes_only(shells):
            result = layer(*(known[value] for value in node.inputs if value and value not in constants))
        known.update(zip(node.outputs, listed(result), strict=False))


def _freed(
    bound: Bound,
    values: Sequence[Mapping[str, Value]],
    constants: dict[str, Tensor],
    batch: int,
    within: Mapping[str, int],
) -> tuple[Bound, int]:
    """The node, open if it is a ``Reshape`` of what has a batch; and what its result has merged outside the batch.

    ``within`` says so of each value: a size that counts positions times the batch has the positions outside.
    """
    node = bound.node
    merged = max((within.get(value, 1) for value in node.inputs), default=1)
    shape = constants.get(node.inputs[1]) if node.operator == "Reshape" else None
    before, after = (known.get(node.inputs[0]) for known in values) if shape is not None else (None, None)
    if shape is None or shape.dim() != 1 or not isinstance(before, Tensor) or not isinstance(after, Tensor):
        return bound, merged
    axes = [axis for axis, (a, b) in enumerate(zip(before.shape, after.shape, strict=False)) if a != b]
    target = _target(shape.tolist(), list(before.shape))
    if len(axes) != 1 or target is None:
        return bound, merged
    outer = prod(before.shape[: axes[0]]) * merged
    position = _position(target, outer, batch)
    if position is None:
        return bound, merged
    merged = max(outer // prod(target[:position]), 1)
    target[position] = -1
    key = f"{node.inputs[1]} of {node.name}, any batch"
    constants[key] = torch.tensor(target)
    return Bound(replace(node, inputs=(node.inputs[0], key), attributes={}), {}), merged


def _leads(before: Value | None, after: Value | None) -> bool:
    """Whether a result grows with the batch along its first axis alone, or not at all."""
    if not isinstance(before, Tensor) or not isinstance(after, Tensor):
        return True
    return before.shape[1:] == after.shape[1:]


def _target(shape: list[int], before: list[int]) -> list[int] | None:
    """The shape in plain sizes, 0 and -1 replaced by what they mean for one input; None where that is unclear."""
    sizes = [before[i] if size == 0 and i < len(before) else size for i, size in enumerate(shape)]
    if sizes.count(-1) == 1:
        known = -prod(sizes)
        sizes[sizes.index(-1)] = prod(before) // known if known > 0 else 0
    return sizes if all(size > 0 for size in sizes) and prod(sizes) == prod(before) else None


def _position(target: list[int], outer: int, batch: int) -> int | None:
    """Which size of a shape holds the batch, when ``outer`` elements stand outside of it.

    Where a size begins there: that one if it is the batch alone; else, if it is the last, which counts features, the
    one before has the batch inside; else that one. Where none begins there, the one around.
    """
    starts = [prod(target[:i]) for i in range(len(target))]
    alone = [i for i, start in enumerate(starts) if start == outer and target[i] == batch]
    if alone:
        return alone[0]
    begins = [i for i, start in enumerate(starts) if start == outer and target[i] > 1]
    if begins:
        return begins[0] - 1 if 0 < begins[0] == len(target) - 1 and batch == 1 else begins[0]
    around = [i for i, start in enumerate(starts) if start < outer < start * target[i]]
    return around[0] if around else None
