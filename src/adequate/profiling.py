"""Dynamic ranges of a network's tensors: what a format has to cover (Gysel 2016, 4.3)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.fx import Interpreter, Node

from adequate.network import Network
from adequate.storage import write_atomically

LOWEST_EXPONENT, HIGHEST_EXPONENT = -40, 40
"""Octaves that are told apart; magnitudes beyond are counted in the outermost ones."""


SHAPING = frozenset({"flatten", "reshape", "view", "unflatten", "squeeze", "unsqueeze", "permute", "transpose"})
MOVING = SHAPING | {"slice", "select", "narrow", "chunk", "split", "clone", "contiguous", "dropout"}
"""Operations whose result has no other values than their operand."""


@dataclass(frozen=True, slots=True)
class Range:
    """What was seen of one tensor.

    ``octaves[i]`` counts the values with 2**(e-1) <= |x| < 2**e for e = LOWEST_EXPONENT + i; zeros are counted apart.
    """

    low: float
    high: float
    count: int
    zeros: int
    octaves: tuple[int, ...] = field(repr=False)

    @property
    def interval(self) -> tuple[float, float]:
        """Smallest and largest value, as ``Format.fit`` takes it."""
        return self.low, self.high

    @property
    def magnitude(self) -> float:
        """The largest absolute value."""
        return max(abs(self.low), abs(self.high))

    def share_below(self, exponent: int) -> float:
        """Share of the values with |x| < 2**exponent, zeros included."""
        return (self.zeros + sum(self.octaves[: max(0, exponent - LOWEST_EXPONENT + 1)])) / max(self.count, 1)

    def merged(self, other: "Range") -> "Range":
        """The range of both tensors together."""
        return Range(
            min(self.low, other.low),
            max(self.high, other.high),
            self.count + other.count,
            self.zeros + other.zeros,
            tuple(a + b for a, b in zip(self.octaves, other.octaves, strict=True)),
        )


@dataclass(frozen=True, slots=True)
class LayerRanges:
    """Ranges around one layer; ``input`` is over all its operands.

    ``reads_image``: they are the network's own input, flattened or cut perhaps.
    """

    operation: str
    reads_image: bool = False
    input: Range | None = None
    weight: Range | None = None
    bias: Range | None = None
    output: Range | None = None


@dataclass(frozen=True)
class Ranges(Mapping[str, LayerRanges]):
    """Layer name -> ranges, in execution order, and how many images they were taken over."""

    layers: Mapping[str, LayerRanges]
    images: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", MappingProxyType(dict(self.layers)))

    def __getitem__(self, name: str) -> LayerRanges:
        return self.layers[name]

    def __iter__(self) -> Any:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def to_json(self) -> dict[str, Any]:
        """Plain data; ``from_json`` reads it back."""

        def plain(one: Range | None) -> dict[str, Any] | None:
            if one is None:
                return None
            return {k: getattr(one, k) for k in ("low", "high", "count", "zeros")} | {"octaves": list(one.octaves)}

        return {
            "images": self.images,
            "lowest_exponent": LOWEST_EXPONENT,
            "layers": {
                name: {"operation": one.operation, "reads_image": one.reads_image}
                | {slot: plain(getattr(one, slot)) for slot in ("input", "weight", "bias", "output")}
                for name, one in self.items()
            },
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Ranges":
        """What ``to_json`` gave."""

        def range_of(one: Mapping[str, Any] | None) -> Range | None:
            return None if one is None else Range(**{**one, "octaves": tuple(one["octaves"])})

        return Ranges(
            {
                name: LayerRanges(
                    one["operation"],
                    one["reads_image"],
                    *(range_of(one[slot]) for slot in ("input", "weight", "bias", "output")),
                )
                for name, one in data["layers"].items()
            },
            data["images"],
        )

    def save(self, path: Path, **notes: str) -> None:
        """Writes the ranges and some notes as JSON, whole or not at all."""
        write_atomically(path, json.dumps({**notes, **self.to_json()}) + "\n")


def profile(network: Network, batches: Iterable[tuple[Tensor, Tensor]]) -> Ranges:
    """Minimum, maximum and a log2 histogram of every layer's inputs, weight, bias and output.

    ``batches`` yields (images, labels); labels are not used.

    Raises:
        ValueError: there is no image, or a tensor is not finite (named with its layer).
    """
    recorder = _Recorder(network)
    images = 0
    with torch.no_grad():
        for x, _ in batches:
            recorder.run(x)
            images += len(x)
    if not images:
        raise ValueError("no images to profile the network on")
    state = network.graph.state_dict()
    computed = _computed(network)
    return Ranges(
        {
            layer.name: LayerRanges(
                layer.operation,
                computed.isdisjoint(layer.inputs),
                recorder.seen.get((layer.name, "input")),
                _range_of(state[layer.weight], f"weight of {layer.name}") if layer.weight else None,
                _range_of(state[layer.bias], f"bias of {layer.name}") if layer.bias else None,
                recorder.seen.get((layer.name, "output")),
            )
            for layer in network.layers
        },
        images,
    )


def _computed(network: Network) -> set[str]:
    """Layers whose values are not just some of the network's own input."""
    found: set[str] = set()
    for layer in network.layers:
        if layer.operation not in MOVING or not found.isdisjoint(layer.inputs):
            found.add(layer.name)
    return found


class _Recorder(Interpreter):
    """Runs the graph and notes the range of each layer's operands and output."""

    def __init__(self, network: Network) -> None:
        super().__init__(network.graph)
        self.extra_traceback = False
        self.seen: dict[tuple[str, str], Range] = {}
        self._layer_of_output = {layer.nodes[-1]: layer for layer in network.layers}
        inside = {node: layer.name for layer in network.layers for node in layer.nodes}
        self._readers: dict[str, list[str]] = {}
        for node in network.graph.graph.nodes:
            name = inside.get(node.name)
            for source in node.all_input_nodes:
                if name is not None and source.op != "get_attr" and inside.get(source.name) != name:
                    self._readers.setdefault(source.name, []).append(name)

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        if isinstance(result, Tensor) and result.is_floating_point() and n.op != "get_attr":
            layer = self._layer_of_output.get(n.name)
            readers = self._readers.get(n.name, [])
            if layer is not None or readers:
                seen = _range_of(result, f"output of {layer.name}" if layer else f"input {n.name!r}")
                keys = [(name, "input") for name in dict.fromkeys(readers)]
                for key in keys if layer is None else [*keys, (layer.name, "output")]:
                    self.seen[key] = self.seen[key].merged(seen) if key in self.seen else seen
        return result


def _range_of(x: Tensor, what: str) -> Range:
    if not torch.isfinite(x).all():
        raise ValueError(f"{what} has NaN or infinite values")
    if not x.numel():
        return Range(0.0, 0.0, 0, 0, (0,) * (HIGHEST_EXPONENT - LOWEST_EXPONENT + 1))
    nonzero = x[x != 0]
    exponents = torch.frexp(nonzero).exponent.clamp(LOWEST_EXPONENT, HIGHEST_EXPONENT) - LOWEST_EXPONENT
    octaves = torch.bincount(exponents.flatten().long(), minlength=HIGHEST_EXPONENT - LOWEST_EXPONENT + 1)
    low, high = torch.aminmax(x)
    return Range(float(low), float(high), x.numel(), x.numel() - nonzero.numel(), tuple(octaves.tolist()))
