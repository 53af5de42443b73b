"""The codes of fixed point in a byte each, by the compiled kernel: one pass from float32."""

import torch
from torch import Tensor

from adequate import native
from adequate.formats.checks import refuse
from adequate.formats.compiled import takes
from adequate.formats.fixed import Fixed
from adequate.formats.rounding import Rounding


def byte_codes(format: Fixed, x: Tensor) -> Tensor | None:
    """The lowest eight bits of ``format.encode(x)``, uint8; None where torch has to find them.

    Raises:
        ValueError: ``x`` holds NaN or infinity.
    """
    if format.rounding is Rounding.STOCHASTIC or x.dtype is not torch.float32 or not takes(x):
        return None
    kernel = format.kernel(format.rounding)
    if kernel is None or not kernel.single:
        return None
    assert native.kernels is not None
    codes = torch.empty(x.shape, dtype=torch.uint8)
    addresses, threads = (x.data_ptr(), codes.data_ptr()), torch.get_num_threads()
    culprit = native.kernels.encode_fixed(int(native.processor), threads, *addresses, x.numel(), *kernel.numbers)
    if culprit >= 0:
        refuse(format, x, culprit)
    return codes
