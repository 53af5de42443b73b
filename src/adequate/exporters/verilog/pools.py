"""What a program's memory images are collected in: tables of indices, parameters, weights, biases."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from adequate.exporters.verilog.places import Indices

Parameter = int | Fraction | tuple[int, int]
"""An entry of a table, a rounding's factor, or a threshold and the rise of the level there."""


@dataclass
class Pools:
    """Memories that grow; what is in one already is not put there twice. ``indices`` begin with 0, 1, 2, ..."""

    counted: int
    indices: list[int] = field(default_factory=list[int])
    parameters: list[Parameter] = field(default_factory=list[Parameter])
    weights: list[NDArray[np.object_]] = field(default_factory=list[NDArray[np.object_]])
    biases: list[NDArray[np.object_]] = field(default_factory=list[NDArray[np.object_]])
    _tables: dict[bytes, int] = field(default_factory=dict[bytes, int])
    _records: dict[tuple[Parameter, ...], int] = field(default_factory=dict[tuple[Parameter, ...], int])

    def __post_init__(self) -> None:
        self.indices.extend(range(self.counted))

    def table(self, wanted: Indices) -> int:
        """Where a table of indices begins."""
        if len(wanted) <= self.counted and np.array_equal(wanted, np.arange(len(wanted))):
            return 0
        key = wanted.tobytes()
        if key not in self._tables:
            self._tables[key] = len(self.indices)
            self.indices.extend(wanted.tolist())
        return self._tables[key]

    def records(self, wanted: tuple[Parameter, ...]) -> int:
        """Where a run of parameters begins."""
        if wanted not in self._records:
            self._records[wanted] = len(self.parameters)
            self.parameters.extend(wanted)
        return self._records[wanted]

    def lanes(self, rows: NDArray[np.object_], width: int, into: list[NDArray[np.object_]]) -> int:
        """Where words of ``width`` lanes begin: for each tile of rows (C, K) all of its K columns, one a word."""
        begin = len(into)
        for tile in range(0, len(rows), width):
            part = rows[tile : tile + width]
            empty = np.zeros((width - len(part), rows.shape[1]), dtype=object)
            into.extend(np.concatenate([part, empty]).T)
        return begin
