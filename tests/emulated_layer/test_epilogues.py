"""An addition and a ReLU done in the pass that rounds: the same numbers as node by node, and all of them to be seen."""

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.fx import Interpreter
from torch.nn import functional

from adequate.design import Design, LayerDesign
from adequate.emulated_layer import EmulatedProduct
from adequate.emulated_layer.epilogues import with_epilogue
from adequate.emulation import EmulatedNetwork, emulate
from adequate.formats import Fixed, Minifloat, Scaled
from adequate.network import Network, trace
from adequate.operators import SignMagnitude, TruncatedArray

EIGHT = LayerDesign(input=Fixed(8, 5), weight=Fixed(8, 7), output=Fixed(8, 4))
DESIGNS = {
    "fixed": EIGHT,
    "minifloat": LayerDesign(input=Minifloat(4, 3), weight=Minifloat(4, 3), output=Minifloat(4, 3)),
    "scaled": LayerDesign(
        input=Scaled(Fixed(8, 0), 0.02734375),
        weight=Scaled(Fixed(8, 0), 0.009765625),
        output=Scaled(Fixed(8, 0), 0.0625),
    ),
    "multiplied": LayerDesign(
        input=Fixed(8, 5), weight=Fixed(8, 7), output=Fixed(8, 4), multiplier=SignMagnitude(TruncatedArray(8, 8, 4))
    ),
    "sums as they are": LayerDesign(input=Fixed(8, 5), weight=Fixed(8, 7)),
    "output alone": LayerDesign(output=Fixed(8, 4)),
}


class Ends(nn.Module):
    """Two convolutions and what is done with their results."""

    def __init__(self, end: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 1)
        self.end = end

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.a(x), self.b(x), x)


ENDS: dict[str, tuple[Callable[[Tensor, Tensor, Tensor], Tensor], int]] = {
    "two ReLUs": (lambda a, b, x: torch.cat([a.relu(), functional.relu(b, inplace=True)]), 2),
    "added, then rectified": (lambda a, b, x: (a + b).relu(), 1),
    "added from the right": (lambda a, b, x: torch.relu(x[:, :1].expand(-1, 4, -1, -1) + b) + a, 1),
    "an addend for all channels": (lambda a, b, x: a.relu() + (b + x[:, :1]).relu(), 2),
    "a weighted sum": (lambda a, b, x: torch.add(a, b, alpha=2).relu(), 0),
    "a number added": (lambda a, b, x: (a + 1).relu() * (2 + b), 0),
    "read twice": (lambda a, b, x: a.relu() + a + b.relu() * b, 0),
    "the sum read twice": (lambda a, b, x: (lambda y: y.relu() * y)(a + b), 1),
    "written in place": (lambda a, b, x: b.add_(a).relu_(), 1),
    "the input written in place before the sum": (lambda a, b, x: (x.mul_(0.5)[:, :1] + a) * b, 0),
    "the size added": (lambda a, b, x: a.relu() + (b + x.shape[0]), 2),
    "random numbers between": (lambda a, b, x: a.relu() + (b + 0 * functional.dropout(x, 0.5, True)[:, :1]), 1),
    "itself": (lambda a, b, x: (a + a) * b.relu(), 1),
}  # fmt: skip


@cache
def network(end: str) -> Network:
    torch.manual_seed(1)
    return trace(Ends(ENDS[end][0]), torch.zeros(2, 3, 5, 6))


def emulated(end: str, design: str) -> tuple[EmulatedNetwork, Tensor]:
    x = torch.randn(2, 3, 5, 6, generator=torch.Generator().manual_seed(1))
    return emulate(network(end), Design(dict.fromkeys(("a", "b"), DESIGNS[design]))), x


def count(module: EmulatedNetwork) -> int:
    return module.code.count("with_epilogue(")


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("end", ENDS)
def test_the_numbers_are_those_of_node_by_node(end: str, design: str) -> None:
    module, x = emulated(end, design)
    assert count(module) == ENDS[end][1]
    with torch.no_grad():
        y = module(x.clone())
        assert y.abs().max() > 0.1
        assert torch.equal(y, Interpreter(module).run(x.clone()))


@pytest.mark.parametrize("end", ["two ReLUs", "added, then rectified"])
def test_in_training_too_with_the_same_gradients(end: str) -> None:
    found: list[list[Tensor]] = []
    for run in (lambda module, x: module(x), lambda module, x: Interpreter(module).run(x)):
        module, x = emulated(end, "fixed")
        run(module.train(), x).square().sum().backward()
        found.append([one.grad for one in module.parameters() if one.grad is not None])
    assert len(found[0]) == 4
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


class Zeros(nn.Module):
    def forward(self, x: Tensor, *others: object) -> Tensor:
        return x.new_zeros(len(x), 4, *x.shape[2:])


class WrittenBetween(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        h = x * 1.0
        y = self.c(h)
        h.add_(1.0)
        return y + h


@pytest.mark.parametrize("design", [{}, {"add": LayerDesign(output=Fixed(8, 4))}], ids=["in torch", "in a module"])
def test_a_product_does_not_wait_for_what_writes_to_its_input(design: dict[str, LayerDesign]) -> None:
    made = trace(WrittenBetween(), torch.zeros(2, 3, 5, 6))
    module = emulate(made, Design({"c": EIGHT, **design}))
    x = torch.randn(2, 3, 5, 6, generator=torch.Generator().manual_seed(1))
    assert count(module) == 0
    for mode in (True, False):
        assert torch.equal(module.train(mode)(x.clone()), Interpreter(module).run(x.clone()))


def test_stochastic_weights_draw_in_the_order_of_the_graph() -> None:
    found: list[Tensor] = []
    for run in (lambda module, x: module(x), lambda module, x: Interpreter(module).run(x)):
        module, x = emulated("added, then rectified", "fixed")
        module.round_weights_stochastically(torch.Generator().manual_seed(3))
        found.append(run(module.train(), x))
    assert torch.equal(*found)


def test_a_module_put_in_the_place_of_a_product_is_called() -> None:
    module, x = emulated("added, then rectified", "fixed")
    with torch.no_grad():
        y = module(x)
        setattr(module.emulated, "1", Zeros())
        assert not torch.equal(module(x), y)
        assert torch.equal(module(x), Interpreter(module).run(x))


def test_an_addend_keeps_its_gradient_in_evaluation() -> None:
    """Rounded sums have none; what is added to them has."""
    module, x = emulated("an addend for all channels", "fixed")
    whole = x[:, :1].expand(-1, 4, -1, -1).clone().requires_grad_()
    product = next(one for one in module.modules() if isinstance(one, EmulatedProduct))
    y = with_epilogue(
        product, whole, True, x, module.get_parameter("a.weight"), module.get_parameter("a.bias"), [1, 1], [1, 1]
    )
    y.sum().backward()
    assert whole.grad is not None
    assert torch.equal(whole.grad, (y > 0).float())


def test_who_looks_at_a_products_calls_sees_its_result_alone() -> None:
    module, x = emulated("added, then rectified", "fixed")
    seen: list[Tensor] = []
    product = next(one for one in module.modules() if isinstance(one, EmulatedProduct))
    handle = product.register_forward_hook(lambda module, args, y: seen.append(y.clone()))
    with torch.no_grad():
        watched = module(x)
        handle.remove()
        assert torch.equal(watched, module(x))
    assert len(seen) == 1
    assert (seen[0] < 0).any()
    assert torch.equal(seen[0], EIGHT.output.quantize(seen[0]))  # type: ignore[union-attr]


def test_the_graph_shows_every_node() -> None:
    module, _ = emulated("added, then rectified", "fixed")
    assert [str(node.target) for node in module.graph.nodes if node.op.startswith("call")] == [
        "emulated.0",
        "emulated.1",
        "aten.add.Tensor",
        "aten.relu.default",
    ]
    assert all(node.target is not with_epilogue for node in module.graph.nodes)
