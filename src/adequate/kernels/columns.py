"""A convolution as a matrix product: which inputs and weights meet, in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Window:
    """Geometry of a convolution of one to three dimensions; ``padding`` is (before, after) per dimension."""

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int = 1


def window_of(attributes: Mapping[str, Any], kernel: tuple[int, ...]) -> Window:
    """The geometry a convolution's attributes state; ``padding`` may be sizes, "same" or "valid"."""
    dims = len(kernel)

    def sizes(name: str) -> tuple[int, ...]:
        return tuple(attributes[name]) * (dims if len(attributes[name]) == 1 else 1)

    dilation, given = sizes("dilation"), attributes["padding"]
    if given == "same":
        total = [gap * (size - 1) for size, gap in zip(kernel, dilation, strict=True)]
        padding = tuple((extra // 2, extra - extra // 2) for extra in total)
    else:
        padding = tuple((size, size) for size in ((0,) * dims if given == "valid" else sizes("padding")))
    return Window(sizes("stride"), padding, dilation, attributes["groups"])


def untransposed(x: Tensor, w: Tensor, attributes: Mapping[str, Any], zero: int = 0) -> tuple[Tensor, Tensor, Window]:
    """A transposed convolution as a convolution: its inputs ``stride`` apart with ``zero`` between, its kernel turned.

    ``w`` is (C, O/G, *kernel); the weights that come back are (O, C/G, *kernel). Source: Dumoulin and Visin 2016,
    arXiv:1603.07285, section 4.
    """
    kernel = tuple(w.shape[2:])
    given = window_of(attributes, kernel)
    more = tuple(attributes["output_padding"]) * (len(kernel) if len(attributes["output_padding"]) == 1 else 1)
    sizes = [(n - 1) * step + 1 for n, step in zip(x.shape[2:], given.stride, strict=True)]
    spread = x.new_full((*x.shape[:2], *sizes), zero)
    spread[(..., *(slice(None, None, step) for step in given.stride))] = x
    reach = [gap * (size - 1) for size, gap in zip(kernel, given.dilation, strict=True)]
    padding = tuple(
        (far - cut, far - cut + extra) for far, (cut, _), extra in zip(reach, given.padding, more, strict=True)
    )
    turned = w.flip(list(range(2, w.dim()))).unflatten(0, (given.groups, -1)).transpose(1, 2).flatten(0, 1)
    return spread, turned, Window((1,) * len(kernel), padding, given.dilation, given.groups)


def columns(x: Tensor, w: Tensor, window: Window, zero: int = 0) -> tuple[Tensor, Tensor]:
    """Inputs (N, G, L, K) and weights (G, O/G, K) with  y[n, g, l, o] = sum_k inputs[n, g, l, k] weights[g, o, k].

    ``x`` is (N, C, *sizes), ``w`` is (O, C/G, *kernel). k counts input channel, then kernel row, then kernel column;
    l counts output positions in row-major order. Padding is ``zero``.
    """
    kernel = w.shape[2:]
    pads = [size for pair in reversed(window.padding) for size in pair]
    x = functional.pad(x, pads, value=zero)
    for dim, (size, step, gap) in enumerate(zip(kernel, window.stride, window.dilation, strict=True), start=2):
        x = x.unfold(dim, (size - 1) * gap + 1, step)[..., ::gap]
    dims = len(kernel)
    n, channels, *rest = x.shape
    places = rest[:dims]
    split = x.reshape(n, window.groups, channels // window.groups, *places, *kernel)
    order = [0, 1, *range(3, 3 + dims), 2, *range(3 + dims, 3 + 2 * dims)]
    terms = prod(w.shape[1:])
    inputs = split.permute(order).reshape(n, window.groups, prod(places), terms)
    return inputs, w.reshape(window.groups, w.shape[0] // window.groups, terms)


def output_size(sizes: tuple[int, ...], kernel: tuple[int, ...], window: Window) -> tuple[int, ...]:
    """Sizes of the convolution's output: floor((size + padding - (kernel - 1) dilation - 1) / stride) + 1."""
    return tuple(
        (size + sum(pad) - (k - 1) * gap - 1) // step + 1
        for size, k, step, pad, gap in zip(sizes, kernel, window.stride, window.padding, window.dilation, strict=True)
    )
