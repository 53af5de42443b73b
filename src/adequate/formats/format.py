"""What a number can be: a finite set of values, each with an integer code."""

from abc import ABC, abstractmethod
from dataclasses import MISSING, fields
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, Self, cast, final

import torch
from torch import Generator, Tensor

from adequate.formats.binades import ceil_log2
from adequate.formats.checks import holds, options, refuse, require_finite, require_float
from adequate.formats.compiled import Sweep, sweep, takes
from adequate.formats.epilogue import NOTHING, Epilogue
from adequate.formats.peak import remember_peak
from adequate.formats.rounding import Rounding, effective

_COMPUTED = (torch.float32, torch.float64)
"""The dtypes in which tensors are quantised; others are converted to float32 and back."""


def _rough(magnitude: Fraction) -> str:
    try:
        return f"{float(magnitude):g}"
    except OverflowError:
        return f"2**{ceil_log2(magnitude)}"


def _written(value: object) -> str:
    if isinstance(value, tuple):
        items = cast(tuple[object, ...], value)
        return f"({','.join(map(_written, items))}{',' if len(items) == 1 else ''})"
    return str(value.value) if isinstance(value, Enum) else str(value)


class Format(ABC):
    """A finite set of values with codes; ``decode`` defines it, everything else is a fast path to the same set.

    Members are frozen dataclasses: hashable, comparable, with a text form both ways
    (``str(format)`` and ``adequate.formats.parse``). Several codes may stand for zero; ``encode`` writes one of them,
    the canonical code, which is the first in ``word``.
    """

    name: ClassVar[str]
    """What the text form begins with."""

    @property
    @abstractmethod
    def word(self) -> range:
        """All codes: two's complement integers for signed fixed point, ``range(2**bits)`` for bit patterns."""

    @abstractmethod
    def decode(self, code: int) -> Fraction:
        """The exact value of one code.

        Raises:
            ValueError: ``code`` is not in ``word``, or stands for NaN or infinity.
        """

    @abstractmethod
    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        """``x`` with every element replaced by a value of this format, in the dtype of ``x``, zero always as +0.0.

        With a ``generator`` the rounding is stochastic whatever the format's own rule (used while fine-tuning).

        Raises:
            ValueError: ``x`` holds NaN or infinity, or its dtype cannot hold this format's values, or the format's own
                rounding is stochastic and there is no generator.
        """

    @final
    def quantize_(self, x: Tensor, *, generator: Generator | None = None, epilogue: Epilogue = NOTHING) -> Tensor:
        """``quantize`` in place: ``x`` itself, of which nothing is left as it was, perhaps even where this raises.

        The epilogue, whose addend has the shape of ``x``, is done to the rounded numbers, in place as well.
        """
        own: Rounding = getattr(self, "rounding", Rounding.NEAREST_EVEN)
        if x.dtype not in _COMPUTED or not takes(x) or self.kernel(own) is None or not epilogue.suits(x):
            return x.copy_(epilogue(self.quantize(x, generator=generator)))
        rounding, key = effective(own, generator)
        self._swept(x, rounding, key, x, epilogue)
        return x

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """The int64 codes of ``quantize(x)``, so that ``decode(encode(x)) == quantize(x)``.

        A format whose own rounding is stochastic rounds to nearest even here: encode what ``quantize`` returned.
        """

    @property
    @abstractmethod
    def minimum(self) -> Fraction:
        """The lowest value."""

    @property
    @abstractmethod
    def maximum(self) -> Fraction:
        """The highest value."""

    @property
    @abstractmethod
    def digits(self) -> int:
        """The significant bits of the widest value, without trailing zeros: what a dtype must have to hold them all."""

    @property
    @abstractmethod
    def grid(self) -> int | None:
        """The largest ``g`` such that every value is an integer multiple of ``2**g``; None where no one ``g`` is known.

        None: a scale that is no power of two, or that depends on the data.
        """

    @abstractmethod
    def inside(self, x: Tensor) -> Tensor:
        """Where ``minimum <= x <= maximum``: the mask of the straight-through gradient."""

    @classmethod
    @abstractmethod
    def fit(cls, interval: tuple[float, float], bits: int) -> Self:
        """The member of this family, ``bits`` wide, for numbers between ``low`` and ``high`` of ``interval``."""

    @cached_property
    def bits(self) -> int:
        """The bits of a code."""
        return (self.word.stop - self.word.start - 1).bit_length()

    @cached_property
    def _ends(self) -> tuple[float, float]:
        return float(self.minimum), float(self.maximum)

    @final
    def _inside(self, x: Tensor) -> Tensor:
        low, high = self._ends
        return (x >= low) & (x <= high)

    @final
    def _fits(self, dtype: torch.dtype) -> bool:
        """Whether every value of this format is a number of ``dtype``."""
        known, grid = self._fitting, self.grid
        if dtype not in known:
            known[dtype] = grid is not None and holds(dtype, self.digits, grid, max(-self.minimum, self.maximum))
        return known[dtype]

    @cached_property
    def _fitting(self) -> dict[torch.dtype, bool]:
        return {}

    @final
    def kernel(self, rounding: Rounding) -> Sweep | None:
        """The compiled kernel that rounds to this format by this rule; None if there is none, whatever the rule."""
        if rounding not in self._kernels:
            self._kernels[rounding] = self._sweep(rounding)
        return self._kernels[rounding]

    @cached_property
    def _kernels(self) -> dict[Rounding, Sweep | None]:
        return {}

    def _sweep(self, rounding: Rounding) -> Sweep | None:  # noqa: ARG002
        """``kernel``, made anew. A format without one need not say so."""
        return None

    @final
    def _swept(
        self, x: Tensor, rounding: Rounding, key: int, out: Tensor | None = None, epilogue: Epilogue = NOTHING
    ) -> Tensor | None:
        """``x`` quantised by the compiled kernel, into ``out`` if that is given; None where torch has to do it."""
        if not takes(x):
            return None
        kernel = self.kernel(rounding)
        if kernel is None:
            return None
        self._require_dtype(x)
        y = x if x.dtype in _COMPUTED else x.float()
        if out is None:
            out = torch.empty_like(x) if y is x else y
        culprit, largest = sweep(y, out, kernel, key, epilogue)
        if out is x:
            torch.autograd.graph.increment_version(x)
        if culprit >= 0:
            refuse(self, x, culprit)
        remember_peak(out, largest)
        return out.to(x.dtype)

    @final
    def _admit(self, x: Tensor) -> Tensor:
        """``x`` as float32 or float64 if this format can quantize it, else ValueError."""
        self._require_dtype(x)
        require_finite(self, x)
        return x if x.dtype in _COMPUTED else x.float()

    @final
    def _require_dtype(self, x: Tensor) -> None:
        require_float(self, x)
        if not self._fits(x.dtype):
            raise ValueError(
                f"{self} does not fit {x.dtype}: its values need {self.digits} significant bits, multiples of "
                f"2**{self.grid} and magnitudes up to {_rough(max(-self.minimum, self.maximum))}; "
                f"use {'torch.float64' if self._fits(torch.float64) else 'a narrower format'}"
            )

    @final
    def _require_code(self, code: int) -> None:
        if code not in self.word:
            raise ValueError(f"{self} has the codes {self.word.start} to {self.word.stop - 1}, not {code}")

    @final
    def __str__(self) -> str:
        required: list[object] = [getattr(self, f.name) for f in fields(cast(Any, self)) if f.default is MISSING]
        if len(required) == 1 and isinstance(required[0], tuple):  # the values of a codebook, not one tuple
            required = list(cast(tuple[object, ...], required[0]))
        arguments = [_written(value) for value in required]
        for option in options(self):
            value = getattr(self, option.name)
            if value == option.default:
                continue
            if isinstance(option.default, bool):
                arguments.append(option.name if value else f"un{option.name}")
            else:
                arguments.append(f"{option.name}={_written(value)}")
        return f"{self.name}({','.join(arguments)})" if arguments else self.name
