"""Terms and multiply-accumulates of every sum of products, counted by hand."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from adequate.network import Layer, trace


class Function(nn.Module):
    """A call on the inputs and a parameter p of shape (3, 4)."""

    def __init__(self, call: Callable[..., Tensor]) -> None:
        super().__init__()
        self.call, self.p = call, nn.Parameter(torch.zeros(3, 4))

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.call(*inputs, self.p)


def product(call: Callable[..., Tensor], *shapes: tuple[int, ...]) -> Layer:
    network = trace(Function(call), [torch.zeros(2, *shape) for shape in shapes])
    (layer,) = network.multiplying
    return layer


CASES: dict[str, tuple[Callable[..., Tensor], tuple[tuple[int, ...], ...], int, int]] = {
    # per image: a network input has the shape (batch, *shape)
    "x @ p": (lambda x, p: x @ p, ((3,),), 3, 4 * 3),
    "x @ p, sequence": (lambda x, p: x @ p, ((5, 3),), 3, 5 * 4 * 3),
    "p @ x": (lambda x, p: p @ x, ((4, 5),), 4, 3 * 5 * 4),
    "p[0] @ x": (lambda x, p: torch.matmul(p, x.mT), ((5, 4),), 4, 3 * 5 * 4),
    "linear": (functional.linear, ((4,),), 4, 3 * 4),
    "linear, n-d": (functional.linear, ((5, 6, 4),), 4, 5 * 6 * 3 * 4),
    "mv": (lambda x, p: torch.mv(x, p[0]), ((4,),), 4, 4),
    "x @ y": (lambda x, y, p: x @ y, ((5, 4), (4, 6)), 4, 5 * 6 * 4),
    "x @ y, broadcast": (lambda x, y, p: x @ y, ((7, 5, 4), (1, 4, 6)), 4, 7 * 5 * 6 * 4),
    "einsum with p": (lambda x, p: torch.einsum("bij,oj->bio", x, p), ((5, 4),), 4, 5 * 3 * 4),
    "einsum, p first": (lambda x, p: torch.einsum("oj,bij->boi", p, x), ((5, 4),), 4, 3 * 5 * 4),
    "einsum of two": (lambda x, y, p: torch.einsum("bhqd,bhkd->bhqk", x, y), ((2, 5, 4), (2, 6, 4)), 4, 2 * 5 * 6 * 4),
    "einsum, elementwise": (lambda x, y, p: torch.einsum("bi,bi->bi", x, y), ((5,), (5,)), 1, 5),
    "einsum over the batch": (lambda x, y, p: torch.einsum("bi,bj->ij", x, y), ((5,), (6,)), 1, 5 * 6),
    "tensordot": (lambda x, p: torch.tensordot(x, p, ([2], [1])), ((5, 4),), 4, 5 * 3 * 4),
    "inner": (lambda x, p: torch.inner(x, p), ((5, 4),), 4, 5 * 3 * 4),
    "vecdot": (lambda x, p: torch.linalg.vecdot(x, p), ((3, 4),), 4, 3 * 4),
    "computed kernel": (lambda x, p: functional.conv1d(x, p.unflatten(1, (2, 2)) * 2), ((2, 6),), 4, 3 * 5 * 4),
    "computed weight": (lambda x, p: functional.linear(x, p * 2), ((4,),), 4, 3 * 4),
}


@pytest.mark.parametrize("case", CASES)
def test_terms_and_macs(case: str) -> None:
    call, shapes, terms, macs = CASES[case]
    layer = product(call, *shapes)
    assert (layer.terms, layer.macs) == (terms, macs)


def test_a_parameter_is_the_weight_wherever_it_stands() -> None:
    for case in ("x @ p", "p @ x", "einsum with p", "einsum, p first", "inner"):
        call, shapes, *_ = CASES[case]
        layer = product(call, *shapes)
        assert (layer.inputs, layer.weight, layer.weight_shape) == (("inputs_0",), "p", (3, 4)), case
        assert layer.input_shapes == ((None, *shapes[0]),)


def test_of_two_activations_the_second_takes_the_weight_slot() -> None:
    layer = product(lambda x, y, p: torch.einsum("bqd,bkd->bqk", y, x), (5, 4), (6, 4))
    assert (layer.inputs, layer.weight) == (("inputs_1", "inputs_0"), None)
    assert layer.input_shapes == ((None, 6, 4), (None, 5, 4))


def test_convolutions_without_a_batch() -> None:
    layer = product(lambda x, p: functional.conv1d(x[0], p.unflatten(1, (2, 2))), (2, 6))
    assert (layer.terms, layer.macs) == (4, 3 * 5 * 4)
