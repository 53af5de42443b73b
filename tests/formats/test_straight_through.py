"""The gradient that rounding passes on: all of it from the lowest value to the highest, nothing beyond."""

import math

import pytest
import torch

from adequate.formats import Binary, Codebook, Fixed, Format, Minifloat, PerChannel, PowerOfTwo, Scaled, Ternary

ANY = (
    Fixed(8, 4),
    Fixed(5, -120),
    Fixed(9, 140, signed=False),
    Minifloat(4, 3),
    Minifloat(7, 6),
    PowerOfTwo(4),
    Binary(),
    Ternary(),
    Codebook((-0.5, 0.25, 4.0)),
    Scaled(Fixed(8, 0), 0.34375),
    Scaled(Fixed(4, 0, signed=False), (0.109375, 2.5), (3, 8), axis=0),
    PerChannel((Fixed(3, 1), PowerOfTwo(3)), 0),
)


@pytest.mark.parametrize("format", ANY, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_passed_on_where_the_number_is_inside(format: Format, dtype: torch.dtype) -> None:
    """The ends themselves are inside, their neighbours not: in every format, also where both are subnormal."""
    ends = torch.tensor([float(format.minimum), float(format.maximum)], dtype=dtype)
    beyond = torch.stack([ends.nextafter(torch.tensor(one, dtype=dtype)) for one in (-math.inf, math.inf)])
    x = torch.cat([ends, beyond.flatten(), ends * 0.7, ends * 1.5, torch.tensor([0.0, -0.0], dtype=dtype)])
    x = x[x.isfinite()].expand(2, -1).contiguous()
    gradient = torch.arange(1, x.numel() + 1, dtype=dtype).reshape(x.shape)
    inside = format.inside(x)
    assert inside.any()
    assert not inside.all()
    assert torch.equal(format.passed(gradient, x), torch.where(inside, gradient, 0.0))
    if not isinstance(format, Scaled | PerChannel):
        exactly = [float(format.minimum) <= one <= float(format.maximum) for one in x.double().flatten().tolist()]
        assert inside.flatten().tolist() == exactly
