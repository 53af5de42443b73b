"""Codes written by the compiled kernel are the lowest bytes of those that torch finds."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adequate import native
from adequate.formats import Fixed, Overflow, Rounding
from adequate.formats.byte_codes import byte_codes
from adequate.native import Processor

pytestmark = pytest.mark.skipif(native.kernels is None, reason="nothing is compiled")
NEAREST = [one for one in Rounding if one is not Rounding.STOCHASTIC]


@given(
    st.integers(1, 20),
    st.integers(-100, 100),
    st.booleans(),
    st.sampled_from(NEAREST),
    st.integers(1, 1000),
    st.integers(0, 3),
    st.integers(0, 2**32),
)
def test_they_are_the_lowest_bytes(
    bits: int, frac: int, signed: bool, rounding: Rounding, size: int, offset: int, seed: int
) -> None:
    format = Fixed(bits, frac, signed=signed, rounding=rounding)
    generator = torch.Generator().manual_seed(seed)
    halves = torch.randint(-(2 ** (bits + 2)), 2 ** (bits + 2), (size,), generator=generator).float()
    side = torch.randint(-1, 2, (size,), generator=generator).float()
    beside = torch.where(side == 0, halves, halves.nextafter(side * 2.0**24))
    x = beside.mul(2.0 ** (-frac - 1))[offset:]
    expected = (format.encode(x) & 255).to(torch.uint8)
    for processor in (one for one in Processor if Processor.PORTABLE <= one <= native.processor):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(native, "processor", processor)
            found = byte_codes(format, x)
        assert found is not None
        assert found.equal(expected)


@pytest.mark.parametrize("threads", [1, 3])
def test_many_elements_on_threads(threads: int) -> None:
    x = torch.randn(2**20 + 77, generator=torch.Generator().manual_seed(0))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = byte_codes(Fixed(8, 5), x)
    finally:
        torch.set_num_threads(before)
    assert found is not None
    assert found.equal((Fixed(8, 5).encode(x) & 255).to(torch.uint8))


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    x = torch.zeros(300)
    x[280] = bad
    with pytest.raises(ValueError, match=r"fixed\(8,4\)"):
        byte_codes(Fixed(8, 4), x)


@pytest.mark.parametrize(
    ("format", "x"),
    [
        (Fixed(8, 4, overflow=Overflow.WRAP), torch.zeros(3)),
        (Fixed(8, 4, rounding=Rounding.STOCHASTIC), torch.zeros(3)),
        (Fixed(8, 120), torch.zeros(3)),
        (Fixed(8, 4), torch.zeros(3, dtype=torch.float64)),
        (Fixed(8, 4), torch.zeros(3, 4).mT),
    ],
    ids=["wrap", "stochastic", "tiny step", "float64", "not contiguous"],
)
def test_the_rest_is_torchs(format: Fixed, x: torch.Tensor) -> None:
    assert byte_codes(format, x) is None
