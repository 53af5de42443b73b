"""Caffe's layers that only move numbers: concatenation, slices, other shapes."""

from itertools import pairwise
from math import prod

from torch import nn

from adequate.network.caffe.message import Message
from adequate.network.caffe.modules import Concat, Reshape, Slice
from adequate.network.caffe.net import CaffeLayer
from adequate.network.caffe.products import Shape, axis_of


def concat(layer: CaffeLayer, *shapes: Shape) -> nn.Module:
    """Along ``axis``, channels if nothing else is said; old files call it ``concat_dim``."""
    return Concat(_axis(layer.message.message("concat_param"), "concat_dim", shapes[0]))


def slices(layer: CaffeLayer, shape: Shape) -> nn.Module:
    """Parts between the ``slice_point``s, or equal parts without any. Source: Caffe, ``slice_layer.cpp``."""
    parameters = layer.message.message("slice_param")
    axis, parts = _axis(parameters, "slice_dim", shape), len(layer.writes)
    points = parameters.integers("slice_point", 1)
    if not points and parts and shape[axis] % parts == 0:
        return Slice((shape[axis] // parts,) * parts, axis)
    ends = (0, *points, shape[axis])
    found = tuple(end - start for start, end in pairwise(ends))
    if len(found) != parts or min(found) < 1:
        raise ValueError(f"{shape[axis]} channels cannot be cut at {points} into {parts} parts")
    return Slice(found, axis)


def flatten(layer: CaffeLayer, shape: Shape) -> nn.Module:
    """The dimensions from ``axis`` to ``end_axis`` as one; without either each image becomes a row."""
    parameters = layer.message.message("flatten_param")
    return nn.Flatten(axis_of(parameters, "axis", shape, 1), axis_of(parameters, "end_axis", shape, -1))


def reshape(layer: CaffeLayer, shape: Shape) -> nn.Module:
    """Sizes as given, 0 for the one that was there and -1 for what is left. Source: Caffe, ``reshape_layer.cpp``.

    The batch stays as it is: a leading size, constant or not, is taken for it.
    """
    parameters = layer.message.message("reshape_param")
    start = parameters.integer("axis", 0, -len(shape) - 1, len(shape))
    start = start + len(shape) + 1 if start < 0 else start
    covered = parameters.integer("num_axes", -1, -1, len(shape) - start)
    end = len(shape) if covered == -1 else start + covered
    given = parameters.message("shape").integers("dim", -1)
    if any(size == 0 and start + index >= len(shape) for index, size in enumerate(given)):
        raise ValueError(f"a size of 0 beyond the {len(shape)} dimensions of {shape}")
    middle = [shape[start + index] if size == 0 else size for index, size in enumerate(given)]
    image = [*shape[:start], *middle, *shape[end:]][1:]
    known = prod(size for size in image if size != -1)
    if image.count(-1) == 1 and known and prod(shape[1:]) % known == 0:
        image[image.index(-1)] = prod(shape[1:]) // known
    if -1 in image or prod(image) != prod(shape[1:]):
        raise ValueError(f"{prod(shape[1:])} numbers of an image have no shape {tuple(image)}")
    return Reshape(tuple(image))


def _axis(parameters: Message, old: str, shape: Shape) -> int:
    return axis_of(parameters, old if parameters.has(old) else "axis", shape, 1)
