"""How much may be made of a file's constants while reading it: a few bytes of a file can ask for any amount."""

from collections.abc import Iterable

from torch import Tensor

BYTES = 2**28
"""What may be made beyond sixteen times the bytes of the constants (assumed)."""

STEPS = 2**29
"""Elements read, and products, beyond 256 for each byte of the constants: seconds in the slowest types (assumed)."""


class Budget:
    """What is left of both."""

    def __init__(self, constants: Iterable[Tensor]) -> None:
        held = sum(constant.nbytes for constant in constants)
        self._bytes = BYTES + 16 * held
        self._steps = STEPS + 256 * held

    def spend(self, who: object, bytes: int, steps: int = 0) -> None:
        """Takes off what making something costs, beforehand.

        Raises:
            ValueError: it is more than is left.
        """
        if bytes > self._bytes:
            raise ValueError(f"{who} would make constants of {bytes / 2**20:.0f} MiB; with those before, too many")
        if steps > self._steps:
            raise ValueError(f"{who} would take {steps:.1e} steps on constants; with those before, too many")
        self._bytes -= bytes
        self._steps -= steps
