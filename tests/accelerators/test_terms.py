"""Recodings: sums that are the integer, counts that are the digits, and the statistics that sources state."""

import pytest
import torch

from adequate.accelerators.terms import Recoding, digits, slices, term_counts
from tests.accelerators.reference_terms import greedy, naf, set_bits

REFERENCES = {Recoding.BINARY: set_bits, Recoding.NAF: naf, Recoding.DNNSIM: greedy}
BYTES = torch.arange(256, dtype=torch.int32)
SOME = torch.cat(
    [
        torch.arange(-1024, 1024, dtype=torch.int32),
        torch.randint(-(2**16) + 1, 2**16, (2000,), generator=torch.Generator().manual_seed(0), dtype=torch.int32),
        torch.tensor([-32768, 32767, 65535, 0x5555, 0xAAAA, 0xEEEE, 0x7777], dtype=torch.int32),
    ]
)


@pytest.mark.parametrize("recoding", REFERENCES)
def test_terms_add_up_to_the_magnitude_and_are_the_digits(recoding: Recoding) -> None:
    terms = [REFERENCES[recoding](x) for x in SOME.tolist()]
    assert [sum(sign * 2**n for sign, n in found) for found in terms] == SOME.abs().tolist()
    assert digits(SOME, recoding).tolist() == [sum(2**n for _, n in found) for found in terms]
    assert term_counts(SOME, recoding).tolist() == [len(found) for found in terms]


def test_the_statistics_of_bytes() -> None:
    """At most 5 terms (Laconic, ISCA 2019); greedy ones at most 6, 3.199 in the mean against 3.109 and 4 set bits."""
    counts = {recoding: term_counts(BYTES, recoding).float() for recoding in REFERENCES}
    assert {recoding: int(found.max()) for recoding, found in counts.items()} == {
        Recoding.BINARY: 8, Recoding.NAF: 5, Recoding.DNNSIM: 6,
    }  # fmt: skip
    means = {recoding: round(float(found.mean()), 3) for recoding, found in counts.items()}
    assert means == {Recoding.BINARY: 4.0, Recoding.NAF: 3.109, Recoding.DNNSIM: 3.199}


def test_no_recoding_has_fewer_terms_than_canonical_digits_nor_more_than_set_bits() -> None:
    every = torch.arange(2**16, dtype=torch.int32)
    least, greedily, most = (
        term_counts(every, recoding) for recoding in (Recoding.NAF, Recoding.DNNSIM, Recoding.BINARY)
    )
    assert bool((least <= greedily).all())
    assert bool((greedily <= most).all())


def test_60_is_64_less_4() -> None:
    assert digits(torch.tensor([60], dtype=torch.int32), Recoding.NAF).tolist() == [64 + 4]


def test_slices_are_digits_of_the_magnitude() -> None:
    low, high = slices(SOME, 16, 8)
    assert torch.equal(low + 256 * high, SOME.abs())
    assert int(low.max()) < 256
    assert torch.equal(slices(SOME, 16, 16)[0], SOME.abs())


def test_terms_by_hand() -> None:
    """-3 is 1 - 4, 7 is 8 - 1, and 85 has four ones that are no neighbours."""
    found = term_counts(torch.tensor([0, 1, -3, 7, 85], dtype=torch.int32), Recoding.NAF)
    assert found.tolist() == [0, 1, 2, 2, 4]
