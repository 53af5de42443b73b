"""Amaranth's language. Its sources leave types to be inferred, wrongly: to a type checker its objects are anything."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    class Shape(Any): ...

    class Value(Any): ...

    class Module(Any): ...

    class Signal(Value): ...

    class Const(Value): ...

    class View(Value): ...

    class StructLayout(Any): ...

    class Array(Any): ...

    class Instance(Any): ...

    def Cat(*parts: Value) -> Value: ...
    def Mux(condition: Any, a: Any, b: Any) -> Value: ...
    def ClockSignal() -> Value: ...
    def ResetSignal() -> Value: ...
    def signed(width: int) -> Shape: ...
    def unsigned(width: int) -> Shape: ...
    def convert(module: Module, **options: Any) -> str: ...

else:
    from amaranth.back.verilog import convert
    from amaranth.hdl import (
        Array,
        Cat,
        ClockSignal,
        Const,
        Instance,
        Module,
        Mux,
        ResetSignal,
        Shape,
        Signal,
        Value,
        signed,
        unsigned,
    )
    from amaranth.lib.data import StructLayout, View

__all__ = [
    "Array",
    "Cat",
    "ClockSignal",
    "Const",
    "Instance",
    "Module",
    "Mux",
    "ResetSignal",
    "Shape",
    "Signal",
    "StructLayout",
    "Value",
    "View",
    "module_text",
    "signed",
    "unsigned",
]


def module_text(m: Module, name: str, ports: list[Any]) -> str:
    """The Verilog of a module: equal modules give equal text, without paths of sources."""
    return convert(m, name=name, ports=ports, emit_src=False, strip_internal_attrs=True)
