"""Products that are not for nothing: those of operands that are not zero, counted exactly."""

import torch

from adequate.accelerators.steps import filters_of, windows_of
from adequate.accelerators.work import Work


def effectual_macs(work: Work) -> int:
    """MACs of all runs of which neither operand is zero: those that no machine can skip for a zero operand.

    sum over taps and channels of (windows with a nonzero activation there) * (filters with a nonzero weight there).

    Raises:
        ValueError: the operands are missing.
    """
    values = work.values("effectual_macs")
    total = 0
    for run, activation in enumerate(values.activation.split(1)):
        weight = values.weight[run if len(values.weight) > 1 else 0].unsqueeze(0)
        windows = windows_of(activation != 0, work.loops).sum(2)
        filters = filters_of(weight != 0, work.loops).sum(2)
        total += int(torch.sum(windows * filters))
    return total


def activated_macs(work: Work) -> int:
    """MACs of all runs of which the activation is not zero, whatever the weight.

    Raises:
        ValueError: the operands are missing.
    """
    nonzero = work.values("activated_macs").activation != 0
    return work.loops.filters * sum(int(windows_of(one, work.loops).sum()) for one in nonzero.split(1))
