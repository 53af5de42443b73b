"""What was seen of a network's tensors: nouns, comparable and hashable, JSON both ways."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from adequate.histogram import BINS, LOWEST_EXPONENT, Histogram, histogram, merged, octaves
from adequate.storage import write_atomically

Interval = tuple[float, float]

SLOTS = ("input", "weight", "bias", "output")
PLAIN = ("operation", "reads_image", "channel_axis", "summed_axis")

LONGEST_SHOWN = 60
"""Characters of a wrong value that a message shows."""


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
        """What ``to_json`` gave; what else ``data`` holds is not looked at.

        Raises:
            ValueError: something is missing or of another type; the message says where.
        """
        images = _field(data, "images", "the ranges", _is_count, "a number of images")
        layers = _field(data, "layers", "the ranges", _is_object, "an object")
        return Ranges({name: _layer(one, f"layer {name!r}") for name, one in layers.items()}, images)

    def save(self, path: Path, **notes: str) -> None:
        """Writes the ranges and some notes as JSON, whole or not at all."""
        write_atomically(path, json.dumps({**notes, **self.to_json()}) + "\n")


def _plain(seen: Range | None) -> dict[str, Any] | None:
    """Only occupied bins are written."""
    if seen is None:
        return None
    bins, counts = zip(*seen.histogram, strict=True) if seen.histogram else ((), ())
    return {"low": seen.low, "high": seen.high, "bins": list(bins), "counts": list(counts)}


def _layer(data: object, where: str) -> LayerRanges:
    axes = {
        name: _field(data, name, where, lambda value: value is None or _is_integer(value), "an integer or null")
        for name in ("channel_axis", "summed_axis")
    }
    channels = _field(data, "weight_channels", where, _are_intervals, "a list of [low, high]")
    return LayerRanges(
        _field(data, "operation", where, lambda value: isinstance(value, str), "a text"),
        _field(data, "reads_image", where, lambda value: isinstance(value, bool), "true or false"),
        *(
            _range(_field(data, slot, where, _is_object_or_null, "an object or null"), f"{where}, {slot}")
            for slot in SLOTS
        ),
        weight_channels=tuple((float(low), float(high)) for low, high in channels),
        **axes,
    )


def _range(data: Mapping[str, Any] | None, where: str) -> Range | None:
    if data is None:
        return None
    low, high = (float(_field(data, end, where, _is_real, "a finite number")) for end in ("low", "high"))
    bins = _field(data, "bins", where, _are_bins, "a list of ascending bins")
    counts = _field(data, "counts", where, lambda value: _are_counts(value, len(bins)), f"a list of {len(bins)} counts")
    return Range(low, high, tuple(zip(bins, counts, strict=True)))


def _field(data: object, name: str, where: str, fits: Callable[[Any], bool], wanted: str) -> Any:
    """A field of an object, if it is what it should be."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: {_shown(data)} is no object")
    if name not in data:
        raise ValueError(f"{where}: there is no {name!r}")
    if not fits(data[name]):
        raise ValueError(f"{where}: {name} is {_shown(data[name])}, not {wanted}")
    return data[name]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_object_or_null(value: object) -> bool:
    return value is None or _is_object(value)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_integer(value) and value >= 0


def _is_real(value: Any) -> bool:
    return (_is_integer(value) or isinstance(value, float)) and abs(value) <= sys.float_info.max


def _are_intervals(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(one, list | tuple) and len(one) == 2 and all(map(_is_real, one)) for one in value
    )


def _are_bins(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and all(_is_integer(bin) and abs(bin) <= BINS for bin in value)
        and all(a < b for a, b in pairwise(value))
    )


def _are_counts(value: Any, length: int) -> bool:
    return isinstance(value, list | tuple) and len(value) == length and all(map(_is_count, value))
