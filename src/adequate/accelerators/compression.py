"""How operands are stored off the chip: as they are, or without their zeros."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


class Compression(ABC):
    """A lossless code for integers of a given width."""

    @abstractmethod
    def stored_bits(self, values: Tensor, bits: int) -> int:
        """The bits that ``values`` take, integers of ``bits`` bits, in their order."""


@dataclass(frozen=True, slots=True)
class Uncompressed(Compression):
    """Every integer as it is."""

    def stored_bits(self, values: Tensor, bits: int) -> int:
        return values.numel() * bits


UNCOMPRESSED = Uncompressed()


@dataclass(frozen=True, slots=True)
class ZeroBitmap(Compression):
    """One bit for each integer, and the integers that are not zero."""

    def stored_bits(self, values: Tensor, bits: int) -> int:
        return values.numel() + int(torch.count_nonzero(values)) * bits


@dataclass(frozen=True, slots=True)
class RunLength(Compression):
    """Pairs (zeros skipped, the integer behind them), ``pairs`` of them and one bit in a word.

    The integer of a pair may itself be zero: so a run of more than 2^run_bits - 1 zeros goes on, and so it ends. A
    word has pairs * (run_bits + bits) + 1 bits: 64 for integers of 16. Source: Eyeriss, Chen et al., JSSC 2017: 5-bit
    runs, 16-bit levels, three pairs and one bit in 64 bits (not verified).
    """

    run_bits: int = 5
    pairs: int = 3

    def stored_bits(self, values: Tensor, bits: int) -> int:
        flat = values.reshape(-1)
        places = torch.from_numpy(np.flatnonzero(flat.ne(0).numpy()))  # in a sixth of torch.nonzero's time
        ends = (int(places[0]), flat.numel() - 1 - int(places[-1])) if len(places) else (0, flat.numel())
        between = torch.diff(places).sub_(1).bitwise_right_shift_(self.run_bits)
        found = len(places) + int(between.sum()) + (ends[0] >> self.run_bits) - (-ends[1] >> self.run_bits)
        return -(-found // self.pairs) * (self.pairs * (self.run_bits + bits) + 1)
