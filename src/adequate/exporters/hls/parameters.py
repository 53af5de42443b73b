"""Arrays that do not depend on the image: each in a file of its own, its integers packed."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from adequate.exporters.hls.types import Range, holding, only
from adequate.program.value import bits


@dataclass(frozen=True, eq=False)
class Parameters:
    """An array of integers, ``name`` its identifier; ``within`` the range that they are stored for."""

    name: str
    integers: Any
    within: Range

    @property
    def layout(self) -> tuple[int, bool]:
        """Bits of one integer, and whether it is signed."""
        return bits(self.within.low, self.within.high)

    @property
    def type(self) -> str:
        """The type of one integer."""
        return holding(self.within, self.name)

    @property
    def size(self) -> int:
        """Elements of the array, which is never empty."""
        return len(self.integers)

    @cached_property
    def content(self) -> bytes:
        """The file."""
        return packed(self.integers, self.layout[0])


def parameters(name: str, integers: Any, within: Range | None = None) -> Parameters:
    """An array of any shape, for the range of its integers or a wider one."""
    flat = np.asarray(integers).reshape(-1)
    flat = flat if flat.size else np.zeros(1, dtype=np.int64)
    return Parameters(name, flat, within or only(int(flat.min()), int(flat.max())))


def packed(integers: Any, width: int) -> bytes:
    """Integers of ``width`` bits one after the other, lowest bit first, negative ones in two's complement.

    They are an array of Python integers, or of NumPy's.

    >>> packed(np.array([1, -1, 0, 1]), 3).hex()
    '3902'
    """
    numbers = np.asarray(integers).astype(np.int64 if width < 64 else object)
    words = np.stack([(numbers >> place & 0xFFFFFFFF).astype(np.uint32) for place in range(0, width, 32)], axis=-1)
    every = np.unpackbits(words.astype("<u4").view(np.uint8), axis=-1, bitorder="little")[:, :width]
    return np.packbits(every.reshape(-1), bitorder="little").tobytes()


def unpacked(content: bytes, count: int, width: int, signed: bool) -> Any:
    """The first ``count`` integers of a file, as Python integers in an array.

    >>> unpacked(bytes.fromhex("3902"), 4, 3, True).tolist()
    [1, -1, 0, 1]

    Raises:
        ValueError: the file is shorter.
    """
    if 8 * len(content) < count * width:
        raise ValueError(f"{count} integers of {width} bits need {-(-count * width // 8)} bytes, not {len(content)}")
    every = np.unpackbits(np.frombuffer(content, dtype=np.uint8), bitorder="little")[: count * width]
    whole = np.zeros((count, -(-width // 32) * 32), dtype=np.uint8)
    whole[:, :width] = every.reshape(count, width)
    words = np.packbits(whole, axis=-1, bitorder="little").view("<u4").astype(object)
    numbers = sum(words[:, at] * 2 ** (32 * at) for at in range(words.shape[1]))
    return numbers - (numbers >= 2 ** (width - 1)) * 2**width if signed else numbers
