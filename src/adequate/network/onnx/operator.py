"""What an operator takes, told by the signature of the function that computes it; and the one check of a node."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import torch
from torch import Tensor

from adequate.network.onnx.graph import OnnxNode
from adequate.network.onnx.sizes import Sizes
from adequate.network.onnx.tensors import element_type

Number = int | float
Numbers = list[Number]
"""An operand whose numbers must be known without running the model: scales, a fill."""
Integers = list[int]
"""The same of integers: axes, shapes, pads; in a symbolic run, ``torch.SymInt`` among them."""
Operand = Tensor | Number
"""An operand that may be a plain number: a constant without dimensions comes as one."""


Form = Literal["tensor", "operand", "numbers", "integers", "sizes"]


@dataclass(frozen=True)
class Slot:
    """One operand: the form its function wants it in, and whether it may be absent."""

    name: str
    form: Form
    optional: bool = False


@dataclass(frozen=True)
class Operator:
    """A function with its operands (positional parameters, ``*rest`` for any more) and attributes (keyword-only)."""

    function: Callable[..., Any]
    slots: tuple[Slot, ...]
    rest: str | None
    attributes: Mapping[str, inspect.Parameter]
    outputs: int | None

    def slot(self, position: int) -> Slot:
        """The operand at a position."""
        if position < len(self.slots):
            return self.slots[position]
        return Slot(f"{self.rest}{position}", "tensor")


@cache
def operator_of(function: Callable[..., Any]) -> Operator:
    """The operator a function computes; operands are annotated as their forms are called."""
    hints = get_type_hints(function)
    slots, attributes, rest = [], {}, None
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = name
        elif parameter.kind is parameter.KEYWORD_ONLY:
            attributes[name] = parameter.replace(annotation=hints[name])
        else:
            slots.append(Slot(name, _form(hints[name]), parameter.default is None))
    many = get_origin(hints["return"]) in (tuple, list)
    return Operator(function, tuple(slots), rest, attributes, None if many else 1)


def elementwise(function: Callable[..., Any], operands: int) -> Operator:
    """The operator of a torch function of one or two tensors, the second of which may be a number."""
    slots = (Slot("input", "tensor"), Slot("other", "operand"))
    return Operator(function, slots[:operands], None, {}, 1)


def bind(node: OnnxNode, operator: Operator, ignored: tuple[str, ...] = ()) -> dict[str, object]:
    """The attributes of a node as the operator's keyword arguments.

    Raises:
        ValueError: operands are missing or too many, an attribute is unknown, missing or of another type.
    """
    _check_arity(node, operator)
    for name in node.attributes:
        if name not in operator.attributes and name not in ignored:
            known = ", ".join(operator.attributes) or "none"
            raise ValueError(f"{node} has an attribute {name!r}; supported: {known}")
    bound = {}
    for name, parameter in operator.attributes.items():
        if name in node.attributes:
            bound[name] = _checked(node, name, node.attributes[name], parameter.annotation)
        elif parameter.default is parameter.empty:
            raise ValueError(f"{node} has no attribute {name!r}")
    return bound


def _check_arity(node: OnnxNode, operator: Operator) -> None:
    required = sum(not slot.optional for slot in operator.slots)
    most = len(operator.slots) if operator.rest is None else None
    if len(node.inputs) < required or (most is not None and len(node.inputs) > most):
        raise ValueError(
            f"{node} has {len(node.inputs)} inputs, not {required}{'' if most == required else ' or more'}"
        )
    for position, value in enumerate(node.inputs):
        if not value and not operator.slot(position).optional:
            raise ValueError(f"{node} lacks its input {operator.slot(position).name!r}")
    if not any(node.outputs):
        raise ValueError(f"{node} has no output")


def _checked(node: OnnxNode, name: str, value: object, wanted: Any) -> object:
    """An attribute's value if it is of the annotated type; an element type's number becomes the type."""
    kinds = get_args(wanted) if _is_union(wanted) else (wanted,)
    for kind in kinds:
        if kind is torch.dtype and isinstance(value, int):
            return element_type(value)
        if get_origin(kind) is Literal and value in get_args(kind):
            return value
        if get_origin(kind) is tuple and isinstance(value, tuple):
            element = get_args(kind)[0]
            if all(isinstance(v, element) for v in value):
                return value
        if isinstance(kind, type) and kind is not tuple and isinstance(value, kind):
            return value
    choices = [str(c) for kind in kinds for c in (get_args(kind) if get_origin(kind) is Literal else ())]
    expected = f"one of {', '.join(choices)}" if choices else " or ".join(getattr(k, "__name__", str(k)) for k in kinds)
    shown = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else repr(value)[:60]
    raise ValueError(f"{node} has {name} = {shown}, not {expected}")


def _form(hint: Any) -> Form:
    kinds = get_args(hint) if _is_union(hint) else (hint,)
    if Numbers in kinds:
        return "numbers"
    if Integers in kinds:
        return "integers"
    if Sizes in kinds:
        return "sizes"
    return "operand" if int in kinds else "tensor"


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType)
