"""Circuits as two-input gates: how large a circuit is, as it is written and before any synthesis."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from adequate.circuits.circuit import Circuit
from adequate.circuits.expression import Expression
from adequate.circuits.word import Word

ZERO, ONE = 0, 1
"""The constants as literals. A literal is twice the number of a net, plus 1 where the net is inverted; net 0 is 0."""

AND, XOR = "and", "xor"


@dataclass(frozen=True)
class Gates:
    """A circuit of two-input gates.

    Net 0 is the constant 0, nets 1 to ``inputs`` are the bits of the ports in their order, least significant first,
    and each of ``gates`` (kind, literal, literal) makes the next net. An OR is an AND with inverters, which are free.
    ``output`` are the literals of the result's bits. Only gates that the output needs are there, and no two are alike.
    """

    inputs: int
    gates: tuple[tuple[str, int, int], ...]
    output: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.gates)


def gates(circuit: Circuit) -> Gates:
    """The circuit with every sum a chain of full adders (5 gates) and every product an array of them.

    What is constant is left out, and equal gates are there once; nothing else is optimised, so a synthesiser finds
    fewer gates. Their number compares circuits that are written alike, and is no area.

    >>> from adequate.circuits import Port
    >>> len(gates(Circuit("sum", (Port("a", 8), Port("b", 8)), Word.__add__)))  # a half adder and seven full ones
    37
    """
    network = _Network()
    words: list[Word] = []
    for port in circuit.inputs:
        bits = [network.new_net() for _ in range(port.width)]
        words.append(Word(Wires(network, tuple(bits)), port.width, port.signed))  # named: its sign is added there
    inputs = network.nets - 1
    result = circuit.function(*words)
    bits = network.literals(result.value)
    output = tuple(_bit(bits, place) for place in range(result.width))
    return _needed(inputs, network.gates, output)


@dataclass
class _Network:
    """Gates in the order in which they were made, constants folded, equal ones made once."""

    nets: int = 1
    gates: list[tuple[str, int, int]] = field(default_factory=list)
    known: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def new_net(self) -> int:
        """The literal of a new net."""
        self.nets += 1
        return 2 * (self.nets - 1)

    def both(self, a: int, b: int) -> int:
        if a == ZERO or b == ZERO or a == b ^ 1:
            return ZERO
        if a in (ONE, b):
            return b
        return a if b == ONE else self._made(AND, a, b)

    def either(self, a: int, b: int) -> int:
        return self.both(a ^ 1, b ^ 1) ^ 1

    def differ(self, a: int, b: int) -> int:
        inverted, a, b = (a ^ b) & 1, a & ~1, b & ~1
        if a == b:
            return inverted
        if a == ZERO or b == ZERO:
            return (a | b) ^ inverted
        return self._made(XOR, a, b) ^ inverted

    def sum(self, a: list[int], b: list[int], carry: int = ZERO) -> list[int]:
        """a + b + carry by full adders, one bit longer than the longer one."""
        bits: list[int] = []
        for place in range(max(len(a), len(b)) + 1):
            x, y = _bit(a, place), _bit(b, place)
            half = self.differ(x, y)
            bits.append(self.differ(half, carry))
            carry = self.either(self.both(x, y), self.both(half, carry))
        return bits

    def difference(self, a: list[int], b: list[int]) -> list[int]:
        return self.sum(a, [bit ^ 1 for bit in b], ONE)

    def product(self, a: list[int], b: list[int]) -> list[int]:
        """The rows a * b[j] * 2**j added one after the other; the sign's row is subtracted."""
        total = [ZERO]
        for place, bit in enumerate(b):
            row = [ZERO] * place + [self.both(one, bit) for one in a]
            total = self.sum(total, row) if place < len(b) - 1 else self.difference(total, row)
        return total

    def shifted(self, a: list[int], places: list[int], *, left: bool) -> list[int]:
        """A barrel shifter: one row of multiplexers for each bit of the places, which are not negative."""
        for power, chosen in enumerate(places[:-1]):
            moved = [ZERO] * 2**power + a if left else a[2**power :] or a[-1:]
            pairs = ((_bit(a, place), _bit(moved, place)) for place in range(max(len(a), len(moved))))
            a = [self.choice(chosen, moves, stays) for stays, moves in pairs]
        return a

    def choice(self, condition: int, a: int, b: int) -> int:
        """``a`` where the condition is 1, else ``b``."""
        if condition in (ZERO, ONE):
            return a if condition == ONE else b
        return self.differ(b, self.both(condition, self.differ(a, b)))

    def literals(self, value: "Wires | int") -> list[int]:
        """Two's complement, least significant first, the last one being all bits from there on."""
        if isinstance(value, Wires):
            return list(value.bits)
        return [value >> place & 1 for place in range(value.bit_length() + 1)]

    def _made(self, kind: str, a: int, b: int) -> int:
        key = (kind, min(a, b), max(a, b))
        if key not in self.known:
            self.gates.append(key)
            self.known[key] = self.new_net()
        return self.known[key]


@dataclass(frozen=True, eq=False)
class Wires(Expression):
    """An integer as literals, two's complement, the last one being all bits from there on."""

    network: _Network
    bits: tuple[int, ...]

    def combined(self, left: "Wires | int", operator: str, right: "Wires | int") -> "Wires":
        network = self.network
        a, b = network.literals(left), network.literals(right)
        if operator in ("<<", ">>"):
            return self._of(network.shifted(a, b, left=operator == "<<"))
        if operator in _ARITHMETIC:
            return self._of(_ARITHMETIC[operator](network, a, b))
        pairs = ((_bit(a, place), _bit(b, place)) for place in range(max(len(a), len(b))))
        return self._of([_BITWISE[operator](network, x, y) for x, y in pairs])

    def named(self, width: int, signed: bool) -> "Wires":
        """Its lowest ``width`` bits, and a 0 above them unless the highest is a sign."""
        bits = [_bit(self.bits, place) for place in range(width)]
        return self._of(bits if signed else [*bits, ZERO])

    def _of(self, bits: list[int]) -> "Wires":
        while len(bits) > 1 and bits[-1] == bits[-2]:
            bits = bits[:-1]
        return Wires(self.network, tuple(bits))


_ARITHMETIC = {"+": _Network.sum, "-": _Network.difference, "*": _Network.product}
_BITWISE = {"&": _Network.both, "|": _Network.either, "^": _Network.differ}


def _bit(bits: Sequence[int], place: int) -> int:
    return bits[min(place, len(bits) - 1)]


def _needed(inputs: int, made: list[tuple[str, int, int]], output: tuple[int, ...]) -> Gates:
    """Without the gates that no output depends on, the nets numbered anew."""
    first = inputs + 1
    wanted = {literal >> 1 for literal in output}
    for net in reversed(range(first, first + len(made))):
        if net in wanted:
            wanted.update(literal >> 1 for literal in made[net - first][1:])
    kept = [net for net in range(first, first + len(made)) if net in wanted]
    new = {net: net for net in range(first)} | {net: first + i for i, net in enumerate(kept)}

    def renumbered(literal: int) -> int:
        return 2 * new[literal >> 1] + (literal & 1)

    chosen = [made[net - first] for net in kept]
    return Gates(
        inputs,
        tuple((kind, renumbered(a), renumbered(b)) for kind, a, b in chosen),
        tuple(map(renumbered, output)),
    )
