"""A Caffe net as a torch module: one submodule for each layer, by the layer's name."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from adequate.network.caffe.layers import build, refuse_unknown
from adequate.network.caffe.net import CaffeLayer, Net
from adequate.network.caffe.normalizations import joins_batch_norm
from adequate.network.caffe.products import lumped_axis

LARGEST = 2**28
"""The most numbers that one layer's values for one image may have (assumed)."""

INPUTS = 2**26
"""The most numbers that all inputs of one image may have; tracing makes several such (assumed)."""

WEIGHTS = 150_000_000
"""The most numbers that all weights together may have; VGG-19 has 143,667,240, and tracing copies them (assumed)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One layer's turn: values by number; ``path`` is its submodule's, None where it only renames.

    ``lumped`` is the dimension from which an inner product takes all as one.
    """

    path: str | None
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    lumped: int | None = None


class CaffeModule(nn.Module):
    """Runs the layers of a net in order. A layer that overwrites a blob writes a value of its own.

    Inputs (N, ...) in the order of the file; the output, or a tuple of them. An output of one pixel, (N, C, 1, 1), is
    given as (N, C): Caffe's accuracy takes either.
    """

    def __init__(self, modules: Mapping[str, nn.Module], steps: tuple[Step, ...], net: Net) -> None:
        super().__init__()
        for name in sorted(modules, key=lambda name: name.count(".")):  # "a" before "a.b", which lies within it
            _register(self, name, modules[name])
        self._steps = steps
        self._inputs = tuple(value for value, _, _ in net.inputs)
        self._outputs = net.outputs

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        values = dict(zip(self._inputs, inputs, strict=True))
        for step in self._steps:
            operands = [values[value] for value in step.reads]
            if step.lumped is not None:
                operands = [x.flatten(step.lumped) for x in operands]
            if step.path is None:
                values.update(dict.fromkeys(step.writes, operands[0]))
                continue
            written = self.get_submodule(step.path)(*operands)
            values.update(zip(step.writes, written if isinstance(written, tuple) else (written,), strict=True))
        outputs = tuple(_without_pixel(values[value]) for value in self._outputs)
        if len(self._outputs) == 1:
            return outputs[0]
        return outputs


def module_of(net: Net) -> CaffeModule:
    """The module of a net, on the meta device: shapes without numbers.

    A scale that alone reads a batch norm becomes that batch norm's weight and bias.

    Raises:
        ValueError: layers that are not understood (all are listed), shapes that do not fit, or too many numbers.
    """
    refuse_unknown(net.layers)
    scales = joined_scales(net)
    joined = {scale.name for scale in scales.values()}
    modules: dict[str, nn.Module] = {}
    steps: list[Step] = []
    read = weights = 0
    for _, name, shape in net.inputs:
        read += prod(shape)
        if read > INPUTS:
            raise ValueError(f"input {name!r} brings the net beyond {INPUTS:,} numbers to read")
    with torch.device("meta"):
        values = {value: torch.empty(1, *shape) for value, _, shape in net.inputs}
        for layer in net.layers:
            operands = [values[value] for value in layer.reads]
            if layer.type == "Split" or layer.name in joined:
                if len(operands) != 1:
                    raise ValueError(f"layer {layer.name!r} ({layer.type}): reads {len(operands)} values, not one")
                steps.append(Step(None, layer.reads, layer.writes))
                values.update(dict.fromkeys(layer.writes, operands[0]))
                continue
            try:
                step, module, written = _one(layer, operands, scales.get(layer.name))
            except (ValueError, RuntimeError, TypeError, IndexError, OverflowError) as error:
                reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
                raise ValueError(f"layer {layer.name!r} ({layer.type}): {reason}") from error
            modules[layer.name] = module
            steps.append(step)
            values.update(zip(layer.writes, written, strict=True))
            weights += sum(parameter.numel() for parameter in module.parameters())
            if weights > WEIGHTS:
                raise ValueError(f"layer {layer.name!r} brings the net beyond {WEIGHTS:,} weights")
    return CaffeModule(modules, tuple(steps), net)


def joined_scales(net: Net) -> dict[str, CaffeLayer]:
    """The scale that belongs to each batch norm, by the batch norm's name: it alone reads what that writes."""
    readers: dict[int, list[CaffeLayer]] = {}
    for layer in net.layers:
        for value in layer.reads:
            readers.setdefault(value, []).append(layer)
    found: dict[str, CaffeLayer] = {}
    for layer in net.layers:
        if layer.type != "BatchNorm" or len(layer.writes) != 1 or layer.writes[0] in net.outputs:
            continue
        reading = readers.get(layer.writes[0], [])
        if len(reading) == 1 and joins_batch_norm(reading[0]):
            found[layer.name] = reading[0]
    return found


def _one(
    layer: CaffeLayer, operands: list[Tensor], scale: CaffeLayer | None
) -> tuple[Step, nn.Module, tuple[Tensor, ...]]:
    module = build(layer, [tuple(x.shape) for x in operands], scale).eval()
    lumped = None
    if layer.type == "InnerProduct" and (axis := lumped_axis(layer, tuple(operands[0].shape))) + 1 < operands[0].dim():
        lumped, operands = axis, [operands[0].flatten(axis)]
    written = module(*operands)
    tensors = written if isinstance(written, tuple) else (written,)
    if len(tensors) != len(layer.writes):
        raise ValueError(f"{len(layer.writes)} tops, not {len(tensors)}")
    for x in tensors:
        if not 0 < prod(x.shape) <= LARGEST:
            raise ValueError(f"an output of shape {tuple(x.shape)}")
    return Step(layer.name, layer.reads, layer.writes, lumped), module, tensors


def _without_pixel(x: Tensor) -> Tensor:
    return x.flatten(1) if x.dim() == 4 and tuple(x.shape[2:]) == (1, 1) else x


def _register(root: nn.Module, name: str, module: nn.Module) -> None:
    """Puts a module where ``name`` is its path: a dot goes one module down."""
    *above, last = name.split(".")
    owner = root
    for part in above:
        if part not in dict(owner.named_children()):
            _add(owner, part, nn.Module(), name)
        owner = owner.get_submodule(part)
    _add(owner, last, module, name)


def _add(owner: nn.Module, part: str, module: nn.Module, name: str) -> None:
    try:
        owner.add_module(part, module)
    except KeyError as error:
        raise ValueError(f"a layer cannot be called {name!r}: torch's modules have that name already") from error
