"""Resize: by torch where it computes the same, else dimension by dimension, by indices and weights."""

from math import floor
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from adequate.network.onnx.operator import Integers, Numbers

Coordinates = Literal[
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_half_pixel_for_nn",
]
Nearest = Literal["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
Policy = Literal["stretch", "not_larger", "not_smaller"]
LARGEST = 2**16
"""The most elements along a resized dimension."""


def resize(
    x: Tensor,
    _roi: Tensor | None = None,
    scales: Numbers | None = None,
    sizes: Integers | None = None,
    *,
    antialias: int = 0,
    axes: tuple[int, ...] = (),
    coordinate_transformation_mode: Coordinates = "half_pixel",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    keep_aspect_ratio_policy: Policy = "stretch",
    mode: Literal["nearest", "linear", "bilinear", "trilinear", "cubic"] = "nearest",
    nearest_mode: Nearest = "round_prefer_floor",
) -> Tensor:
    """Resize (ONNX, Resize 19): the source of output i is a coordinate, its value one of, or a mean of, its neighbours.

    Torch's own interpolation where it computes the same; else each dimension by indices and weights.
    """
    if antialias:
        raise ValueError("antialias = 1 is not supported")
    chosen = [axis % x.dim() for axis in axes] if axes else list(range(x.dim()))
    lengths, factors = _targets(x, chosen, scales or None, sizes or None, keep_aspect_ratio_policy)
    changed = {axis: (n, f) for axis, n, f in zip(chosen, lengths, factors, strict=True) if not _kept(x, axis, n, f)}
    if not changed:
        return x
    kind = "linear" if mode in ("linear", "bilinear", "trilinear") else mode
    own = _by_torch(x, changed, kind, coordinate_transformation_mode, nearest_mode, cubic_coeff_a, exclude_outside)
    if own is not None:
        return own
    for axis, (length, factor) in changed.items():
        source = _coordinates(int(x.shape[axis]), length, factor, coordinate_transformation_mode)
        if kind == "nearest":
            x = _nearest(x, axis, source, nearest_mode)
        else:
            x = _interpolated(x, axis, source, kind, cubic_coeff_a, bool(exclude_outside))
    return x


def _targets(
    x: Tensor, axes: list[int], scales: Numbers | None, sizes: Integers | None, policy: Policy
) -> tuple[list[int], list[float]]:
    """New length and factor of each axis."""
    if (scales is None) == (sizes is None):
        raise ValueError("it takes either scales or sizes")
    wanted = scales or sizes or []
    if len(wanted) != len(axes):
        raise ValueError(f"{len(wanted)} scales or sizes for {len(axes)} axes")
    own = [x.shape[axis] for axis in axes]
    if sizes is None:
        factors = list(wanted)
        return [size if f == 1 else _length(size, f) for size, f in zip(own, factors, strict=True)], factors
    if policy != "stretch":
        choose = min if policy == "not_larger" else max
        common = choose(n / size for size, n in zip(own, sizes, strict=True))
        return [floor(size * common + 0.5) for size in own], [common] * len(axes)
    return sizes, [1.0 if _same(size, n) else n / size for size, n in zip(own, sizes, strict=True)]


def _length(size: int, factor: float) -> int:
    """The whole part of the product in float32, in which the factor is given: 9/7 of 7 are 9."""
    if not 0 < factor <= LARGEST or not 0 < size * factor <= LARGEST:
        raise ValueError(f"a size of {size} times {factor}")
    return floor(np.float32(size) * np.float32(factor))


def _same(size: int, wanted: object) -> bool:
    return bool(size == wanted)


def _kept(x: Tensor, axis: int, length: int, factor: float) -> bool:
    return factor == 1 and _same(x.shape[axis], length)


def _by_torch(
    x: Tensor,
    changed: dict[int, tuple[int, float]],
    kind: str,
    coordinates: Coordinates,
    nearest: Nearest,
    cubic: float,
    exclude: int,
) -> Tensor | None:
    """``F.interpolate`` where it computes the same: whole images, whose trailing dimensions alone change."""
    count = x.dim() - 2
    if count not in (1, 2, 3) or not set(changed) <= set(range(2, x.dim())):
        return None
    size = [changed[a][0] if a in changed else x.shape[a] for a in range(2, x.dim())]
    exact = all(abs(length - x.shape[a] * factor) < 1e-6 for a, (length, factor) in changed.items())
    if not exact:
        return None
    if kind == "nearest" and (coordinates, nearest) == ("asymmetric", "floor"):
        return F.interpolate(x, size, mode="nearest")
    whole = all(factor >= 1 and factor == int(factor) for _, factor in changed.values())
    if kind == "nearest" and whole and coordinates == "half_pixel" and nearest.startswith("round"):
        return F.interpolate(x, size, mode="nearest")
    aligned = coordinates == "align_corners"
    single = any(length == 1 for length, _ in changed.values())
    if coordinates not in ("align_corners", "half_pixel", "pytorch_half_pixel") or (
        single and coordinates != "half_pixel"
    ):
        return None
    if kind == "linear":
        return F.interpolate(x, size, mode=("linear", "bilinear", "trilinear")[count - 1], align_corners=aligned)
    if kind == "cubic" and count == 2 and cubic == -0.75 and not exclude:
        return F.interpolate(x, size, mode="bicubic", align_corners=aligned)
    return None


def _coordinates(size: int, length: int, factor: float, mode: Coordinates) -> Tensor:
    """Where in the input, counted in elements, each output element lies."""
    if not 0 < length <= LARGEST:
        raise ValueError(f"a size of {length}")
    i = torch.arange(length, dtype=torch.float32)
    if mode == "align_corners":
        return i * (size - 1) / (length - 1) if length > 1 else torch.zeros(1)
    if mode == "asymmetric":
        return i / factor
    if mode == "tf_half_pixel_for_nn":
        return (i + 0.5) / factor
    if mode == "pytorch_half_pixel" and length == 1:
        return torch.zeros(1)
    start = size / 2 * (1 - length / (size * factor)) if mode == "half_pixel_symmetric" else 0.0
    return start + (i + 0.5) / factor - 0.5


def _nearest(x: Tensor, axis: int, source: Tensor, mode: Nearest) -> Tensor:
    rounded = {
        "floor": source.floor(),
        "ceil": source.ceil(),
        "round_prefer_floor": (source - 0.5).ceil(),
        "round_prefer_ceil": (source + 0.5).floor(),
    }[mode]
    return x.index_select(axis, rounded.long().clamp(0, x.shape[axis] - 1).to(x.device))


def _interpolated(x: Tensor, axis: int, source: Tensor, kind: str, cubic: float, exclude: bool) -> Tensor:
    """Means of two or four neighbours; those outside are the border's, or with ``exclude`` none."""
    size, base = x.shape[axis], source.floor()
    part = source - base
    offsets = (0, 1) if kind == "linear" else (-1, 0, 1, 2)
    weights = [1 - part, part] if kind == "linear" else [_cubic((part - o).abs(), cubic) for o in offsets]
    positions = [base.long() + o for o in offsets]
    if exclude:
        weights = [torch.where((p < 0) | (p >= size), 0.0, w) for p, w in zip(positions, weights, strict=True)]
        whole = sum(weights)
        weights = [w / whole for w in weights]
    shape = [1] * x.dim()
    shape[axis] = len(source)
    terms = [
        x.index_select(axis, p.clamp(0, size - 1)) * w.reshape(shape).to(x.dtype)
        for p, w in zip(positions, weights, strict=True)
    ]
    return torch.stack(terms).sum(0)


def _cubic(distance: Tensor, a: float) -> Tensor:
    """Keys' kernel (Keys 1981, eq. 15)."""
    near = ((a + 2) * distance - (a + 3)) * distance.square() + 1
    far = ((distance - 5) * distance + 8) * distance * a - 4 * a
    return torch.where(distance <= 1, near, torch.where(distance < 2, far, torch.zeros_like(distance)))


RESIZES = {"Resize": resize}
