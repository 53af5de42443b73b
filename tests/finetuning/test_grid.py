"""A format's grid as tensors, against the format's own values."""

import pytest
import torch

from adequate.finetuning.grid import Grid
from adequate.formats import Fixed, Format, Minifloat, PowerOfTwo, Scaled, SharedExponent

ONE = [
    Fixed(4, 2),
    Fixed(3, -1, narrow=True),
    Fixed(5, 3, signed=False),
    Scaled(Fixed(4, 0), 0.6875),
    Scaled(Fixed(4, 2), 1.5),
    Scaled(Fixed(4, 0, signed=False), 0.375, zero=5),
]
SEVERAL = [Scaled(Fixed(3, 0), (0.5, 0.75, 2.0), axis=1), Scaled(Fixed(3, 0), (0.5, 1.25, 2.0), (1, -2, 0), axis=-1)]


@pytest.mark.parametrize("format", ONE, ids=str)
def test_one_step(format: Format) -> None:
    grid = Grid.of(format)
    assert grid is not None
    values = sorted(float(format.decode(code)) for code in format.word)
    step, low, high = (float(part) for part in grid.tensors(torch.zeros(2, 3)))
    assert [low + i * step for i in range(len(values))] == values
    assert high == values[-1]


@pytest.mark.parametrize("format", SEVERAL, ids=str)
def test_a_step_per_channel(format: Scaled) -> None:
    grid = Grid.of(format)
    assert grid is not None
    x = torch.zeros(2, 3)
    steps, low, high = (part.expand_as(x) for part in grid.tensors(x))
    for i in range(3):
        channel = format.channel(i)
        assert (float(channel.minimum), float(channel.maximum)) == (low[0, i], high[0, i])
        assert float(channel.decode(1) - channel.decode(0)) == steps[0, i]


@pytest.mark.parametrize("format", [*ONE, *SEVERAL], ids=str)
def test_steps_come_back(format: Format) -> None:
    grid = Grid.of(format)
    assert grid is not None
    assert grid.with_steps(grid.steps) == format
    doubled = grid.with_steps(tuple(2 * step for step in grid.steps))
    assert doubled.maximum == 2 * format.maximum


def test_a_fixed_point_step_that_is_no_power_of_two_is_a_scale() -> None:
    grid = Grid.of(Fixed(4, 2, narrow=True))
    assert grid is not None
    assert grid.with_steps((0.3125,)) == Scaled(Fixed(4, 0, narrow=True), 0.3125)


@pytest.mark.parametrize(
    "format",
    [None, Minifloat(4, 3), PowerOfTwo(4), Scaled(Fixed(4, 0, narrow=True), SharedExponent(8), axis=1)],
    ids=str,
)
def test_others_have_no_grid(format: Format | None) -> None:
    assert Grid.of(format) is None
