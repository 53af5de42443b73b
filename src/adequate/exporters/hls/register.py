"""An accumulator's additions as C++ functions."""

from dataclasses import dataclass

from adequate.exporters.hls.circuits import operator_code, operator_name
from adequate.exporters.hls.rounding import rounded
from adequate.exporters.hls.scope import Code, code
from adequate.exporters.hls.types import Range, holding, literal
from adequate.formats import Fixed, Overflow
from adequate.program import Register, Rounder
from adequate.program.register import rounder_of


@dataclass(frozen=True)
class Additions:
    """Functions that add to a register of the type ``held``.

    ``enter`` makes of an exact product a term of the register's unit, ``add`` adds a product that has gone through
    ``term``, ``merge`` the content of another register, and ``bias`` a bias.
    """

    held: str
    name: str
    code: Code

    def term(self, product: str) -> str:
        """The product, rounded first if the accumulator says so."""
        return f"term_{self.name}({product})"

    def enter(self, term: str) -> str:
        """The term rounded to the register."""
        return f"enter_{self.name}({term})"

    def add(self, c: str, term: str) -> str:
        """The register after the addition of a term."""
        return f"add_{self.name}({c}, {term})"

    def merge(self, c: str, other: str) -> str:
        """The register after the addition of another's content."""
        return f"merge_{self.name}({c}, {other})"

    def bias(self, c: str, bias: str) -> str:
        """The register after the addition of the bias."""
        return f"bias_{self.name}({c}, {bias})"


def additions(register: Register, name: str, product: Range, bias: Range | None, what: str) -> Additions:
    """The functions of one layer's register; ``product`` and ``bias`` are the ranges of what it adds."""
    chosen, to = register.accumulator, register.rounder
    content = Range(to.low, to.high) | Range(0, 0)
    held, unit, term = holding(content, f"the register of {what}"), register.products, product
    functions: list[str] = []
    if chosen.product is None:
        functions.append(_function("term", name, product, held=holding(product, what), result="term"))
    else:
        first = rounder_of(chosen.product)
        term = Range(first.low, first.high) | Range(0, 0)
        result, lines = _rounded_to("term", product, unit, first, chosen.product.grid, what)
        functions.append(_function("term", name, product, held=holding(term, what), result=result, lines=lines))
        unit = chosen.product.grid
    result, lines = _rounded_to("term", term, unit, to, register.grid, what)
    functions.append(_function("enter", name, term, held=held, result=result, lines=lines))
    kinds = [("add", term, unit), ("merge", content, register.grid)]
    if bias is not None:
        kinds.append(("bias", bias, register.bias))
    for kind, added, its_unit in kinds:
        functions.append(_addition(kind, name, register, content, added, its_unit, what))
    adder = Code() if chosen.adder is None else operator_code(chosen.adder)
    return Additions(held, name, adder + code([], functions))


def _function(kind: str, name: str, term: Range, *, held: str, result: str, lines: tuple[str, ...] = ()) -> str:
    head = f"inline {held} {kind}_{name}({holding(term, name)} term) {{"
    return "\n".join([head, *(f"    {line}" for line in lines), f"    return {held}({result});", "}"])


def _rounded_to(n: str, numbers: Range, unit: int, to: Rounder, grid: int, what: str) -> tuple[str, tuple[str, ...]]:
    """n in units of 2**``unit`` rounded to integers in units of 2**``grid``."""
    shift = unit - grid
    if shift >= 0:
        wide = numbers * Range(2**shift, 2**shift)
        made = rounded(to, wide, what)
        return made(f"moved_up({holding(wide | numbers | Range(0, 2**shift), what)}({n}), {shift})"), ()
    return rounded(to, numbers, what, places=-shift)(n, places=str(-shift)), ()


def _addition(kind: str, name: str, register: Register, content: Range, term: Range, unit: int, what: str) -> str:
    held = holding(content, what)
    head = f"inline {held} {kind}_{name}({held} c, {holding(term, what)} term) {{"
    format = register.accumulator.format
    if register.accumulator.adder is not None:
        assert isinstance(format, Fixed)
        return "\n".join([head, *(f"    {line}" for line in _by_adder(register, format, term, unit, what)), "}"])
    fine = min(unit, register.grid)
    up_c, up_term = register.grid - fine, unit - fine
    total = content * Range(2**up_c, 2**up_c) + term * Range(2**up_term, 2**up_term)
    wide = holding(total | total.magnitude | Range(0, 2 ** max(up_c, up_term)), what)
    sum_ = f"{wide}({_up(wide, 'c', up_c)} + {_up(wide, 'term', up_term)})"
    entered = _rounded_to(sum_, total, fine, register.rounder, register.grid, what)[0]
    return f"{head}\n    return {held}({entered});\n}}"


def _up(wide: str, n: str, places: int) -> str:
    return f"moved_up({wide}({n}), {places})" if places else f"{wide}({n})"


def _by_adder(register: Register, format: Fixed, term: Range, unit: int, what: str) -> list[str]:
    adder = register.accumulator.adder
    assert adder is not None
    entered = _rounded_to("term", term, unit, register.rounder, register.grid, what)[0]
    options = f"{format.bits}, {str(format.signed).lower()}, {str(format.overflow is Overflow.SATURATE).lower()}"
    lines = [
        f"const std::int64_t a = number_of<{format.bits}, false>(std::int64_t(c));",
        f"const std::int64_t entered = std::int64_t({entered});",
        f"const std::int64_t b = number_of<{format.bits}, false>(entered);",
        f"const std::int64_t code = after_adder<{options}>({operator_name(adder)}(a, b), a, b);",
    ]
    lowest = literal(format.word.start)
    held = holding(Range(format.word.start, format.word.stop - 1), what)
    return [*lines, f"return {held}(code < {lowest} ? {lowest} : code);"]
