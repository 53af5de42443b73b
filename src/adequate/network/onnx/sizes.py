"""Numbers computed from sizes: Python integers beside the tensors, so that the batch stays free and no layer counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

LONGEST = 256
"""The most numbers at a time; real shapes have at most a few dozen (assumed)."""

LARGEST = 2**63
"""Numbers are at most as large as ONNX's integers; Python's own have no end."""


@dataclass(frozen=True, eq=False)
class Sizes:
    """An array of Python numbers, or of ``torch.SymInt`` where a size is free, and the element type ONNX gives it."""

    values: np.ndarray
    dtype: torch.dtype

    def __post_init__(self) -> None:
        if self.values.size > LONGEST:
            raise ValueError(f"{self.values.size} numbers computed from sizes; up to {LONGEST} are supported")
        if any(isinstance(number, int) and abs(number) > LARGEST for number in self.numbers):
            raise ValueError("a number computed from sizes that has more than 64 bits")

    @staticmethod
    def of(numbers: Sequence[object], dtype: torch.dtype = torch.int64) -> "Sizes":
        """A vector of numbers."""
        values = np.empty(len(numbers), object)
        values[:] = list(numbers)
        return Sizes(values, dtype)

    @staticmethod
    def scalar(number: object, dtype: torch.dtype = torch.int64) -> "Sizes":
        """One number without dimensions."""
        values = np.empty((), object)
        values[()] = number
        return Sizes(values, dtype)

    @staticmethod
    def of_tensor(tensor: Tensor) -> "Sizes | None":
        """The numbers of a constant, or None where it cannot be one of sizes: it is long or complex."""
        if tensor.numel() > LONGEST or tensor.is_complex():
            return None
        values = np.empty(tuple(tensor.shape), object)
        values[...] = np.array(tensor.tolist(), object).reshape(tensor.shape)
        return Sizes(values, tensor.dtype)

    @property
    def numbers(self) -> list:
        """All of them, in order."""
        return list(self.values.reshape(-1))

    def tensor(self) -> Tensor:
        """The same numbers as a tensor.

        Raises:
            ValueError: one does not fit its element type.
        """
        if all(isinstance(v, int | float) for v in self.numbers):
            try:
                return torch.tensor(self.values.tolist(), dtype=self.dtype)
            except (RuntimeError, OverflowError) as error:
                raise ValueError(f"sizes {self.numbers[:8]} are no {self.dtype}") from error
        parts = [torch.scalar_tensor(v, dtype=self.dtype) for v in self.numbers]
        return torch.stack(parts).reshape(self.values.shape)


def as_tensor(value: "Tensor | Sizes") -> Tensor:
    """What an operator on tensors reads: sizes as a tensor of their type, a tensor as it is."""
    return value.tensor() if isinstance(value, Sizes) else value
