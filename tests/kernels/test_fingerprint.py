"""Fingerprints: the same for the same bits, others after every change that parameters undergo."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adequate import native
from adequate.kernels.fingerprint import WORDS, fingerprint, fingerprint_in_torch
from adequate.native import Processor

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8]


@given(st.integers(1, 40), st.integers(0, 10**6), st.sampled_from(DTYPES))
def test_any_bit_counts(size: int, at: int, dtype: torch.dtype) -> None:
    x = torch.randn(size, generator=torch.Generator().manual_seed(at)).mul(50).to(dtype)
    before = fingerprint(x)
    assert fingerprint(x.clone()) == before
    x.view(torch.uint8)[at % x.view(torch.uint8).numel()] ^= 1 << at % 8
    assert fingerprint(x) != before


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("size", [1000, 2 * WORDS + 3])
def test_changes_that_could_cancel(dtype: torch.dtype, size: int) -> None:
    """Signs changed in pairs, elements exchanged, everything doubled, negated or moved on by one."""
    x = torch.randn(size, generator=torch.Generator().manual_seed(0), dtype=dtype)
    changed = [x.neg(), x * 2, x.roll(1), x.flip(0), x + 1]
    for i in range(40):
        for other in (i + 1, size - 1 - i):
            signs = x.clone()
            signs[[i, other]] *= -1
            exchanged = x.clone()
            exchanged[[i, other]] = x[[other, i]]
            changed += [signs, exchanged]
    seen = [fingerprint(one) for one in (x, *changed)]
    assert len(set(seen)) == len(seen)


def test_layouts_do_not_count() -> None:
    x = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    assert fingerprint(x.t().contiguous().t()) == fingerprint(x)
    padded = torch.cat([torch.zeros(1), x.flatten()])
    assert fingerprint(padded[1:].reshape(5, 7)) == fingerprint(x)  # not aligned to 64 bits
    assert fingerprint(torch.zeros(0)) == 0
    assert fingerprint(torch.tensor(1.5)) == fingerprint(torch.tensor([1.5]))


@pytest.mark.skipif(native.kernels is None, reason="nothing is compiled")
@pytest.mark.parametrize("processor", [one for one in Processor if Processor.PORTABLE <= one <= native.processor])
@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 1001, 8 * WORDS - 1, 8 * WORDS, 8 * WORDS + 1, 24 * WORDS + 5])
@pytest.mark.parametrize("offset", [0, 3])
def test_the_compiled_fingerprint_is_that_of_torch(
    processor: Processor, size: int, offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "processor", processor)
    x = torch.randint(0, 256, (size + offset,), generator=torch.Generator().manual_seed(size), dtype=torch.uint8)
    assert fingerprint(x[offset:]) == fingerprint_in_torch(x[offset:])
