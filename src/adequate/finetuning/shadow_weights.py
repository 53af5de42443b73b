"""Training the float weights behind a design's quantised ones."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Generator, nn

from adequate.design import Design, LayerDesign
from adequate.emulated_layer import Gradient, straight_through
from adequate.emulation import emulate
from adequate.finetuning.error_penalty import PenalizedErrors
from adequate.finetuning.fitted_error import FittedError, fitted_errors
from adequate.finetuning.recipe import STANDARD, Batches, Recipe, Shuffled, Step
from adequate.finetuning.smoothed_difference import SmoothedDifference, smoothed_differences
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
    passes straight through to the shadow weights. Where the design has a multiplier, training has its products, too,
    and the recipe says by which gradient. All randomness comes from ``generator``. With a ``checkpoint`` file a run
    that was killed goes on from its last checkpoint and ends with the same weights; the first stage of a two-stage
    distillation has a file of its own beside it.

    Raises:
        ValueError: no epochs, no batches, a loss that is not finite, a checkpoint of another fine-tuning, two stages
            without a multiplier, or a multiplier without the gradient wanted.
    """
    teacher = copy_graph(network.graph) if recipe.distillation else None
    data = batches if isinstance(batches, Shuffled) else list(batches)
    first, watch = recipe.quantized_first, Watch(checkpoint, progress)
    if first:
        exact = Design({name: replace(layer, multiplier=None) for name, layer in design.items()})
        if exact == design:
            raise ValueError("the design has no multiplier, so quantized_first would train twice for the same")
        before = Watch(checkpoint and checkpoint.with_stem(f"{checkpoint.stem}.first"), _of(progress, 0, first, epochs))
        network = _trained(network, exact, data, first, generator, recipe, before, teacher)
        teacher = emulate(network, exact)
        watch = Watch(checkpoint, _of(progress, first, epochs, 0))
    return _trained(network, design, data, epochs, generator, recipe, watch, teacher)


def _trained(
    network: Network,
    design: Design,
    batches: Shuffled | Batches,
    epochs: int,
    generator: Generator,
    recipe: Recipe,
    watch: Watch,
    teacher: nn.Module | None,
) -> Network:
    """One stage."""
    trainee = _ShadowWeights(network, design, recipe)
    training = Training(trainee, batches, epochs, generator, recipe, watch, teacher)
    trainee.differentiate(training)
    return network.with_state(training.train())


def _of(progress: Callable[[Step], None] | None, before: int, epochs: int, after: int) -> Callable[[Step], None] | None:
    """Progress of a stage of ``epochs``, told as that of the whole."""
    if progress is None:
        return None

    def told(step: Step) -> None:
        each = step.steps // epochs
        progress(replace(step, step=before * each + step.step, steps=(before + epochs + after) * each))

    return told


class _ShadowWeights:
    def __init__(self, network: Network, design: Design, recipe: Recipe) -> None:
        self.network, self.design, self.recipe = network, design, recipe
        if recipe.outputs == "float":
            design = Design({name: _of_float_operands(layer) for name, layer in design.items()})
        self.module = emulate(network, design).train()
        self.optimizer = torch.optim.Adam(self.module.parameters(), lr=recipe.rate)

    @property
    def identity(self) -> tuple[str, ...]:
        return self.network.digest, self.design.digest

    def differentiate(self, training: Training) -> None:
        """Gives the multipliers the recipe's gradient."""
        found: Mapping[str, Gradient]
        match self.recipe.gradient:
            case None:
                found = dict.fromkeys(self.design, straight_through)
            case SmoothedDifference() as choice:
                found = smoothed_differences(self.module, choice)
            case FittedError(images):
                drawn = Generator().manual_seed(training.seed)
                found = fitted_errors(emulate(self.network, self.design), training.first(images), drawn)
        if weight := self.recipe.error_penalty:
            found = {name: PenalizedErrors(weight, gradient) for name, gradient in found.items()}
        self.module.differentiate_by(found)

    def prepare(self, share: float, seed: int) -> None:
        rounding = Generator().manual_seed(seed) if share < NEAREST_FROM else None
        self.module.round_weights_stochastically(rounding)

    def scored(self) -> nn.Module:
        scored = emulate(self.network, self.design)
        scored.load_state_dict(self.module.state_dict())
        return scored


def _of_float_operands(layer: LayerDesign) -> LayerDesign:
    """Without the formats of input and output; a multiplier cannot do without the input's."""
    return replace(layer, input=layer.input if layer.multiplier else None, accumulator=None, output=None)


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
