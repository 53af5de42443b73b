"""How long units whose lanes share a shifter take over their activations' terms, where each filter's take others."""

import torch
from torch import Tensor

from adequate.accelerators.pragmatic import retirements
from adequate.native import kernels, processor

_WINDOWS = 16
"""What the compiled kernel takes together, unless there is one."""


def slowest_retirements(terms: Tensor, steps: Tensor, source: Tensor, first_stage_bits: int) -> Tensor:
    """The cycles of the slowest filter (``retirements``), uint8 (rows, windows).

    Args:
        terms: int32 (steps * lanes, windows), bit n set where there is a term of 2^n.
        steps: int64 (rows), from which a row counts.
        source: int16 (rows, filters, lanes), steps later * lanes + the lane that is taken, -1 for none.
    """
    windows, lanes = terms.shape[1], source.shape[2]
    if kernels is None or (terms.numel() and int(terms.max()) >= 1 << 16):
        found = torch.zeros(len(source), windows, dtype=torch.uint8)
        for row, places in enumerate(source.to(torch.int64)):
            taken = terms[(steps[row] * lanes + places).clamp_min(0)].masked_fill_((places < 0)[..., None], 0)
            found[row] = retirements(taken[None, None, ..., None], first_stage_bits).amax(2).flatten()
        return found
    missing = -windows % _WINDOWS if windows > 1 else 0
    filled = torch.nn.functional.pad(terms.to(torch.int16), (0, missing))
    found = torch.empty(len(source), filled.shape[1], dtype=torch.uint8)
    kernels.retire(filled, steps, source.contiguous(), min(2**first_stage_bits, _WINDOWS), found, processor)
    return found[:, :windows]
