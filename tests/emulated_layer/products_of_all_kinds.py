"""Sums of products of all kinds, drawn at random, with their definition by index."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional

from adequate.network import Layer, Network, trace
from tests import fractions_of as exact


@dataclass(frozen=True)
class Case:
    """``call`` is given x, w and the bias; x is an input of the network, w one too, or a parameter."""

    x: tuple[int, ...]
    w: tuple[int, ...]
    bias: int | None
    call: Callable[..., Tensor]
    meetings: exact.Meetings
    free: tuple[int, ...]
    """The weight's dimensions that are not summed over."""
    bias_axis: int = 1


CONVOLUTIONS = (functional.conv1d, functional.conv2d, functional.conv3d)
TRANSPOSED = (functional.conv_transpose1d, functional.conv_transpose2d, functional.conv_transpose3d)


def convolution(random: Random) -> Case:
    dims, groups = random.choice([1, 1, 2, 2, 3]), random.choice([1, 1, 2])
    channels, outputs = groups * random.randint(1, 2), groups * random.randint(1, 2)
    if random.random() < 0.2:  # depthwise
        groups, channels, outputs = 2, 2, 4
    kernel, dilation = ([random.randint(1, 2) for _ in range(dims)] for _ in range(2))
    space = [gap * (k - 1) + 1 + random.randint(0, 2) for k, gap in zip(kernel, dilation, strict=True)]
    stride, sizes = [random.randint(1, 2) for _ in range(dims)], [random.randint(0, 1) for _ in range(dims)]
    padding: object = random.choice(["same", "valid", sizes])
    if padding == "same":
        stride = [1] * dims
        totals = [gap * (k - 1) for k, gap in zip(kernel, dilation, strict=True)]
        around = [(total // 2, total - total // 2) for total in totals]  # what is odd comes after
    else:
        around = [(0, 0)] * dims if padding == "valid" else [(size, size) for size in sizes]
    x, w = (2, channels, *space), (outputs, channels // groups, *kernel)

    def call(x: Tensor, w: Tensor, bias: Tensor | None) -> Tensor:
        return CONVOLUTIONS[dims - 1](x, w, bias, stride, padding, dilation, groups)

    meetings = exact.convolution_meetings(x, w, tuple(stride), tuple(around), tuple(dilation), groups)
    return Case(x, w, outputs if random.random() < 0.6 else None, call, meetings, (0,))


def transposed(random: Random) -> Case:
    dims, groups = random.choice([1, 1, 2, 2, 3]), random.choice([1, 1, 2])
    channels, per_group = groups * random.randint(1, 2), random.randint(1, 2)
    kernel, dilation, stride = ([random.randint(1, 2) for _ in range(dims)] for _ in range(3))
    space = [random.randint(1, 3) for _ in range(dims)]
    padding = [random.randint(0, gap * (k - 1)) // 2 for k, gap in zip(kernel, dilation, strict=True)]
    more = [random.randint(0, max(step, gap) - 1) for step, gap in zip(stride, dilation, strict=True)]
    x, w = (2, channels, *space), (channels, per_group, *kernel)

    def call(x: Tensor, w: Tensor, bias: Tensor | None) -> Tensor:
        return TRANSPOSED[dims - 1](x, w, bias, stride, padding, more, groups, dilation)

    geometry = tuple(stride), tuple(padding), tuple(dilation), tuple(more), groups
    bias = per_group * groups if random.random() < 0.6 else None
    return Case(x, w, bias, call, exact.transposed_meetings(x, w, *geometry), (1,))


def einsum(equation: str) -> tuple[str, Callable[..., Tensor]]:
    return equation, lambda x, w: torch.einsum(equation, x, w)


CONTRACTIONS: list[tuple[str, Callable[..., Tensor]]] = [
    ("k,ok->o", functional.linear),
    ("nk,ok->no", functional.linear),
    ("abk,ok->abo", functional.linear),
    ("k,k->", torch.dot),
    ("mk,k->m", torch.mv),
    ("mk,kn->mn", torch.mm),
    ("amk,akn->amn", torch.bmm),
    ("k,k->", torch.matmul),
    ("k,kn->n", torch.matmul),
    ("abk,k->ab", torch.matmul),
    ("k,akn->an", torch.matmul),
    ("amk,kn->amn", torch.matmul),
    ("mk,akn->amn", torch.matmul),
    ("bamk,akn->bamn", torch.matmul),
    ("azmk,bkn->abmn", torch.matmul),  # z is 1: a repeated dimension
    einsum("bij,oj->bio"),
    einsum("bhqd,bhkd->bhqk"),
    einsum("bqp,pqo->bo"),
    einsum("bi,bi->b"),
    einsum("bi,bi->"),
    einsum("ij,k->k"),
    einsum("i,j->ji"),
    einsum("ii,ij->j"),
    einsum("bi,jij->bj"),
    ("abi,ji->abj", lambda x, w: torch.einsum("...i,ji->...j", x, w)),
    ("abk,ok->abo", torch.inner),
    ("abc,dca->bd", lambda x, w: torch.tensordot(x, w, ([2, 0], [1, 2]))),
    ("abk,abk->ab", torch.linalg.vecdot),
    ("m,n->mn", torch.outer),
]

PARAMETER_FIRST: list[tuple[str, Callable[..., Tensor]]] = [
    ("akn,mk->amn", lambda x, w: w @ x),
    ("k,k->", lambda x, w: torch.dot(w, x)),
    ("k,mk->m", lambda x, w: torch.mv(w, x)),
    ("bij,oj->obi", lambda x, w: torch.einsum("oj,bij->obi", w, x)),
    ("ok,abk->abo", lambda x, w: functional.linear(w, x)),
]


def contraction(random: Random, equation: str, call: Callable[..., Tensor]) -> Case:
    operands, _, output = equation.partition("->")
    left, right = operands.split(",")
    sizes = {label: random.randint(2, 3) for label in left + right} | {"z": 1}
    x, w = (tuple(sizes[label] for label in labels) for labels in (left, right))
    free = tuple(d for d, label in enumerate(right) if label in output)
    bias = sizes["o"] if call is functional.linear and random.random() < 0.6 else None
    meetings = exact.contraction_meetings(equation, x, w)

    def called(x: Tensor, w: Tensor, bias: Tensor | None) -> Tensor:
        return call(x, w) if bias is None else call(x, w, bias)

    return Case(x, w, bias, called, meetings, free, len(output) - 1)


class Product(nn.Module):
    """One product: its weight a parameter, or the network's second input."""

    def __init__(self, case: Case, w: Tensor | None, bias: Tensor | None) -> None:
        super().__init__()
        self.call = case.call
        self.kernel = None if w is None else nn.Parameter(w)
        self.offset = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor, w: Tensor | None = None) -> Tensor:
        return self.call(x, self.kernel if w is None else w, self.offset)


def drawn(random: Random, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Mixed magnitudes, many of them ties of some format."""
    generator = torch.Generator().manual_seed(random.getrandbits(32))
    values = torch.randn(shape, generator=generator, dtype=torch.float64) * 2.0 ** random.randint(-3, 2)
    ties = (values * 2 ** random.randint(1, 9)).round() / 2 ** random.randint(1, 9)
    return torch.where(torch.rand(shape, generator=generator) < 0.4, ties, values).to(dtype)


def traced(model: nn.Module, *inputs: Tensor) -> tuple[Network, Layer]:
    network = trace(model, inputs)
    (layer,) = network.multiplying
    return network, layer


def any_contraction(random: Random) -> Case:
    return contraction(random, *random.choice(CONTRACTIONS))


def parameter_first(random: Random) -> Case:
    """Only with a parameter for a weight."""
    return contraction(random, *random.choice(PARAMETER_FIRST))


Kind = Callable[[Random], Case]
