"""What follows from parameters, kept while they do not change."""

from collections.abc import Callable
from typing import Generic, TypeVar

from torch import Tensor

from adequate.kernels.fingerprint import fingerprint

_Value = TypeVar("_Value")


class Kept(Generic[_Value]):
    """One value, made anew when its origin has changed.

    The bits of the tensors tell (``fingerprint``): neither address nor version of a parameter would if its ``.data``
    was written to.
    """

    def __init__(self) -> None:
        self._origin: tuple[object, ...] | None = None
        self._value: _Value | None = None

    def get(self, origin: tuple[object, ...], make: Callable[[], _Value]) -> _Value:
        """The value of this origin."""
        if self._value is None or self._origin != origin:
            self._value = None  # or two would be held
            self._value, self._origin = make(), origin
        return self._value


def identity(x: Tensor | None) -> tuple[object, ...] | None:
    """What changes when the tensor does."""
    return None if x is None else (x.device, x.dtype, x.shape, fingerprint(x))
