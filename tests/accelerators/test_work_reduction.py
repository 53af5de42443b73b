"""Work in bits: against products counted one by one, in its order, and where it has a closed form."""

from collections.abc import Callable

import pytest
import torch

from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.terms import Recoding
from adequate.accelerators.work import Work
from adequate.accelerators.work_reduction import BitWork, bit_work, term_pairs
from tests.accelerators.cases import layer, layers
from tests.accelerators.reference_grid import products
from tests.accelerators.reference_terms import greedy, naf, set_bits

CASES = layers(216, seed=1)


def reference(work: Work, p: int, terms: Callable[[int], list[tuple[int, int]]]) -> BitWork:
    """The definitions, product by product."""
    total = [0] * 9
    for a, w in products(work):
        ta, tw = len(terms(a)), len(terms(w))
        left = (
            p * p, p * p * (a != 0), p * p * (w != 0), p * p * (a != 0 and w != 0),
            p * len(set_bits(a)), p * ta, p * tw, p * ta * (w != 0), ta * tw,
        )  # fmt: skip
        total = [before + more for before, more in zip(total, left, strict=True)]
    return BitWork(*total)


def test_it_is_what_each_product_adds() -> None:
    for work in CASES:
        recoding, terms = ((Recoding.NAF, naf), (Recoding.DNNSIM, greedy))[work.macs % 2]
        assert bit_work(work, 16, recoding) == reference(work, 16, terms), work.name


def test_pairs_of_terms_are_counted_over_every_product() -> None:
    for work in CASES[:40]:
        pairs = term_pairs(work, Recoding.NAF)
        expected = torch.zeros_like(pairs)
        for a, w in products(work):
            expected[len(naf(a)), len(naf(w))] += 1
        assert torch.equal(pairs, expected), work.name


def test_laconic_leaves_no_more_than_pragmatic_than_bit_parallel() -> None:
    for work in CASES:
        found = bit_work(work, 16)
        assert found.at_wt <= found.at <= found.essential_bits <= found.a <= found.bit_parallel, work.name
        assert found.at_wt <= found.w_at <= found.a_w <= min(found.a, found.w), work.name
        assert found.at_wt <= found.wt <= found.w, work.name


def test_of_ones_one_pair_of_terms_is_left_of_each_product() -> None:
    loops = LoopNest(2, 3, 4, (5, 6), (3, 2))
    found = bit_work(layer(loops, torch.ones(2, 6, 5, 6), torch.ones(1, 8, 3, 3, 2)), 8)
    assert found.bit_parallel == 64 * 2 * loops.macs
    assert (found.at_wt, found.at, found.a_w) == (2 * loops.macs, 16 * loops.macs, 128 * loops.macs)
    assert found.reductions["at_wt"] == 64


def test_it_adds_and_reduces_after_adding() -> None:
    one, other = bit_work(CASES[0], 16), bit_work(CASES[9], 16)
    both = one + other
    assert both.at_wt == one.at_wt + other.at_wt
    assert both.reductions["at"] == (one.bit_parallel + other.bit_parallel) / (one.at + other.at)
    assert BitWork(bit_parallel=64).reductions["a"] == float("inf")


def test_it_refuses_wider_words_and_layers_without_operands() -> None:
    wide = next(work for work in CASES if work.activation_width == 16)
    with pytest.raises(ValueError, match="its input has integers of 16 bits; the work in bits holds at most 8"):
        bit_work(wide, 8)
    with pytest.raises(ValueError, match="the work in bits reads values; give it operands="):
        bit_work(Work("fc", LoopNest(1, 2, 3, (1, 1)), 8, 8, 8, 8, 8), 8)
