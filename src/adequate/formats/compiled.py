"""Quantising by the compiled kernels: one pass over a tensor, with the check for NaN and infinity in it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from adequate.formats.epilogue import NOTHING, Epilogue
from adequate.formats.rounding import Rounding
from adequate.native import kernels, processor


@dataclass(frozen=True)
class Sweep:
    """A kernel of ``native/quantize*.cpp`` with the numbers of one format and one rounding rule.

    ``single``: float32 arithmetic is exact for float32 tensors; else theirs is done in float64.
    """

    name: str
    single: bool
    numbers: tuple[float, ...]


def code_of(rounding: Rounding) -> int:
    """The number of a rounding rule in ``native/quantize.h``."""
    return tuple(Rounding).index(rounding)


def takes(x: Tensor) -> bool:
    """Whether there are kernels and ``x`` is what they take: a contiguous tensor of the CPU, nothing else watching.

    Under ``torch.compile``, in a trace and where a gradient is recorded, torch's own operations are needed.
    """
    return (
        kernels is not None
        and x.device.type == "cpu"
        and x.is_contiguous()
        and type(x) in (Tensor, torch.nn.Parameter)
        and not torch.compiler.is_compiling()
        and not (x.requires_grad and torch.is_grad_enabled())
    )


def sweep(x: Tensor, out: Tensor, kernel: Sweep, key: int, epilogue: Epilogue = NOTHING) -> tuple[int, float]:
    """Writes the quantised ``x`` into ``out`` (``x`` itself or its like).

    Returns the first element that is not finite, or -1, and the largest magnitude written.

    The epilogue, which suits ``x``, follows in the same pass.

    Both are contiguous float32 or float64 tensors of the CPU. Of a tensor with such an element, ``x`` is left as it is
    from there on, whatever ``out`` is.
    """
    threads = torch.get_num_threads()
    double = x.dtype is torch.float64
    run = getattr(kernels, kernel.name)
    addresses = x.data_ptr(), out.data_ptr()
    addend = epilogue.addend.data_ptr() if isinstance(epilogue.addend, Tensor) else 0
    then = addend, epilogue.rectified
    return run(int(processor), threads, *addresses, x.numel(), double, not kernel.single, key, *then, *kernel.numbers)
