"""Training the float weights behind a design's quantised ones."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Generator, nn

from adequate.design import Design
from adequate.emulation import emulate
from adequate.finetuning.recipe import STANDARD, Batches, Recipe, Shuffled, Step
from adequate.finetuning.training import Training, Watch
from adequate.network import Network
from adequate.network.graph import copy_graph

NEAREST_FROM = 2 / 3
"""Share of the training after which weights are rounded to nearest; stochastic to the end is worse (measured)."""


def finetune(
    network: Network,
    design: Design,
    batches: Shuffled | Batches,
    *,
    epochs: int,
    generator: Generator,
    recipe: Recipe = STANDARD,
    checkpoint: Path | None = None,
    progress: Callable[[Step], None] | None = None,
) -> Network:
    """The network with weights trained for ``design``: float shadow weights, quantised anew for every batch.

    Weights are rounded stochastically in the first two thirds of the training, to nearest in the last; the gradient
    passes straight through to the shadow weights. All randomness comes from ``generator``. With a ``checkpoint`` file
    a run that was killed goes on from its last checkpoint and ends with the same weights.

    Raises:
        ValueError: no epochs, no batches, a loss that is not finite, or a checkpoint of another fine-tuning.
    """
    teacher = copy_graph(network.graph) if recipe.distillation else None
    trainee = _ShadowWeights(network, design, recipe)
    training = Training(trainee, batches, epochs, generator, recipe, Watch(checkpoint, progress), teacher)
    return network.with_state(training.train())


class _ShadowWeights:
    def __init__(self, network: Network, design: Design, recipe: Recipe) -> None:
        self.network, self.design = network, design
        if recipe.outputs == "float":
            design = design.with_layers(design, input=None, output=None, accumulator=None)
        self.module = emulate(network, design).train()
        self.optimizer = torch.optim.Adam(self.module.parameters(), lr=recipe.rate)

    @property
    def identity(self) -> tuple[str, ...]:
        return self.network.digest, self.design.digest

    def prepare(self, share: float, seed: int) -> None:
        rounding = Generator().manual_seed(seed) if share < NEAREST_FROM else None
        self.module.round_weights_stochastically(rounding)

    def scored(self) -> nn.Module:
        scored = emulate(self.network, self.design)
        scored.load_state_dict(self.module.state_dict())
        return scored


def condensed(network: Network, design: Design) -> Network:
    """The network with every weight replaced by the value the design gives it: what the hardware stores.

    Quantising such a weight again changes nothing, so emulating either network gives the same outputs.
    """
    state = network.state()
    for layer in network.layers:
        chosen = design[layer.name].weight
        if chosen is not None and layer.weight is not None:
            state[layer.weight] = chosen.quantize(state[layer.weight])
    return network.with_state(state)
