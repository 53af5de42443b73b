"""Steps that make each element from one place of every operand."""

from collections.abc import Sequence
from dataclasses import dataclass

from adequate.exporters.hls.loops import Loop, broadcast, merged, nest, place
from adequate.exporters.hls.parameters import parameters
from adequate.exporters.hls.rounding import rounded
from adequate.exporters.hls.scope import Code, Scope, code
from adequate.exporters.hls.types import holding, literal, only
from adequate.program.steps import Add, Choose, Clamp, Divide, Multiply, Round, Scale, Table, Threshold

Elementwise = Add | Choose | Clamp | Divide | Multiply | Round | Scale | Table | Threshold


@dataclass(frozen=True)
class _Element:
    """One element of a step's value in loops over all: expressions for itself, its operands, and the index ``i``."""

    loops: Sequence[Loop]
    type: str
    result: str
    x: str
    y: str
    i: str

    def set(self, expression: str, *before: str) -> list[str]:
        """The loops, with lines before the assignment."""
        return nest(self.loops, [*before, f"{self.result} = {self.type}({expression});"], pipelined=True)


def elementwise(step: Elementwise, scope: Scope) -> Code:
    """The loops of a step."""
    match step:
        case Round():
            return _round(step, scope)
        case Threshold():
            return _threshold(step, scope)
        case Table():
            return _table(step, scope)
        case _:
            return code(_element(step, scope).set(_expression(step, scope)))


def _expression(step: Add | Choose | Clamp | Divide | Multiply | Scale, scope: Scope) -> str:
    at, what, x = _element(step, scope), f"value {step.value.name!r}", scope.range(step.x)
    match step:
        case Add(factors=(a, b)):
            left, right = x * only(a), scope.range(step.y) * only(b)
            wide = holding(left | right | left + right | only(a, b), what)
            return f"{_times(wide, at.x, a)} + {_times(wide, at.y, b)}"
        case Multiply():
            return f"{holding(x * scope.range(step.y) | x, what)}({at.x}) * {at.y}"
        case Scale(factor=factor):
            return _times(holding(x * only(factor) | x | only(factor), what), at.x, factor)
        case Choose():
            wide = holding(x | scope.range(step.y), what)
            return f"{at.x} {'>' if step.largest else '<'} {at.y} ? {wide}({at.x}) : {wide}({at.y})"
        case Clamp():
            low, high = (own if end is None else end for own, end in ((x.low, step.low), (x.high, step.high)))
            return f"clamped<{holding(x | only(low, high), what)}>({at.x}, {literal(low)}, {literal(high)})"
        case Divide():
            up, down = step.factor.numerator, step.factor.denominator
            n, d = (x * only(up)).magnitude, (scope.range(step.y) * only(down)).magnitude
            wide = holding(n | d | only(up, down), what)
            made = rounded(step.to, n, what, d=d.high)
            sign = f"{at.y} < 0, {_times(wide, at.x, up)}", f"{at.y} < 0, {_times(wide, at.y, down)}"
            return made(f"signed_by<{wide}>({sign[0]})", d=f"signed_by<{wide}>({sign[1]})")


def _times(wide: str, operand: str, factor: int) -> str:
    return f"{wide}({operand})" if factor == 1 else f"{wide}({operand}) * {literal(factor)}"


def _element(step: Elementwise, scope: Scope, axis: int | None = None) -> _Element:
    """``i`` is the index of dimension ``axis``."""
    shape, name = step.value.shape, scope.names[step.value.name]
    x, y = step.x, getattr(step, "y", step.x)
    along = [int(axis is not None and d == axis % len(shape)) for d in range(len(shape))]
    arrays = [broadcast(shape, shape), *(broadcast(scope.shape(one), shape) for one in (x, y)), along]
    loops, (at, of_x, of_y, i) = merged(shape, arrays)
    return _Element(
        loops,
        scope.type(step.value.name),
        f"{name}[{place(loops, at)}]",
        f"{scope.names[x]}[{place(loops, of_x)}]",
        f"{scope.names[y]}[{place(loops, of_y)}]",
        place(loops, i),
    )


def _round(step: Round, scope: Scope) -> Code:
    """A multiplication by the numerator, and a shift where the denominators are powers of two, else a division."""
    name, what, at = scope.names[step.value.name], f"value {step.value.name!r}", _element(step, scope, step.axis)
    up, down = [one.numerator for one in step.factor], [one.denominator for one in step.factor]
    shifts = not any(d & (d - 1) for d in down)
    by = [d.bit_length() - 1 for d in down] if shifts else down
    by_index = {"numerators": up, "places" if shifts else "denominators": by}
    arrays = [parameters(f"{one}_{name}", numbers) for one, numbers in by_index.items() if len(set(numbers)) > 1]
    factor, second = (
        f"{one}_{name}[{at.i}]" if len(set(numbers)) > 1 else literal(numbers[0]) for one, numbers in by_index.items()
    )
    x = scope.range(step.x)
    n = x * only(*up)
    number = at.x if factor == "1" else f"{holding(n | x | only(*up), what)}({at.x}) * {factor}"
    made = rounded(step.to, n, what, places=max(by) if shifts else 0, d=1 if shifts else max(by))
    return code(at.set(made(number, places=second) if shifts else made(number, d=second)), [], arrays)


def _table(step: Table, scope: Scope) -> Code:
    """An entry by the number itself, or by its place among those there are."""
    name, at, low = scope.names[step.value.name], _element(step, scope), scope.range(step.x).low
    entries = parameters(f"entries_{name}", step.entries)
    if step.numbers is None:
        index = f"{at.x} - {literal(low)}" if low > 0 else f"{at.x} + {literal(-low)}" if low else at.x
        return code(at.set(f"{entries.name}[{index}]"), [], [entries])
    numbers = parameters(f"numbers_{name}", step.numbers)
    index = f"place_of<{numbers.size}>({numbers.name}, {at.x})"
    return code(at.set(f"{entries.name}[{index}]"), [], [entries, numbers])


def _threshold(step: Threshold, scope: Scope) -> Code:
    """Comparisons with all thresholds; their count is an index into the levels."""
    name, at, count = scope.names[step.value.name], _element(step, scope, step.axis), len(step.levels) - 1
    limits = parameters(f"thresholds_{name}", [list(own) for own in step.thresholds])
    levels = parameters(f"levels_{name}", list(step.levels))
    row = f"({at.i}) * {count} + t" if step.axis is not None else "t"
    passed = ["int passed = 0;"]
    if count:
        passed.append(f"for (int t = 0; t < {count}; ++t) passed += {at.x} >= {limits.name}[{row}] ? 1 : 0;")
    return code(at.set(f"{levels.name}[passed]", *passed), [], [limits, levels])
