"""Training the steps of the formats together with the weights: LSQ.

Esser et al., *Learned Step Size Quantization*, 2020 (arXiv:1902.08153), section 2.
"""

from collections.abc import Callable
from dataclasses import replace
from math import log2, sqrt
from pathlib import Path

import torch
from torch import Generator, Tensor, nn

from adequate.design import Design
from adequate.emulated_layer import EmulatedProduct
from adequate.emulation import EmulatedNetwork, emulate
from adequate.finetuning.grid import Grid
from adequate.finetuning.recipe import Batches, Recipe, Shuffled, Step
from adequate.finetuning.training import Training, Watch
from adequate.formats import Fixed, Scaled
from adequate.network import Network
from adequate.network.graph import copy_graph
from adequate.network.operands import slots_of
from adequate.observation import products

MOMENTUM = 0.9  # section 3
SMALLEST = 2.0**-6
"""A step never falls below this share of its start, so that it stays positive (assumed)."""

LEARNING = Recipe(rate=0.01)  # section 3: SGD with momentum, initial learning rate 0.01 below 8 bits


def learn_steps(
    network: Network,
    design: Design,
    batches: Shuffled | Batches,
    *,
    epochs: int,
    generator: Generator,
    powers_of_two: bool = False,
    recipe: Recipe = LEARNING,
    checkpoint: Path | None = None,
    progress: Callable[[Step], None] | None = None,
) -> tuple[Network, Design]:
    """The network with trained weights and the design with trained steps, of weights, inputs and outputs of products.

    x^ = s (clip(round(x / s), lowest, highest)); the gradient passes the rounding straight through, so that

        dx^/ds = round(x / s) - x / s inside the range, lowest or highest code outside,

    and is multiplied by g = 1 / sqrt(N Q_P), N the weights of the step (of an input or output: the elements of one
    image) and Q_P the highest code (eqs. 1-4, 2.2). Steps start at the design's own and are trained by gradient descent
    with momentum, as the weights are. Formats that are ``fixed`` or ``scaled(fixed)`` with stored scales are trained,
    the others stay. The result has float32 scales; with ``powers_of_two`` every step is rounded to the nearest power of
    two (of log2) from the first batch on, so that all scales are shifts.

    Of all epochs the best on held-out data is kept; ``recipe``, ``checkpoint`` and ``progress`` are as in ``finetune``,
    but layer inputs and outputs are always quantised.

    Raises:
        ValueError: as ``finetune``, or the design has no step to learn.
    """
    teacher = copy_graph(network.graph) if recipe.distillation else None
    trainee = _LearnedSteps(network, design, recipe, powers_of_two)
    training = Training(trainee, batches, epochs, generator, recipe, Watch(checkpoint, progress), teacher)
    trainee.module.load_state_dict(training.train())
    return trainee.result()


class _LearnedStep(nn.Module):
    """A quantiser whose steps are parameters."""

    def __init__(self, grid: Grid, per_image: bool, powers_of_two: bool) -> None:
        super().__init__()
        self.grid, self.per_image, self.powers_of_two = grid, per_image, powers_of_two
        self.steps = nn.Parameter(torch.tensor(grid.steps, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """x -> step * code."""
        elements = x.numel() / (len(x) if self.per_image else len(self.steps))
        g = 1 / sqrt(max(elements, 1.0) * max(self.grid.highest, 1))
        steps = self.steps * g + (self.steps - self.steps * g).detach()
        if self.powers_of_two:
            steps = steps + (torch.exp2(steps.log2().round()) - steps).detach()
        step = self.grid.along(steps.to(x.dtype), x)
        zero = self.grid.along(torch.tensor(self.grid.zeros, dtype=x.dtype, device=x.device), x)
        codes = torch.clamp(x / step + zero, self.grid.lowest, self.grid.highest)
        return (codes + (codes.round() - codes).detach() - zero) * step

    @torch.no_grad()
    def keep_positive(self) -> None:
        """Moves steps that fell too low back."""
        smallest = torch.tensor(self.grid.steps, dtype=torch.float32, device=self.steps.device) * SMALLEST
        self.steps.copy_(torch.maximum(self.steps, smallest))

    def format(self) -> Fixed | Scaled:
        """The format with the steps as they are now."""
        steps = self.steps.tolist()
        return self.grid.with_steps(tuple(2.0 ** round(log2(s)) if self.powers_of_two else s for s in steps))


class _LearnedSteps:
    def __init__(self, network: Network, design: Design, recipe: Recipe, powers_of_two: bool) -> None:
        self.network, self.design, self.powers_of_two = network, design, powers_of_two
        self.module = emulate(network, design)
        self.steps = _learnable(self.module, powers_of_two)
        if not self.steps:
            raise ValueError("the design has no fixed or scaled(fixed) format of a product whose step could be learned")
        self.weights = tuple(network.state())
        self.module.train()
        self.optimizer = torch.optim.SGD(self.module.parameters(), lr=recipe.rate, momentum=MOMENTUM)

    @property
    def identity(self) -> tuple[str, ...]:
        return "learn_steps", self.network.digest, self.design.digest, str(self.powers_of_two)

    def prepare(self, share: float, seed: int) -> None:  # noqa: ARG002 - nothing is random or scheduled here
        for step in self.steps.values():
            step.keep_positive()

    def result(self) -> tuple[Network, Design]:
        """Network and design as they are now."""
        design = self.design
        for (layer, slot), step in self.steps.items():
            step.keep_positive()
            design = design.with_layers(layer, **{slot: step.format()})
        state = self.module.state_dict()
        return self.network.with_state({name: state[name] for name in self.weights}), design

    def scored(self) -> nn.Module:
        return emulate(*self.result())


def _learnable(emulated: EmulatedNetwork, powers_of_two: bool) -> dict[tuple[str, str], _LearnedStep]:
    """Puts learned quantisers around the products, in the place of their formats: (layer, slot) -> quantiser."""
    found: dict[tuple[str, str], _LearnedStep] = {}
    learned = nn.ModuleList()
    emulated.add_module("learned_steps", learned)
    for layer, nodes in products(emulated).items():
        product = emulated.get_submodule(str(nodes[0].target))
        assert isinstance(product, EmulatedProduct)
        if product.design.multiplier is not None:
            raise ValueError(
                f"layer {layer!r}: the steps of a multiplier's operands cannot be learned; learn them before"
            )
        operands = [slots_of(node, product.layer.operation) for node in nodes]
        if any(first is second for first, second in operands):
            continue  # a node's operands are replaced by identity
        for slot in ("input", "weight", "output"):
            grid = Grid.of(getattr(product.design, slot))
            if grid is None:
                continue
            step = _LearnedStep(grid, slot != "weight" or product.layer.weight is None, powers_of_two)
            product.design = replace(product.design, **{slot: None})
            found[layer, slot] = step
            name = f"learned_steps.{len(learned)}"
            learned.append(step)
            for node, (first, second) in zip(nodes, operands, strict=True):
                if slot == "output":
                    with emulated.graph.inserting_after(node):
                        after = emulated.graph.call_module(name, (node,))
                    node.replace_all_uses_with(after, delete_user_cb=lambda user, after=after: user is not after)
                else:
                    operand = first if slot == "input" else second
                    with emulated.graph.inserting_before(node):
                        node.replace_input_with(operand, emulated.graph.call_module(name, (operand,)))
    emulated.recompile()
    return found
