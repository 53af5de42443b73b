"""What moves elements and computes nothing: shapes, axes, joining and cutting."""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from adequate.network.onnx.operator import Integers, Numbers
from adequate.network.onnx.sizes import Sizes


def identity(x: Tensor) -> Tensor:
    """Identity: the operand itself."""
    return x


def clone(x: Tensor) -> Tensor:
    """No operator of ONNX: what stays of a quantiser whose format no other layer takes."""
    return x.clone()


def dropout(x: Tensor, _ratio: Tensor | None = None, _training_mode: Tensor | None = None) -> tuple[Tensor, ...]:
    """Dropout as in evaluation: everything passes, the mask is true everywhere."""
    return x, torch.ones((), dtype=torch.bool).expand(x.shape)


def shape(x: Tensor, *, start: int = 0, end: int | None = None) -> Sizes:
    """Shape, of the dimensions from ``start`` to before ``end``."""
    return Sizes.of(x.shape[start:end])


def size(x: Tensor) -> Sizes:
    """Size: the number of elements."""
    count = 1
    for length in x.shape:
        count = count * length
    return Sizes.scalar(count)


def reshape(x: Tensor, shape: Integers, *, allowzero: int = 0) -> Tensor:
    """Reshape; 0 copies a size of the input, -1 is what is left."""
    if allowzero:
        return torch.reshape(x, shape)
    if any(s == 0 for s in shape[x.dim() :]):
        raise ValueError(f"shape {shape} copies a size of an input that has {x.dim()} dimensions")
    return torch.reshape(x, [x.shape[i] if isinstance(s, int) and s == 0 else s for i, s in enumerate(shape)])


def flatten(x: Tensor, *, axis: int = 1) -> Tensor:
    """Flatten to a matrix: the dimensions before ``axis``, and those from it on."""
    if not -x.dim() <= axis <= x.dim():
        raise ValueError(f"axis = {axis} of an input of {x.dim()} dimensions")
    axis = axis + x.dim() if axis < 0 else axis
    if axis == 1:
        return torch.flatten(x, 1) if x.dim() > 1 else x.reshape(-1, 1)
    if axis == 0:
        return x.reshape(1, -1)
    return torch.flatten(x.flatten(0, axis - 1), 1) if axis < x.dim() else x.reshape(-1, 1)


def squeeze(x: Tensor, axes: Integers | None = None) -> Tensor:
    """Squeeze; an axis whose size is not 1 is an error."""
    if axes is None:
        return torch.squeeze(x)
    for axis in axes:
        if isinstance(x.shape[axis], int) and x.shape[axis] != 1:
            raise ValueError(f"axis {axis} of shape {list(x.shape)} is not 1")
    return torch.squeeze(x, tuple(axes))


def unsqueeze(x: Tensor, axes: Integers) -> Tensor:
    """Unsqueeze; the axes are counted in the result."""
    for axis in _ascending(axes, x.dim() + len(axes)):
        x = torch.unsqueeze(x, axis)
    return x


def _ascending(axes: Sequence[int], count: int) -> list[int]:
    found = sorted(a + count if a < 0 else a for a in axes)
    if len(set(found)) < len(found) or not all(0 <= a < count for a in found):
        raise ValueError(f"axes {list(axes)} of {count} dimensions")
    return found


def transpose(x: Tensor, *, perm: tuple[int, ...] = ()) -> Tensor:
    """Transpose; without ``perm`` the dimensions are reversed."""
    return torch.permute(x, perm or tuple(reversed(range(x.dim()))))


def concat(*inputs: Tensor, axis: int) -> Tensor:
    """Concat; a single image beside a batch, a constant of a file for one image, goes to every image."""
    if axis % inputs[0].dim() == 0:
        return torch.cat(inputs, axis)
    single = [isinstance(x.shape[0], int) and x.shape[0] == 1 for x in inputs]
    if all(single) or not any(single):
        return torch.cat(inputs, axis)
    count = inputs[single.index(False)].shape[0]
    spread = [x.expand(count, *x.shape[1:]) if one else x for x, one in zip(inputs, single, strict=True)]
    return torch.cat(spread, axis)


def split(
    x: Tensor, split: Integers | None = None, *, axis: int = 0, num_outputs: int | None = None
) -> tuple[Tensor, ...]:
    """Split into given lengths, or into equal ones of which the last may be shorter."""
    if split is not None:
        return torch.split(x, split, axis)
    if num_outputs is None or num_outputs < 1:
        raise ValueError(f"num_outputs = {num_outputs}")
    return torch.split(x, -(-x.shape[axis] // num_outputs), axis)


def slice_(
    x: Tensor, starts: Integers, ends: Integers, axes: Integers | None = None, steps: Integers | None = None
) -> Tensor:
    """Slice as Python's, along the axes given; negative steps run backwards."""
    chosen = axes if axes is not None else list(range(len(starts)))
    strides = steps if steps is not None else [1] * len(starts)
    if not len(starts) == len(ends) == len(chosen) == len(strides):
        raise ValueError(f"{len(starts)} starts, {len(ends)} ends, {len(chosen)} axes, {len(strides)} steps")
    for axis, start, end, step in zip(chosen, starts, ends, strides, strict=True):
        if step == 0:
            raise ValueError("a step of 0")
        if step < 0:
            length = x.shape[axis]
            start, end, x = length - 1 - _inside(start, length, -1), length - 1 - _inside(end, length, -1), x.flip(axis)
        x = torch.ops.aten.slice.Tensor(x, axis, start, end, abs(step))
    return x


def _inside(position: int, length: int, least: int) -> int:
    """A position counted from the end where negative, then kept between ``least`` and the last."""
    position = position + length if position < 0 else position
    return max(least, min(position, length - 1))


def expand(x: Tensor, shape: Integers) -> Tensor:
    """Expand to the shape that the input's and the given one broadcast to."""
    longer = max(x.dim(), len(shape))
    own = [1] * (longer - x.dim()) + list(x.shape)
    wanted = [1] * (longer - len(shape)) + list(shape)
    return x.expand([h if isinstance(w, int) and w == 1 else w for h, w in zip(own, wanted, strict=True)])


def tile(x: Tensor, repeats: Integers) -> Tensor:
    """Tile: copies side by side, so many along each dimension."""
    if len(repeats) != x.dim():
        raise ValueError(f"{len(repeats)} repeats of {x.dim()} dimensions")
    return x.repeat(repeats)


PAD_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def pad(
    x: Tensor,
    pads: Integers,
    constant_value: Numbers | None = None,
    axes: Integers | None = None,
    *,
    mode: Literal["constant", "reflect", "edge", "wrap"] = "constant",
) -> Tensor:
    """Pad; other modes than constant go one dimension at a time, by index, so that any dimension may be padded."""
    chosen = [a % x.dim() for a in axes] if axes is not None else list(range(x.dim()))
    if len(pads) != 2 * len(chosen):
        raise ValueError(f"{len(pads)} pads for {len(chosen)} axes")
    sides = [(0, 0)] * x.dim()
    for axis, start, end in zip(chosen, pads, pads[len(chosen) :], strict=False):
        sides[axis] = (start, end)
    flat = [side for pair in reversed(sides) for side in pair]
    while flat and isinstance(flat[-1], int) and flat[-1] == 0 and flat[-2] == 0:
        flat = flat[:-2]
    if not flat:
        return x
    if mode == "constant":
        return F.pad(x, flat, value=constant_value[0] if constant_value else 0)
    if len(flat) <= 2 * (x.dim() - 2) <= 6 and all(side >= 0 for side in flat):
        inner = flat + [0] * (2 * (x.dim() - 2) - len(flat))
        return F.pad(x, inner, mode=PAD_MODES[mode])
    for axis, (start, end) in enumerate(sides):
        if (start, end) != (0, 0):
            x = x.index_select(axis, _positions(x.shape[axis], start, end, mode).to(x.device))
    return x


def _positions(length: int, start: int, end: int, mode: str) -> Tensor:
    positions = torch.arange(-start, length + end)
    if mode == "edge":
        return positions.clamp(0, length - 1)
    if mode == "wrap":
        return positions % length
    period = max(2 * (length - 1), 1)
    folded = positions % period
    return torch.minimum(folded, period - folded)


def depth_to_space(x: Tensor, *, blocksize: int, mode: Literal["DCR", "CRD"] = "DCR") -> Tensor:
    """DepthToSpace; CRD is torch's pixel shuffle."""
    if mode == "CRD":
        return F.pixel_shuffle(x, blocksize)
    n, c, h, w = x.shape
    y = x.reshape(n, blocksize, blocksize, c // blocksize**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return y.reshape(n, c // blocksize**2, h * blocksize, w * blocksize)


def space_to_depth(x: Tensor, *, blocksize: int) -> Tensor:
    """SpaceToDepth, undone by DepthToSpace in the order DCR."""
    n, c, h, w = x.shape
    y = x.reshape(n, c, h // blocksize, blocksize, w // blocksize, blocksize).permute(0, 3, 5, 1, 2, 4)
    return y.reshape(n, c * blocksize**2, h // blocksize, w // blocksize)


def cast(x: Tensor, *, to: torch.dtype) -> Tensor:
    """Cast, floating point to integers toward zero."""
    return x.to(to)


def cast_like(x: Tensor, like: Tensor) -> Tensor:
    """CastLike: Cast to the second operand's type."""
    return x.to(like.dtype)


MOVEMENTS = {
    "Identity": identity,
    "Clone": clone,
    "Dropout": dropout,
    "Shape": shape,
    "Size": size,
    "Reshape": reshape,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Transpose": transpose,
    "Concat": concat,
    "Split": split,
    "Slice": slice_,
    "Expand": expand,
    "Tile": tile,
    "Pad": pad,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
    "Cast": cast,
    "CastLike": cast_like,
}
