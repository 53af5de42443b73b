"""What a format demands of its fields and of the tensors it is given; each check raises one clear ValueError."""

import math
import struct
from dataclasses import MISSING, Field, fields
from enum import Enum
from fractions import Fraction
from typing import Any, NoReturn, cast

import torch
from torch import Tensor

_DIGITS = {torch.float16: 11, torch.bfloat16: 8, torch.float32: 24, torch.float64: 53}  # significand bits


def holds(dtype: torch.dtype, digits: int, grid: int, largest: Fraction) -> bool:
    """Whether all multiples of ``2**grid`` of at most ``digits`` bits, up to ``largest``, are numbers of ``dtype``."""
    info = torch.finfo(dtype)
    subnormal = math.frexp(info.smallest_normal)[1] - _DIGITS[dtype]
    return digits <= _DIGITS[dtype] and grid >= subnormal and largest <= Fraction(info.max)


def options(format: object) -> list[Field[Any]]:
    """The fields of a format that have a default."""
    return [field for field in fields(cast(Any, format)) if field.default is not MISSING]


def require_float(format: object, x: Tensor) -> None:
    """``x`` is a tensor of one of the four float dtypes."""
    if x.dtype not in _DIGITS:
        raise ValueError(f"{format} quantizes float16, bfloat16, float32 and float64 tensors, not {x.dtype}")


def require_finite(format: object, x: Tensor) -> None:
    """``x`` holds neither NaN nor infinity; the message names the first culprit."""
    if x.numel() == 0:
        return
    low, high = x.aminmax()  # NaN if there is one; twenty times quicker than isfinite().all()
    if not (low > -torch.inf) & (high < torch.inf):
        refuse(format, x, int(x.isfinite().reshape(-1).to(torch.uint8).argmin()))


def refuse(format: object, x: Tensor, index: int) -> NoReturn:
    """A ValueError about one element of ``x``, which is NaN or infinite."""
    raise ValueError(f"{format} cannot represent {x.reshape(-1)[index].item()} (element {index} of {x.numel()})")


def require_int(what: str, value: object, low: int, high: int) -> None:
    """``value`` is an int, not a bool, with ``low <= value <= high``."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{what} must be an integer from {low} to {high}, not {value!r}")


def require_binary32(what: str, value: object) -> float:
    """``value``, a finite number that float32 holds exactly, as a float; else the message names the nearest one."""
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not abs(value) <= torch.finfo(torch.float32).max
    ):
        raise ValueError(f"{what} must be a finite float32 number, not {value!r}")
    if nearest_binary32(value) != value:
        raise ValueError(
            f"{what} must be a float32 number: not {value!r}, but for instance {nearest_binary32(value)!r}"
        )
    return float(value)


def require_options(format: Any) -> None:
    """Every flag of ``format`` is a bool and every choice a member of its enum."""
    for option in options(format):
        default, value = cast(object, option.default), getattr(format, option.name)
        kind = type(default)
        if isinstance(default, bool | Enum) and not isinstance(value, kind):
            choices = ", ".join(map(str, kind)) if issubclass(kind, Enum) else "True, False"
            raise ValueError(f"{option.name} of {format.name} must be one of {choices}, not {value!r}")


def nearest_binary32(value: float) -> float:
    """The float32 number nearest to ``value``, which float32 must not overflow."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def largest_magnitude(interval: tuple[float, float]) -> float:
    """``max(|low|, |high|)`` of an interval ``(low, high)`` with finite ``low <= high``."""
    low, high = interval
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"an interval is (low, high) with finite low <= high, not ({low}, {high})")
    return max(abs(low), abs(high))
