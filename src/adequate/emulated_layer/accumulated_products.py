"""A multiplier's products in an accumulator, which rounds after every addition."""

from dataclasses import dataclass

from torch import Tensor

from adequate.emulated_layer.bias import aligned_bias
from adequate.emulated_layer.call import Call
from adequate.emulated_layer.multiplied_sums import MultipliedSums
from adequate.emulated_layer.products import TabulatedProducts
from adequate.kernels.accumulate import accumulate, add_last
from adequate.kernels.columns import Window, columns, output_size
from adequate.operators import Accumulator
from adequate.quantization import on_grid


@dataclass(frozen=True, eq=False)
class _Register:
    """Sums of looked-up products in an accumulator, in units of one."""

    accumulator: Accumulator
    table: Tensor
    grid: int

    def matrices(self, x: Tensor, w: Tensor) -> Tensor:
        return accumulate(x, w.mT, self.accumulator, self.table.to(x.device), self.grid)

    def convolution(self, x: Tensor, w: Tensor, window: Window, zero: int) -> Tensor:
        inputs, weights = columns(x, w, window, zero)
        sums = accumulate(inputs, weights, self.accumulator, self.table.to(x.device), self.grid)
        places = output_size(tuple(x.shape[2:]), tuple(w.shape[2:]), window)
        return sums.mT.reshape(x.shape[0], w.shape[0], *places)


@dataclass(frozen=True, eq=False)
class AccumulatedProducts:
    """The accumulator's sum of the multiplier's products; then the bias, on the coarser grid, added last."""

    multiplied: MultipliedSums
    register: _Register

    def __call__(self, call: Call) -> tuple[Tensor, None]:
        """The sums."""
        one, accumulator = self.multiplied, self.register.accumulator
        try:
            sums = one.geometry.multiplied(*one.patterns(call), self.register, one.x.pattern_of_zero or 0)
            if call.bias is None:
                return sums, None
            own = accumulator.format.grid
            grid = one.grid if own is None else max(one.grid, own)
            bias = on_grid(aligned_bias(one.geometry, call.bias.detach().double()), grid)
            return add_last(sums, bias, accumulator), None
        except ValueError as error:
            raise ValueError(f"accumulator of layer {one.layer.name!r}: {error}") from None


def accumulated_products(multiplied: MultipliedSums, accumulator: Accumulator) -> AccumulatedProducts:
    """The sums of a layer whose design has a multiplier and an accumulator.

    Raises:
        ValueError: the operands have zero points or scales that are no powers of two, or the multiplier has no table
            of 32-bit entries.
    """
    name, operands = multiplied.layer.name, (multiplied.x, multiplied.w)
    if any(one.scale is not None for one in operands):
        raise ValueError(f"layer {name!r}: an accumulator needs scales that are powers of two")
    if any(any(one.zero or ()) for one in operands):
        raise ValueError(f"layer {name!r}: an accumulator needs operands without zero points")
    products = multiplied.products
    if not isinstance(products, TabulatedProducts) or len(products.parts) != 1:
        raise ValueError(f"layer {name!r}: an accumulator needs a multiplier with a table of 32-bit entries")
    [table] = products.parts
    return AccumulatedProducts(multiplied, _Register(accumulator, table, multiplied.grid))
