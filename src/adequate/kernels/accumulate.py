"""Sums of products in a register that rounds after every addition."""

import torch
from torch import Tensor

from adequate.formats import Format
from adequate.kernels.expansion import DIGITS, odd_sum, two_product


def accumulate_sequential(x: Tensor, w: Tensor, register: Format) -> Tensor:
    """c <- register(c + x[..., k] * w[..., k]) for k = 0, 1, ..., from c = 0, the product and the sum exact.

    ``x`` is (..., M, K) and ``w`` (..., O, K); the result is (..., M, O) in float64. Slow twin:
    ``reference.accumulate_sequential``.

    Raises:
        ValueError: the register has more than 51 significant bits.
    """
    if register.digits > DIGITS:
        raise ValueError(f"{register} has {register.digits} significant bits; a register is emulated up to {DIGITS}")
    x, w = x.double(), w.double()
    c = torch.zeros(*x.shape[:-1], w.shape[-2], dtype=torch.float64, device=x.device)
    for k in range(x.shape[-1]):
        product, error = two_product(*torch.broadcast_tensors(x[..., :, k, None], w[..., None, :, k]))
        c = register.quantize(odd_sum([c, product, error]))
    return c
