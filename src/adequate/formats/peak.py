"""The largest magnitude of a tensor, remembered from the pass that wrote it where that is known."""

from typing import Any

from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

_known: Any = WeakTensorKeyDictionary()
"""Of each tensor its version when its largest magnitude was known, and that."""


def remember_peak(x: Tensor, peak: float) -> None:
    """``peak`` is max |x| until ``x`` is written to, as far as the counter of its writes tells, like autograd's own."""
    if not x.is_inference():
        _known[x] = x._version, peak


def peak_of(x: Tensor) -> float:
    """max |x|, 0 for a tensor without elements: remembered, or looked for."""
    if not x.is_inference():
        version, peak = _known.get(x, (None, 0.0))
        if version == x._version:
            return float(peak)
    if not x.numel():
        return 0.0
    low, high = x.aminmax()
    return max(-float(low), float(high))
