"""How large the exact partial sums of products become on their way, in an accumulator's order."""

import torch
from torch import Tensor

from adequate.operators import Order


def extremes(x: Tensor, w: Tensor, order: Order, block: int | None = None) -> tuple[float, float]:
    """The lowest and the highest number that is ever in a register, 0 at the beginning included.

    ``x`` is (..., M, K) and ``w`` (..., O, K), of sums that float64 holds exactly. Blocks' sums and the sums of them,
    and every sum of a tree, count.
    """
    low = high = 0.0
    x, w = x.double(), w.double()
    shape = (*torch.broadcast_shapes(x.shape[:-2], w.shape[:-2]), x.shape[-2], w.shape[-2])
    zeros = torch.zeros(shape, dtype=torch.float64, device=x.device)

    def seen(sums: Tensor) -> Tensor:
        nonlocal low, high
        if sums.numel():
            least, most = sums.aminmax()
            low, high = min(low, float(least)), max(high, float(most))
        return sums

    total, part, waiting = zeros, zeros, list[Tensor]()
    for k in range(x.shape[-1]):
        term = x[..., :, k, None] * w[..., None, :, k]
        match order:
            case Order.SEQUENTIAL:
                part = seen(part + term)
            case Order.BLOCKED:
                part = seen(part + term)
                if (k + 1) % (block or 1) == 0:
                    total, part = seen(total + part), zeros
            case Order.TREE:
                waiting.append(seen(term))
                for _ in range(((k + 1) & -(k + 1)).bit_length() - 1):
                    waiting.append(seen(waiting.pop() + waiting.pop()))
    seen(total + part)
    while len(waiting) > 1:
        waiting.append(seen(waiting.pop() + waiting.pop()))
    return low, high


def signed_bits(low: float, high: float) -> int:
    """The bits of the narrowest two's complement word for the integers from ``low`` to ``high``.

    >>> signed_bits(-128, 127), signed_bits(-129, 0), signed_bits(0, 128), signed_bits(0, 0)
    (8, 9, 9, 1)
    """
    return 1 + max(max(int(high), 0).bit_length(), max(-int(low) - 1, 0).bit_length())
