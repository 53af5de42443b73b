"""Small grids, and a memory that no computation waits for."""

from adequate.accelerators.grid import Grid
from adequate.accelerators.memory import Memory
from tests.accelerators.reference_grid import Shape

GRIDS = ((Grid(2, 2, 2, 3), 8), (Grid(1, 4, 4, 4), 4), (Grid(1, 3, 3, 2), 16), (Grid(2, 2, 5, 8), 8))
"""Each with a width of units that words of 16 bits can be composed of."""

ONE = Grid(1, 1, 1, 1)
ENDLESS = Memory(activation_bytes=1 << 40, weight_bytes=1 << 40, bits_per_cycle=float("inf"))


def shape(grid: Grid) -> Shape:
    """The grid as the references take it."""
    return Shape(grid.tiles, grid.filters, grid.windows, grid.lanes)
