"""A function over words with named ports: what is written out as Verilog or C++."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from adequate.circuits.word import Word

OUTPUT = "y"
"""The name of every circuit's output port."""


@dataclass(frozen=True)
class Port:
    """An input of a circuit."""

    name: str
    width: int
    signed: bool = False


@dataclass(frozen=True)
class Circuit:
    """A combinational circuit: y = function(*inputs), one ``Word`` for each port, in their order.

    Its names must not be keywords of the language it is written in, such as ``xnor``.

    >>> from adequate.circuits import cpp
    >>> average = Circuit("average", (Port("a", 8), Port("b", 8)), lambda a, b: (a + b) >> 1)
    >>> print(cpp(average))
    inline std::int64_t average(std::int64_t a, std::int64_t b) {
        const std::int64_t w0 = a + b;
        const std::int64_t w1 = w0 >> 1;
        return w1;
    }
    <BLANKLINE>

    Raises:
        ValueError: a name is no identifier, stands for two things, or is of the form w0 (the names inside).
    """

    name: str
    inputs: tuple[Port, ...]
    function: Callable[..., Word]

    def __post_init__(self) -> None:
        names = [self.name, *(port.name for port in self.inputs), OUTPUT]
        for name in names:
            if not re.fullmatch(r"(?!w\d+$)[A-Za-z_]\w*", name, re.ASCII) or names.count(name) > 1:
                raise ValueError(
                    f"a circuit's names are identifiers, each its own, not w0, w1, ...: not {name!r} of {names}"
                )
