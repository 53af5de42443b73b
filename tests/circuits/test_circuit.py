"""Circuits as text."""

import pytest

from adequate.circuits import Circuit, Port, Word, constant, cpp
from adequate.circuits.verilog import verilog


@pytest.mark.parametrize(
    "names", [("f", "a", "a"), ("f", "y", "b"), ("f", "w0", "b"), ("1f", "a", "b"), ("f", "ä", "b")]
)
def test_names_that_clash_are_refused(names: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="identifiers, each its own"):
        Circuit(names[0], (Port(names[1], 1), Port(names[2], 1)), Word.__add__)


def test_a_word_used_twice_is_computed_once() -> None:
    def fourth_power(a: Word) -> Word:
        square = a * a
        return square * square

    assert cpp(Circuit("fourth_power", (Port("a", 8),), fourth_power)).count("*") == 2


def test_a_constant_circuit() -> None:
    five = Circuit("five", (Port("a", 1),), lambda a: constant(5))
    assert "return 5;" in cpp(five)
    assert "assign y = 3'h5" in verilog(five)


def test_verilog_has_the_ports_of_the_circuit() -> None:
    text = verilog(Circuit("product", (Port("a", 4, True), Port("b", 3)), Word.__mul__))
    for line in ("module product(", "input [3:0] a;", "input [2:0] b;", "output [6:0] y;"):
        assert line in text
