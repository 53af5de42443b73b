"""What came of comparing an export with the program that it was made from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mismatch:
    """The first number that differs: ``index`` counts the elements of a layer's outputs, image after image."""

    layer: str
    index: int
    expected: int | float
    found: int | float

    def __str__(self) -> str:
        return f"layer {self.layer!r}, index {self.index}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class Verification:
    """How many numbers were compared, and the first that differs, if one does.

    >>> print(Verification(640, None))
    0 mismatches of 640 values
    >>> print(Verification(7, Mismatch("conv1", 6, 3, -1)))
    layer 'conv1', index 6: expected 3, found -1
    """

    values: int
    mismatch: Mismatch | None

    def __bool__(self) -> bool:
        return self.mismatch is None

    def __str__(self) -> str:
        return f"0 mismatches of {self.values} values" if self.mismatch is None else str(self.mismatch)
