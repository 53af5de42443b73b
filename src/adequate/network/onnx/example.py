"""Inputs a graph declares, made up."""

from collections.abc import Sequence

import torch
from torch import Tensor

from adequate.network.onnx.graph import OnnxGraph, OnnxInput
from adequate.network.onnx.tensors import refuse_large


def example_inputs(graph: OnnxGraph, shape: Sequence[int] | None = None) -> tuple[Tensor, ...]:
    """Zeros of the declared shapes. Free sizes are 1, or those of ``shape``, which describes the first input.

    Raises:
        ValueError: ``shape`` contradicts the declared one or is too large, or an input has none.
    """
    shapes = [_sizes(i, shape if index == 0 else None) for index, i in enumerate(graph.inputs)]
    wanted = [(sizes, i.dtype) for sizes, i in zip(shapes, graph.inputs, strict=True)]
    try:
        refuse_large(wanted)
    except ValueError as error:
        raise ValueError(f"inputs of shapes {', '.join(map(str, shapes[:8]))}: {error}") from error
    return tuple(torch.zeros(sizes, dtype=dtype) for sizes, dtype in wanted)


def _sizes(declared: OnnxInput, shape: Sequence[int] | None) -> tuple[int, ...]:
    sizes = declared.shape
    if sizes is None:
        if shape is None:
            raise ValueError(f"input {declared.name!r} has no shape in the file: give one")
        sizes = tuple(shape)
    elif shape is not None:
        fits = len(shape) == len(sizes) and all(
            s == given or not isinstance(s, int) or i == 0
            for i, (s, given) in enumerate(zip(sizes, shape, strict=False))
        )
        if not fits:
            raise ValueError(f"input {declared.name!r} is {_shown(sizes)}, which {tuple(shape)} does not fit")
        sizes = tuple(shape)
    return tuple(size if isinstance(size, int) else 1 for size in sizes)


def _shown(sizes: Sequence[int | str | None]) -> str:
    return f"({', '.join('?' if size is None else str(size) for size in sizes)})"
