"""How much of a layer's bit-parallel work is left where zeros, or all but the terms, of the operands are skipped."""

from dataclasses import dataclass

import torch
from torch import Tensor

from adequate.accelerators.sums import filter_sums, product_sum, window_sums
from adequate.accelerators.terms import WIDEST, Recoding, term_counts
from adequate.accelerators.work import Work


@dataclass(frozen=True)
class BitWork:
    """Single-bit products left to do, padding included; amounts that add, over layers as over images.

    Of p-bit operands a and w with terms t: ``bit_parallel`` p^2 a product; ``a`` that, but for a = 0; ``w`` but for
    w = 0; ``a_w`` but for either; ``essential_bits`` p times the set bits of a (Pragmatic); ``at`` p t(a); ``wt`` p
    t(w); ``w_at`` p t(a) but for w = 0; ``at_wt`` t(a) t(w) (Laconic).

    Source: Sharify et al., "Laconic Deep Learning Inference Acceleration", ISCA 2019, fig. 1, from a public review of
    it (verified), and github isakedo/DNNsim@4748a60.
    """

    bit_parallel: int = 0
    a: int = 0
    w: int = 0
    a_w: int = 0
    essential_bits: int = 0
    at: int = 0
    wt: int = 0
    w_at: int = 0
    at_wt: int = 0

    def __add__(self, other: "BitWork") -> "BitWork":
        return BitWork(*(mine + its for mine, its in zip(self.amounts(), other.amounts(), strict=True)))

    def amounts(self) -> tuple[int, ...]:
        """Every amount, in the order of the fields."""
        return tuple(getattr(self, name) for name in KINDS)

    @property
    def reductions(self) -> dict[str, float]:
        """How many times less work than bit-parallel, by kind; infinite where none is left."""
        left = dict(zip(KINDS[1:], self.amounts()[1:], strict=True))
        return {name: self.bit_parallel / amount if amount else float("inf") for name, amount in left.items()}


ASKING = "the work in bits"

KINDS = tuple(BitWork.__dataclass_fields__)
"""The kinds of work, in the order of the fields."""

KINDS_TOLD = {
    "a": "A: but for zero activations",
    "w": "W: but for zero weights",
    "a_w": "A+W: but for either",
    "essential_bits": "set bits of activations",
    "at": "At: terms of activations",
    "wt": "Wt: terms of weights",
    "w_at": "W+At: terms of activations, but for zero weights",
    "at_wt": "At+Wt: terms of both",
}
"""What is left out, in words; the letters are the paper's."""


def bit_work(work: Work, bits: int, recoding: Recoding = Recoding.NAF) -> BitWork:
    """The work of all runs of a layer on a machine of ``bits`` bits, exact.

    Raises:
        ValueError: no operands, no integers, or some wider than ``bits``.
    """
    pairs = term_pairs(work, recoding, bits)
    operands = work.values(ASKING)
    set_bits = product_sum(
        term_counts(operands.activation, Recoding.BINARY), torch.ones_like(operands.weight), work.loops
    )
    a, w = (torch.arange(size) for size in pairs.shape)
    some_a, some_w = a.sign()[:, None], w.sign()
    return BitWork(
        bit_parallel=bits * bits * work.macs,
        a=bits * bits * int((pairs * some_a).sum()),
        w=bits * bits * int((pairs * some_w).sum()),
        a_w=bits * bits * int((pairs * some_a * some_w).sum()),
        essential_bits=bits * set_bits,
        at=bits * int((pairs * a[:, None]).sum()),
        wt=bits * int((pairs * w).sum()),
        w_at=bits * int((pairs * a[:, None] * some_w).sum()),
        at_wt=int((pairs * a[:, None] * w).sum()),
    )


def term_pairs(work: Work, recoding: Recoding, bits: int = WIDEST) -> Tensor:
    """In how many multiply-accumulates the activation has i terms and the weight j, int64 (i, j).

    Exact, over all of them: a sum over taps and channels of (windows with i terms) * (filters with j).

    Raises:
        ValueError: no operands, no integers, or some wider than ``bits``.
    """
    work.require_integers(ASKING, widest=min(bits, WIDEST))
    operands = work.values(ASKING)
    a, w = (_by_count(term_counts(x, recoding)) for x in (operands.activation, operands.weight))
    windows = torch.stack([window_sums(one, work.loops) for one in a])
    filters = torch.stack([filter_sums(one, work.loops) for one in w])
    if filters.shape[1] == 1:
        windows = windows.sum(1, keepdim=True)
    return windows.flatten(1) @ filters.flatten(1).T


def _by_count(counts: Tensor) -> list[Tensor]:
    return [counts == number for number in range(int(counts.max()) + 1)]
