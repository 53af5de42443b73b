"""What Caffe's layers compute where torch has no module for it."""

import torch
from torch import Tensor, nn


class Affine(nn.Module):
    """y = x * weight + bias, the parameters along the dimensions from ``axis`` on (Caffe, ``scale_layer.cpp`` and
    ``bias_layer.cpp``); either may be absent.
    """

    def __init__(self, shape: tuple[int, ...], trailing: int, *, scales: bool, shifts: bool) -> None:
        super().__init__()
        self.trailing = trailing
        self.weight = nn.Parameter(torch.empty(shape)) if scales else None
        self.bias = nn.Parameter(torch.empty(shape)) if shifts else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Makes the layer the identity, as Caffe does."""
        if self.weight is not None:
            nn.init.ones_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.weight is not None:
            x = x * self._spread(self.weight)
        return x if self.bias is None else x + self._spread(self.bias)

    def _spread(self, parameter: Tensor) -> Tensor:
        return parameter.reshape(*parameter.shape, *[1] * self.trailing)


class Product(nn.Module):
    """y = x * s, or x + s: a scale or bias that another layer computes, its dimensions those of x from ``axis`` on."""

    def __init__(self, trailing: int, *, scales: bool) -> None:
        super().__init__()
        self.trailing, self.scales = trailing, scales

    def forward(self, x: Tensor, other: Tensor) -> Tensor:
        other = other.reshape(*other.shape, *[1] * self.trailing)
        return x * other if self.scales else x + other


class Sum(nn.Module):
    """y = sum of c_i * x_i (Caffe, ``eltwise_layer.cpp``)."""

    def __init__(self, coefficients: tuple[float, ...]) -> None:
        super().__init__()
        self.coefficients = coefficients

    def forward(self, *operands: Tensor) -> Tensor:
        terms = [x if c == 1 else x * c for c, x in zip(self.coefficients, operands, strict=True)]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total


class Multiply(nn.Module):
    """y = product of the x_i (Caffe, ``eltwise_layer.cpp``)."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        for x in others:
            first = first * x
        return first


class Maximum(nn.Module):
    """y = the largest of the x_i (Caffe, ``eltwise_layer.cpp``)."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        for x in others:
            first = torch.maximum(first, x)
        return first


class Power(nn.Module):
    """y = (shift + scale * x) ^ power (Caffe, ``power_layer.cpp``)."""

    def __init__(self, power: float, scale: float, shift: float) -> None:
        super().__init__()
        self.power, self.scale, self.shift = power, scale, shift

    def forward(self, x: Tensor) -> Tensor:
        if self.scale != 1:
            x = x * self.scale
        if self.shift != 0:
            x = x + self.shift
        return x if self.power == 1 else x.pow(self.power)


class Absolute(nn.Module):
    """y = |x|."""

    def forward(self, x: Tensor) -> Tensor:
        return x.abs()


class Concat(nn.Module):
    """The operands one behind the other along ``axis``."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, *operands: Tensor) -> Tensor:
        return torch.cat(operands, self.axis)


class Slice(nn.Module):
    """The parts of given sizes along ``axis``."""

    def __init__(self, sizes: tuple[int, ...], axis: int) -> None:
        super().__init__()
        self.sizes, self.axis = sizes, axis

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return x.split(self.sizes, self.axis)


class Reshape(nn.Module):
    """Each image of the batch in another shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], *self.shape)
