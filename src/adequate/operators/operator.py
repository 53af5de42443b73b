"""What multipliers and adders share: parameters, a text form, a circuit."""

import re
from abc import ABC, abstractmethod
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, cast, final

from adequate.circuits import Circuit, Port, Word
from adequate.formats import Format


@dataclass(frozen=True)
class Operand:
    """One input of an operator: an integer of stated width, or the code of a number format.

    With a ``format`` the word is the format's code as an unsigned bit pattern, and stands for the integer
    decode(code) / 2**grid.
    """

    width: int
    signed: bool = False
    format: Format | None = None


class Operator(ABC):
    """One function of two words, and its parameters. Members are frozen dataclasses.

    ``str(operator)`` is its text form: the class name in snake case with the parameters, required ones in their order,
    the others as ``name=value`` where they differ from the default.
    """

    name: ClassVar[str]
    """What the text form begins with."""

    def __init_subclass__(cls) -> None:
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @property
    @abstractmethod
    def a(self) -> Operand:
        """The first operand; of a multiplier the activation."""

    @property
    @abstractmethod
    def b(self) -> Operand:
        """The second operand; of a multiplier the weight."""

    @abstractmethod
    def __call__(self, a: Word, b: Word) -> Word:
        """The result for two words of the operands' widths and signedness, on any carrier."""

    @final
    def circuit(self) -> Circuit:
        """The circuit with the ports ``a`` and ``b``, named as the text form."""
        name = re.sub(r"\W+", "_", str(self)).strip("_")
        ports = tuple(Port(port, one.width, one.signed) for port, one in (("a", self.a), ("b", self.b)))
        return Circuit(name, ports, self)

    @final
    def __str__(self) -> str:
        arguments: list[str] = []
        for field in fields(cast(Any, self)):
            value = getattr(self, field.name)
            if field.default is MISSING:
                arguments.append(_written(value))
            elif field.repr and value != field.default:
                arguments.append(f"{field.name}={_written(value)}")
        return f"{self.name}({','.join(arguments)})" if arguments else self.name


def _written(value: object) -> str:
    return repr(value) if isinstance(value, str) else str(value)
