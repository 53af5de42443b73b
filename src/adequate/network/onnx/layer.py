"""One node as a submodule: its constants held, its other operands handed over."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from torch import Tensor, nn

from adequate.network.onnx.graph import OnnxNode
from adequate.network.onnx.operator import Form, Operator, Slot
from adequate.network.onnx.sizes import Sizes, as_tensor

Value = Tensor | Sizes
"""What nodes hand to one another."""

EXPECTED = (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError, AssertionError, AttributeError)
"""What torch and numpy raise when operands do not fit; what they raise of data that are not there is a RuntimeError."""


def listed(results: Value | Sequence[Value]) -> Sequence[Value]:
    """What a node computes, one by one."""
    return (results,) if isinstance(results, Value) else results


MEASURED = ("running_mean", "running_var")
"""Operands that are no parameters, although the file keeps them among the weights."""

PLAIN: tuple[Form, ...] = ("numbers", "integers", "sizes")
"""Forms without tensors."""


class _Source(Enum):
    GIVEN = "handed over"
    ABSENT = "left out"


@dataclass(frozen=True, eq=False)
class _Held:
    """A constant kept as a parameter or buffer; its numbers too where it could be one of sizes."""

    name: str
    sizes: Sizes | None


@dataclass(frozen=True, eq=False)
class _Plain:
    """A constant known as plain numbers."""

    value: object
    sizes: Sizes | None


_Operand = _Source | _Held | _Plain


class OnnxLayer(nn.Module):
    """Calls an operator's function with the node's attributes and constants.

    A constant is held under the name its function gives it (``weight``, ``bias``, ...), or is plain numbers where the
    function wants those. Operands that are all sizes are computed as sizes, where the operator can.
    """

    def __init__(
        self,
        node: OnnxNode,
        operator: Operator,
        attributes: Mapping[str, object],
        constants: Mapping[str, Tensor],
        on_sizes: Callable[..., Any] | None = None,
    ) -> None:
        """``constants`` has those of the node's inputs that are constant; a Parameter among them is registered so."""
        super().__init__()
        self._onnx_node = str(node)
        self._onnx_operator = operator
        self._onnx_attributes = dict(attributes)
        self._onnx_on_sizes = on_sizes
        self._onnx_operands: list[_Operand] = []
        for position, value in enumerate(node.inputs):
            operand: _Operand = _Source.GIVEN if value else _Source.ABSENT
            if value in constants:
                operand = self._hold(constants[value], operator.slot(position))
            self._onnx_operands.append(operand)

    def forward(self, *values: Value) -> Value | tuple[Value, ...]:
        try:
            return self._computed(values)
        except EXPECTED as error:
            reason = str(error).strip().splitlines()
            raise ValueError(f"{self._onnx_node}: {reason[0][:300] if reason else type(error).__name__}") from error

    def extra_repr(self) -> str:
        return self._onnx_node

    def _hold(self, constant: Tensor, slot: Slot) -> _Operand:
        small = self._onnx_on_sizes is not None and (constant.numel() == 1 or not constant.is_floating_point())
        plain = slot.form in PLAIN
        sizes = Sizes.of_tensor(constant) if small or plain else None
        if plain:
            if sizes is None:
                raise ValueError(f"{self._onnx_node} takes {constant.numel()} numbers for its {slot.name!r}")
            return _Plain(_plain(sizes, slot), sizes)
        if slot.form == "operand" and constant.dim() == 0:
            return _Plain(constant.item(), sizes)
        if slot.name in MEASURED:  # files share one constant between these and the operands that are trained
            self.register_buffer(slot.name, constant.detach().clone())
        elif isinstance(constant, nn.Parameter):
            self.register_parameter(slot.name, constant)
        else:
            self.register_buffer(slot.name, constant)
        return _Held(slot.name, sizes if small else None)

    def _computed(self, values: tuple[Value, ...]) -> Value | tuple[Value, ...]:
        if self._onnx_on_sizes is not None and values and all(isinstance(v, Sizes) for v in values):
            given = iter(values)
            sizes = [next(given) if o is _Source.GIVEN else getattr(o, "sizes", None) for o in self._onnx_operands]
            if all(s is not None or o is _Source.ABSENT for s, o in zip(sizes, self._onnx_operands, strict=True)):
                result = self._onnx_on_sizes(*sizes, **self._onnx_attributes)
                if result is not NotImplemented:
                    return result
        given = iter(values)
        operands = [self._operand(o, position, given) for position, o in enumerate(self._onnx_operands)]
        return self._onnx_operator.function(*operands, **self._onnx_attributes)

    def _operand(self, operand: _Operand, position: int, given: Iterator[Value]) -> object:
        if isinstance(operand, _Held):
            return getattr(self, operand.name)
        if isinstance(operand, _Plain):
            return operand.value
        if operand is _Source.ABSENT:
            return None
        return _in_form(next(given), self._onnx_operator.slot(position))


class OnnxLRN(OnnxLayer):
    """LRN: several calls of torch, and one layer."""


def _in_form(value: Value, slot: Slot) -> object:
    if slot.form in PLAIN:
        if not isinstance(value, Sizes):
            raise ValueError(f"its {slot.name!r} are computed from the data, not from sizes or constants")
        return _plain(value, slot)
    if slot.form == "operand" and isinstance(value, Sizes) and value.values.ndim == 0:
        return value.values.item()
    return as_tensor(value)


def _plain(sizes: Sizes, slot: Slot) -> object:
    if slot.form == "sizes":
        return sizes
    if slot.form == "integers" and sizes.numbers and sizes.dtype.is_floating_point:
        raise ValueError(f"its {slot.name!r} are {sizes.dtype}, not integers")
    return sizes.numbers
