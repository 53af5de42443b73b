"""What a layer does with its numbers after they are rounded, so that one pass over memory can do it all."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Epilogue:
    """y -> max(y + addend, 0): either half may be absent."""

    addend: Tensor | float | None = None
    rectified: bool = False

    def __call__(self, y: Tensor) -> Tensor:
        """The same by torch's own operations."""
        y = y if self.addend is None else y + self.addend
        return y.relu() if self.rectified else y

    def suits(self, y: Tensor) -> bool:
        """Whether the addend is laid out in memory as ``y`` is, and no gradient passed to it."""
        other = self.addend
        return other is None or (
            type(other) is Tensor
            and other.shape == y.shape
            and other.dtype == y.dtype
            and other.device == y.device
            and other.is_contiguous()
            and not (other.requires_grad and torch.is_grad_enabled())
        )


NOTHING = Epilogue()
"""y itself."""
