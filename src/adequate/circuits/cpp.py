"""Circuits as C++."""

from dataclasses import dataclass

from adequate.circuits.circuit import Circuit
from adequate.circuits.expression import Expression
from adequate.circuits.word import Word


@dataclass(frozen=True, eq=False)
class Variable(Expression):
    """An int64_t in a function whose lines are being written. Exact, because a ``Word`` fits int64."""

    text: str
    lines: list[str]

    def combined(self, left: "Variable | int", operator: str, right: "Variable | int") -> "Variable":
        a, b = _written(left), _written(right)
        if operator == "<<":  # of a negative number it is undefined before C++20
            operator, b = "*", f"(std::int64_t{{1}} << {b})"
        name = f"w{len(self.lines)}"
        self.lines.append(f"const std::int64_t {name} = {a} {operator} {b};")
        return Variable(name, self.lines)

    def named(self, width: int, signed: bool) -> "Variable":
        del width, signed  # every variable is an int64_t with a name already
        return self


def cpp(circuit: Circuit) -> str:
    """The circuit as one C++17 function of int64_t; it needs <cstdint>.

    A port holds the integer itself, negative where it is signed. ``>>`` of a negative number is arithmetic, as on every
    compiler in use and by the standard from C++20 on.
    """
    lines: list[str] = []
    words = [Word(Variable(port.name, lines), port.width, port.signed) for port in circuit.inputs]
    result = _written(circuit.function(*words).value)
    head = ", ".join(f"std::int64_t {port.name}" for port in circuit.inputs)
    body = "\n".join(f"    {line}" for line in [*lines, f"return {result};"])
    return f"inline std::int64_t {circuit.name}({head}) {{\n{body}\n}}\n"


def _written(value: Variable | int) -> str:
    if isinstance(value, Variable):
        return value.text
    text = str(value) if abs(value) < 2**31 else f"INT64_C({value})"
    return text if value >= 0 else f"({text})"
