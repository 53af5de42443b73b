"""The compiled kernels, if there are any: which of them run on this processor.

Every kernel is one C++ source, compiled for each ``Processor``; without a compiler at installation there is none, and
everything is computed by torch, with the same bits. ``ADEQUATE_PROCESSOR`` (``torch``, ``portable``, ``avx2``,
``avx512``) in the environment chooses less than the processor can.
"""

import os
import warnings
from enum import IntEnum
from types import ModuleType


class Processor(IntEnum):
    """For which the kernels are compiled; each needs what the one before it needs, and more."""

    TORCH = -1
    """No kernels of ours."""
    PORTABLE = 0
    """Any processor."""
    AVX2 = 1
    """x86-64 with AVX2, FMA and BMI2."""
    AVX512 = 2
    """x86-64 with AVX-512 F, BW, DQ and VL."""


def _loaded() -> tuple[ModuleType | None, Processor]:
    try:
        from adequate.native import _native
    except ImportError as error:
        warnings.warn(f"adequate's kernels are not compiled ({error}); torch computes the same, slower", stacklevel=2)
        return None, Processor.TORCH
    here = Processor(_native.processor())
    wanted = os.environ.get("ADEQUATE_PROCESSOR", here.name.lower())
    names = [one.name.lower() for one in Processor if one <= here]
    if wanted not in names:
        raise ValueError(f"ADEQUATE_PROCESSOR is {wanted!r}; this processor has {', '.join(names)}")
    chosen = Processor[wanted.upper()]
    return (None if chosen is Processor.TORCH else _native), chosen


kernels, processor = _loaded()
