"""Weights that are zero, left out ahead of time: later weights take their places."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import torch
from torch import Tensor

from adequate.native import kernels, processor

_LANES, _OFFSETS = 64, 15
"""What the compiled kernel holds."""


class Shape(Enum):
    """From where a lane may take a weight, beside later ones of its own: ``L`` from one side, ``T`` from both."""

    L = "L"
    T = "T"


class Schedule(NamedTuple):
    """Where the lanes of every step take their weight and activation from, and which steps remain.

    ``source`` is int16 (sets, steps, filters, lanes): steps later * lanes + the lane, or -1 for none: the weight has
    left for an earlier step. ``emitted`` is bool (sets, steps).
    """

    source: Tensor
    emitted: Tensor


@dataclass(frozen=True, slots=True)
class WeightSkipping:
    """The scheduler of Bit-Tactical.

    In each step, each filter's zero lane with the most candidates (the lowest of them) takes the first candidate, until
    none has any. Candidates are nonzero weights of the same filter at the ``offsets``. Up to ``lookahead`` steps in a
    row, all zero in a set of filters, are skipped.

    Source: Lascorz et al., "Bit-Tactical", ASPLOS 2019, as github isakedo/DNNsim@4748a60 has it (verified).
    """

    lookahead: int
    lookaside: int
    shape: Shape = Shape.T

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """(steps later, lanes to the right), nearest first; lanes wrap around.

        >>> WeightSkipping(2, 5, Shape.T).offsets
        [(1, -1), (1, 0), (1, 1), (1, 3), (2, -2), (2, 0), (2, 2)]
        >>> WeightSkipping(1, 2, Shape.L).offsets
        [(1, -2), (1, -1), (1, 0)]
        """
        ahead = [(later, 0) for later in range(1, self.lookahead + 1)]
        if self.shape is Shape.L:
            return sorted([*ahead, *((1, -right) for right in range(1, self.lookaside + 1))])
        sides = [(at // 2 % max(self.lookahead, 1) + 1, at // 2 + 1, 1 - at % 2 * 2) for at in range(self.lookaside)]
        return sorted([*ahead, *((later, far * sign) for later, far, sign in sides)])

    def schedule(self, nonzero: Tensor) -> Schedule:
        """What becomes of sets of filters, uint8 or bool (sets, steps, filters, lanes)."""
        offsets, lanes = self.offsets, nonzero.shape[3]
        if kernels is None or lanes > _LANES or len(offsets) > _OFFSETS:
            return _scheduled(nonzero.bool(), offsets, self.lookahead)
        source = torch.empty(nonzero.shape, dtype=torch.int16)
        emitted = torch.empty(nonzero.shape[:2], dtype=torch.uint8)
        given = nonzero.to(torch.uint8).contiguous()
        kernels.promote(given, offsets, self.lookahead, source, emitted, processor)
        return Schedule(source, emitted.bool())


DNNSIM_SKIPPING = WeightSkipping(lookahead=2, lookaside=5, shape=Shape.T)
"""The defaults of github isakedo/DNNsim@4748a60 (verified)."""


def _scheduled(nonzero: Tensor, offsets: list[tuple[int, int]], lookahead: int) -> Schedule:
    """All sets and filters at once, a step after the other."""
    nonzero = nonzero.clone()
    sets, steps, _, lanes = nonzero.shape
    source = torch.arange(lanes, dtype=torch.int16).expand(nonzero.shape).clone()
    emitted = torch.empty(sets, steps, dtype=torch.bool)
    skipped = torch.zeros(sets, dtype=torch.int64)
    own = torch.arange(lanes)
    for step in range(steps):
        near = [(later, right) for later, right in offsets if step + later < steps]
        skips = ~nonzero[:, step].flatten(1).any(1) & (skipped < lookahead)
        emitted[:, step], skipped = ~skips, torch.where(skips, skipped + 1, 0)
        while near:
            there = torch.stack([nonzero[:, step + later].roll(-right, -1) for later, right in near])
            there &= (~nonzero[:, step] & ~skips[:, None, None])[None]
            count = there.sum(0)
            if not count.any():
                break
            lane = (count * lanes + lanes - 1 - own).argmax(-1)  # the most candidates, then the lowest lane
            s, f = count.amax(-1).nonzero().T
            lane = lane[s, f]
            first = (there[:, s, f, lane] * torch.arange(len(near), 0, -1)[:, None]).argmax(0)
            later, right = torch.tensor(near)[first].T
            taken = (lane + right) % lanes
            nonzero[s, step, f, lane], nonzero[s, step + later, f, taken] = True, False
            source[s, step, f, lane] = (later * lanes + taken).to(torch.int16)
            source[s, step + later, f, taken] = -1
    return Schedule(source, emitted)
