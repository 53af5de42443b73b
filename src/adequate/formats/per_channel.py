"""A format for each channel of a tensor."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar, Self

import torch
from torch import Generator, Tensor

from adequate.formats.checks import require_float, require_int
from adequate.formats.fixed import Fixed
from adequate.formats.format import Format


@dataclass(frozen=True)
class PerChannel(Format):
    """Each index along ``axis`` in a format of its own: word lengths, or families, that differ from one to the next.

    ``formats`` have a grid each: they are per tensor, and a scale is a power of two. Each channel is quantised and
    coded as ``channel(i)`` says and no other way; ``bits`` are those of the widest, and a code alone has no value.
    With stochastic rounding the channels of one format share their draws.

    >>> import torch
    >>> format = PerChannel((Fixed(8, 7), Fixed(2, 1)), axis=0)
    >>> str(format), format.quantize(torch.tensor([0.3, 0.3]))
    ('per_channel((fixed(8,7),fixed(2,1)),0)', tensor([0.2969, 0.5000]))

    Raises:
        ValueError: no format, or one without a grid of its own.
    """

    name: ClassVar[str] = "per_channel"
    formats: tuple[Format, ...]
    axis: int

    def __post_init__(self) -> None:
        if not isinstance(self.formats, tuple) or not self.formats:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"{self.name} takes a format for each channel, not {self.formats!r}")
        for format in self.formats:
            if not isinstance(format, Format) or isinstance(format, PerChannel) or format.grid is None:  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ValueError(
                    f"a channel's format is fixed, float, pow2, one of chosen levels, or scaled by a power of two,"
                    f" not {format}"
                )
            if getattr(format, "axis", None) is not None:
                raise ValueError(f"a channel's format has one scale, not {format}")
        require_int(f"axis of {self.name}", self.axis, -64, 63)

    @classmethod
    def fit(cls, interval: tuple[float, float], bits: int) -> Self:
        """Fixed point, for a tensor of one channel."""
        return cls((Fixed.fit(interval, bits),), 0)

    def channel(self, index: int) -> Format:
        """The format of one index along ``axis``.

        Raises:
            ValueError: there is no such channel.
        """
        if index not in range(len(self.formats)):
            raise ValueError(f"{self.name} has {len(self.formats)} channels, and no channel {index}")
        return self.formats[index]

    @cached_property
    def bits(self) -> int:
        """The bits of the widest channel's code."""
        return max(format.bits for format in self.formats)

    @property
    def word(self) -> range:
        words = [format.word for format in self.formats]
        return range(min(word.start for word in words), max(word.stop for word in words))

    def decode(self, code: int) -> Fraction:
        if len(self._channels) > 1:
            raise ValueError(f"{self} has several formats, so a code alone has no value; decode it by its channel(i)")
        return self.formats[0].decode(code)

    @cached_property
    def minimum(self) -> Fraction:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The lowest value of any channel."""
        return min(format.minimum for format in self.formats)

    @cached_property
    def maximum(self) -> Fraction:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The highest value of any channel."""
        return max(format.maximum for format in self.formats)

    @cached_property
    def digits(self) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The significant bits of the widest value of any channel."""
        return max(format.digits for format in self.formats)

    @cached_property
    def grid(self) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The finest channel's."""
        return min(format.grid for format in self.formats if format.grid is not None)

    def inside(self, x: Tensor) -> Tensor:
        """Where ``x`` is within the range of its own channel."""
        found = torch.empty(x.shape, dtype=torch.bool, device=x.device)
        for format, channels in self._alike(x):
            found.index_copy_(self.axis, channels, format.inside(x.index_select(self.axis, channels)))
        return found

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        require_float(self, x)
        found = torch.empty_like(x)
        for format, channels in self._alike(x):
            some = x.detach().index_select(self.axis, channels)
            found.index_copy_(self.axis, channels, format.quantize(some, generator=generator))
        return found

    def encode(self, x: Tensor) -> Tensor:
        require_float(self, x)
        found = torch.empty(x.shape, dtype=torch.int64, device=x.device)
        for format, channels in self._alike(x):
            found.index_copy_(self.axis, channels, format.encode(x.index_select(self.axis, channels)))
        return found

    def _alike(self, x: Tensor) -> Iterator[tuple[Format, Tensor]]:
        """Every format once, with the channels of ``x`` that have it."""
        if not -x.ndim <= self.axis < x.ndim or x.shape[self.axis] != len(self.formats):
            raise ValueError(
                f"{self.name} has {len(self.formats)} formats along axis {self.axis}, a tensor of shape"
                f" {tuple(x.shape)} has not"
            )
        for format, channels in self._channels.items():
            yield format, torch.tensor(channels, device=x.device)

    @cached_property
    def _channels(self) -> dict[Format, list[int]]:
        found: dict[Format, list[int]] = {}
        for index, format in enumerate(self.formats):
            found.setdefault(format, []).append(index)
        return found
