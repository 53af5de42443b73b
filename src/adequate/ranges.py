"""What was seen of a network's tensors: nouns, comparable and hashable, JSON both ways."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from adequate.histogram import LOWEST_EXPONENT, Histogram, histogram, merged, octaves
from adequate.storage import write_atomically

Interval = tuple[float, float]

SLOTS = ("input", "weight", "bias", "output")
PLAIN = ("operation", "reads_image", "channel_axis", "summed_axis")


@dataclass(frozen=True, slots=True)
class Range:
    """What was seen of one tensor: its smallest and largest value, and how its values are spread."""

    low: float
    high: float
    histogram: Histogram = field(default=(), repr=False)

    @staticmethod
    def of(x: Tensor, what: str = "the tensor") -> "Range":
        """The range of a tensor.

        Raises:
            ValueError: NaN or infinite values; the message begins with ``what``.
        """
        if not x.numel():
            return Range(0.0, 0.0)
        low, high = torch.aminmax(x.detach())
        if not (low.isfinite() and high.isfinite()):  # aminmax passes NaN on
            raise ValueError(f"{what} has NaN or infinite values")
        return Range(float(low), float(high), histogram(x))

    @property
    def interval(self) -> Interval:
        """Smallest and largest value, as ``Format.fit`` takes it."""
        return self.low, self.high

    @property
    def magnitude(self) -> float:
        """The largest absolute value."""
        return max(abs(self.low), abs(self.high))

    @property
    def count(self) -> int:
        """How many values were seen."""
        return sum(count for _, count in self.histogram)

    @property
    def zeros(self) -> int:
        """How many of them were zero."""
        return dict(self.histogram).get(0, 0)

    @property
    def octaves(self) -> tuple[int, ...]:
        """``octaves[i]`` counts the values with 2**(e-1) <= |x| < 2**e for e = LOWEST_EXPONENT + i."""
        return octaves(self.histogram)

    def share_below(self, exponent: int) -> float:
        """Share of the values with |x| < 2**exponent, zeros included."""
        return (self.zeros + sum(self.octaves[: max(0, exponent - LOWEST_EXPONENT + 1)])) / max(self.count, 1)

    def merged(self, other: "Range") -> "Range":
        """The range of both tensors together."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Range(low, high, merged([self.histogram, other.histogram]))


@dataclass(frozen=True, slots=True)
class LayerRanges:
    """Ranges around one layer; ``input`` is over all its operands.

    For a product of two activations ``input`` is its first operand and ``weight`` its second. ``reads_image``: the
    operands are the network's own input, flattened or cut perhaps. ``channel_axis`` is the dimension of the weight that
    counts output channels, ``summed_axis`` the one along which products are summed, ``weight_channels`` the interval of
    each output channel of a parameter.
    """

    operation: str
    reads_image: bool = False
    input: Range | None = None
    weight: Range | None = None
    bias: Range | None = None
    output: Range | None = None
    weight_channels: tuple[Interval, ...] = field(default=(), repr=False)
    channel_axis: int | None = None
    summed_axis: int | None = None


@dataclass(frozen=True, eq=False)
class Ranges(Mapping[str, LayerRanges]):
    """Layer name -> ranges, in execution order, and how many images they were taken over."""

    layers: Mapping[str, LayerRanges]
    images: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", MappingProxyType(dict(self.layers)))

    def __getitem__(self, name: str) -> LayerRanges:
        return self.layers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and (list(self.items()), self.images) == (list(other.items()), other.images)

    def __hash__(self) -> int:
        return hash((tuple(self.items()), self.images))

    def __reduce__(self) -> tuple[type["Ranges"], tuple[dict[str, LayerRanges], int]]:
        return Ranges, (dict(self.layers), self.images)

    def to_json(self) -> dict[str, Any]:
        """Plain data; ``from_json`` reads it back."""
        return {
            "images": self.images,
            "layers": {
                name: {plain: getattr(one, plain) for plain in PLAIN}
                | {slot: _plain(getattr(one, slot)) for slot in SLOTS}
                | {"weight_channels": [list(interval) for interval in one.weight_channels]}
                for name, one in self.items()
            },
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Ranges":
        """What ``to_json`` gave."""
        layers: dict[str, LayerRanges] = {}
        for name, one in data["layers"].items():
            channels = tuple((low, high) for low, high in one["weight_channels"])
            seen: dict[str, Any] = {slot: _range(one[slot]) for slot in SLOTS}
            layers[name] = LayerRanges(**{key: one[key] for key in PLAIN}, **seen, weight_channels=channels)
        return Ranges(layers, data["images"])

    def save(self, path: Path, **notes: str) -> None:
        """Writes the ranges and some notes as JSON, whole or not at all."""
        write_atomically(path, json.dumps({**notes, **self.to_json()}) + "\n")


def _plain(seen: Range | None) -> dict[str, Any] | None:
    """Only occupied bins are written."""
    if seen is None:
        return None
    bins, counts = zip(*seen.histogram, strict=True) if seen.histogram else ((), ())
    return {"low": seen.low, "high": seen.high, "bins": list(bins), "counts": list(counts)}


def _range(data: Mapping[str, Any] | None) -> Range | None:
    if data is None:
        return None
    return Range(data["low"], data["high"], tuple(zip(data["bins"], data["counts"], strict=True)))
