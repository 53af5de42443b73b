"""Tables that are sums of a few products: T[a, w] = sum_r u[a, r] v[w, r] with integers, entry by entry.

Many multipliers are nearly exact: the error of a truncated or broken array is bilinear in a few bits. Their looked-up
sums are then matrix products of the factors, exact where a bound proves it. Nothing is rounded or left out: a table
without such factors has none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from adequate.kernels.columns import Window
from adequate.kernels.exact import DIGITS, plain_arithmetic

RANK = 9
"""Products of factors that are added at most."""

LARGEST = 2**40
"""Of a remainder while factors are sought: products of two stay within 64 bits."""


@dataclass(frozen=True, eq=False)
class Factors:
    """T = u v^T: ``u`` is (rows, r) and ``v`` (columns, r), int64."""

    u: Tensor
    v: Tensor

    def __post_init__(self) -> None:
        if self.u.shape[1] != self.v.shape[1]:
            raise ValueError(f"{self.u.shape[1]} factors of rows, {self.v.shape[1]} of columns")

    def dtype(self, w: Tensor) -> torch.dtype | None:
        """In which every partial sum is exact, for weights (O, K): float32, float64 or neither.

        It holds all integers up to  sum_r max_a |u[a, r]| * max_o sum_k |v[w[o, k], r]|.
        """
        if not w.numel():
            return torch.float32
        peaks = [
            int(left) * int(right.to(w.device)[w.long()].sum(1).max())
            for left, right in zip(self.u.abs().amax(0), self.v.abs().mT, strict=True)
        ]
        return next((one for one, digits in DIGITS.items() if sum(peaks) <= 2**digits), None)

    def matrices(self, x: Tensor, w: Tensor) -> Tensor | None:
        """The sums of ``lookup_matrices`` for (B, M, K) and (B, K, N), int64; None where they may not be exact."""
        dtype = self.dtype(w.mT.flatten(0, -2))
        if dtype is None:
            return None
        left, right = (
            self.u.to(x.device, dtype)[x.long()].flatten(-2),
            self.v.to(x.device, dtype)[w.mT.long()].flatten(-2),
        )
        with plain_arithmetic():
            return (left @ right.mT).long()

    def convolution(self, x: Tensor, w: Tensor, window: Window) -> Tensor | None:
        """The sums of ``lookup.lookup_convolution`` for padded ``x``, int64; None where they may not be exact."""
        dtype = self.dtype(w.flatten(1))
        if dtype is None:
            return None
        left = self.u.to(x.device, dtype)[x.long()].movedim(-1, 2).flatten(1, 2)
        right = self.v.to(x.device, dtype)[w.long()].movedim(-1, 2).flatten(1, 2)
        convolve: Callable[..., Tensor] = (functional.conv1d, functional.conv2d, functional.conv3d)[x.dim() - 3]
        with plain_arithmetic():
            return convolve(left, right, None, window.stride, 0, window.dilation, window.groups).long()


def factors_of(table: Tensor) -> Factors | None:
    """Factors of the table, of rank ``RANK`` at most, or None where none were found.

    >>> table = torch.tensor([[0, 0, 0, 0], [0, 1, 2, 3], [0, 2, 4, 6], [0, 3, 6, 7]])  # Kulkarni's multiplier
    >>> factors = factors_of(table)
    >>> torch.equal(factors.u @ factors.v.mT, table), factors.u.shape[1]
    (True, 2)
    """
    table = table.long().cpu()
    found = _found(tuple(table.shape), table.numpy().tobytes())
    if found is None or not torch.equal(found.u @ found.v.mT, table):
        return None
    return found


@lru_cache(maxsize=16)
def _found(shape: tuple[int, int], entries: bytes) -> Factors | None:
    table = np.frombuffer(entries, np.int64).reshape(shape)
    best: list[tuple[np.ndarray, np.ndarray]] | None = None
    a, w = (np.arange(size) for size in shape)
    for left in (a, np.where(a < shape[0] // 2, a, a - shape[0])):
        for right in (w, np.where(w < shape[1] // 2, w, w - shape[1])):
            peeled = _peeled(table - np.outer(left, right), RANK - 1)
            if peeled is not None and (best is None or len(peeled) + 1 < len(best)):
                best = [(left, right), *peeled]
    alone = _peeled(table, RANK)
    if alone is not None and (best is None or len(alone) < len(best)):
        best = alone
    if best is None:
        return None
    u = np.stack([u for u, _ in best], 1) if best else np.zeros((shape[0], 0))
    v = np.stack([v for _, v in best], 1) if best else np.zeros((shape[1], 0))
    return Factors(torch.from_numpy(u).long(), torch.from_numpy(v).long())


def _peeled(rest: np.ndarray, most: int) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """``rest`` as a sum of at most ``most`` products of integer vectors, or None.

    Elimination: subtracting  column * row / pivot  lowers the rank by one. It stays among the integers where the pivot
    divides the product of the column's and the row's greatest common divisor; the smallest such pivot is taken.
    """
    found = []
    while rest.any():
        if len(found) == most or np.abs(rest).max() > LARGEST:
            return None
        columns, rows = reduce(np.gcd, rest), reduce(np.gcd, rest.T)
        sizes = np.abs(rest)
        divides = np.outer(rows, columns) % np.maximum(sizes, 1) == 0
        eligible = np.where((rest != 0) & divides, sizes, LARGEST + 1)
        i, j = np.unravel_index(np.argmin(eligible), rest.shape)
        if eligible[i, j] > LARGEST:
            return None
        u, v = rest[:, j] // columns[j], rest[i] // rows[i] * (rows[i] * columns[j] // rest[i, j])
        rest = rest - np.outer(u, v)
        found.append((u, v))
    return found
