"""Padded patterns are those of torch's own padding, in one to three dimensions and two widths."""

from itertools import product

import pytest
import torch
from torch.nn import functional

from adequate import native
from adequate.kernels.padding import padded

PADDINGS = (
    ((0, 0),),
    ((2, 1),),
    ((0, 3), (1, 0)),
    ((1, 1), (1, 1)),
    ((-1, 2), (0, 0)),
    ((1, 0), (0, 2), (3, 1)),
)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.int32])
def test_the_frame_is_torchs(padding: tuple[tuple[int, int], ...], dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    for images, channels, size in product((0, 2), (1, 3), (1, 5, 40)):
        shape = (images, channels, *range(size + 1, size + 1 + len(padding)))
        x = torch.randint(256, shape, generator=generator)
        pads = [count for pair in reversed(padding) for count in pair]
        expected = functional.pad(x, pads, value=201)
        for given in (x.to(dtype), x.mT.to(dtype).contiguous().mT if len(padding) > 1 else x.to(dtype)):
            got = padded(given, padding, 201)
            assert got.dtype is dtype
            assert torch.equal(got.long(), expected)


@pytest.mark.skipif(native.kernels is None, reason="no compiled kernels here")
def test_what_does_not_fit_is_refused() -> None:
    assert native.kernels is not None
    x = torch.zeros(1, 2, 1, 3, 3, dtype=torch.uint8)
    for out, before in (
        (torch.zeros(1, 2, 1, 4, 4, dtype=torch.uint8), (0, 0, 2)),
        (torch.zeros(1, 2, 1, 4, 4, dtype=torch.uint8), (0, -1, 0)),
        (torch.zeros(1, 1, 1, 5, 5, dtype=torch.uint8), (0, 1, 1)),
        (torch.zeros(1, 2, 1, 5, 5, dtype=torch.uint16), (0, 1, 1)),
    ):
        with pytest.raises(ValueError, match="x "):
            native.kernels.pad_patterns(x, out, before, 0, 0, 1)
