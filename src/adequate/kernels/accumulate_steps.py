"""Every kind of accumulator step by step, in torch: each operation exact, or rounded to odd, then rounded as stated."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from adequate.circuits import Word
from adequate.formats import Fixed, Format, Overflow
from adequate.kernels.expansion import DIGITS, odd_sum, two_product
from adequate.operators import Accumulator, Order

Parts = Sequence[Tensor]
"""float64 tensors that stand for their exact sum."""


def accumulate_steps(x: Tensor, w: Tensor, accumulator: Accumulator, table: Tensor | None, grid: int) -> Tensor:
    """What ``accumulate`` says, one k after the other for all outputs."""
    shape = (*torch.broadcast_shapes(x.shape[:-2], w.shape[:-2]), x.shape[-2], w.shape[-2])
    zeros = torch.zeros(shape, dtype=torch.float64, device=x.device)

    def term(k: int) -> Parts:
        parts = _product(x[..., :, k, None], w[..., None, :, k], table, grid)
        return parts if accumulator.product is None else [_rounded(accumulator.product, parts)]

    terms = x.shape[-1]
    if accumulator.compensated:
        return _compensated(term, terms, zeros, accumulator.format)
    match accumulator.order:
        case Order.SEQUENTIAL:
            return _sequential(term, range(terms), zeros, accumulator)
        case Order.BLOCKED:
            size, total = accumulator.block or 1, zeros
            for start in range(0, terms, size):
                part = _sequential(term, range(start, min(start + size, terms)), zeros, accumulator)
                total = added(total, [part], accumulator)
            return total
        case Order.TREE:
            return _tree(term, terms, zeros, accumulator)


def added(c: Tensor, term: Parts, accumulator: Accumulator) -> Tensor:
    """One addition in the register: format(c + term), or the adder's sum of the codes of c and format(term)."""
    if accumulator.adder is None:
        return _rounded(accumulator.format, [c, *term])
    return _adder_sum(c, _rounded(accumulator.format, term), accumulator)


def require_emulated(accumulator: Accumulator) -> None:
    """Every format is narrow enough for a sum rounded to odd to stand for the exact one.

    Raises:
        ValueError: a format has more than 51 significant bits.
    """
    for format in (accumulator.format, accumulator.product):
        if format is not None and format.digits > DIGITS:
            raise ValueError(f"{format} has {format.digits} significant bits; a register is emulated up to {DIGITS}")


def _product(x: Tensor, w: Tensor, table: Tensor | None, grid: int) -> Parts:
    if table is not None:
        return [table[x.long(), w.long()].double() * 2.0**grid]
    narrow = torch.promote_types(x.dtype, w.dtype) != torch.float64  # 24 digits times 24 digits
    x, w = torch.broadcast_tensors(x.double(), w.double())
    return [x * w] if narrow else two_product(x, w)


def _rounded(format: Format, parts: Parts) -> Tensor:
    return format.quantize(odd_sum(torch.broadcast_tensors(*parts)))


def _sequential(term: Callable[[int], Parts], order: range, c: Tensor, accumulator: Accumulator) -> Tensor:
    for k in order:
        c = added(c, term(k), accumulator)
    return c


def _compensated(term: Callable[[int], Parts], terms: int, c: Tensor, register: Format) -> Tensor:
    error = c
    for k in range(terms):
        y = _rounded(register, [*term(k), -error])
        total = _rounded(register, [c, y])
        error = _rounded(register, [_rounded(register, [total, -c]), -y])
        c = total
    return c


def _tree(term: Callable[[int], Parts], terms: int, zeros: Tensor, accumulator: Accumulator) -> Tensor:
    """Complete subtrees are added as soon as there are two of a size, the rest from the last one up.

    These are the sums that level after level gives, with few of them kept at a time.
    """
    waiting: list[Tensor] = []
    for k in range(terms):
        waiting.append(_rounded(accumulator.format, term(k)))
        for _ in range(((k + 1) & -(k + 1)).bit_length() - 1):
            last = waiting.pop()
            waiting.append(added(waiting.pop(), [last], accumulator))
    while len(waiting) > 1:
        last = waiting.pop()
        waiting.append(added(waiting.pop(), [last], accumulator))
    return waiting[0] if waiting else zeros


def _adder_sum(c: Tensor, term: Tensor, accumulator: Accumulator) -> Tensor:
    register, adder = accumulator.format, accumulator.adder
    assert isinstance(register, Fixed)
    assert adder is not None
    bits, signed, step = register.bits, register.signed, 2.0**-register.frac
    a, b = torch.broadcast_tensors(*((one / step).long() for one in (c, term)))
    whole = adder(Word(a, bits, signed)[:], Word(b, bits, signed)[:])
    code = whole.resized(bits, signed).value
    if register.overflow is Overflow.SATURATE:
        low, high = register.word.start, register.word.stop - 1
        if signed:
            code = torch.where(((a < 0) == (b < 0)) & ((code < 0) != (a < 0)), torch.where(a < 0, low, high), code)
        else:
            code = torch.where(whole[bits].value == 1, high, code)
        code = code.clamp(low, high)  # a narrow register has no lowest code
    return code.double() * step
