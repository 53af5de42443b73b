"""What becomes of an activation and a weight that meet, as C++."""

from dataclasses import dataclass

from adequate.exporters.hls.circuits import (
    code_expression,
    number_expression,
    operator_code,
    operator_name,
    result_range,
)
from adequate.exporters.hls.parameters import parameters
from adequate.exporters.hls.scope import Code, Scope, code
from adequate.exporters.hls.types import Range, holding, literal, only
from adequate.exporters.hls.weights import stored
from adequate.program.products import Approximate, Words, numbers
from adequate.program.steps import Product


@dataclass(frozen=True)
class Operand:
    """An array that a sum of products reads, element by element.

    Where ``encoded`` is an expression of {n} its elements are no numbers yet, but become codes of ``type`` first.
    """

    array: str
    type: str
    encoded: str | None = None


@dataclass(frozen=True)
class Pairs:
    """The operands of a sum of products; ``product`` is an expression of {x}, {w} and the sum's type {sum}."""

    x: Operand
    w: Operand
    product: str
    range: Range
    code: Code


def pairs(step: Product, scope: Scope) -> Pairs:
    """Exact products, or a multiplier's."""
    return _exact(step, scope) if step.products is None else _approximate(step, step.products, scope)


def _exact(step: Product, scope: Scope) -> Pairs:
    x, constant = Operand(scope.names[step.x], scope.type(step.x)), scope.constant(step.w)
    range_ = scope.range(step.x) * scope.range(step.w)
    if constant is None:
        w = Operand(scope.names[step.w], scope.type(step.w))
        return Pairs(x, w, "{sum}({x}) * {w}", range_, Code())
    how = stored(constant, f"weights_{scope.names[step.value.name]}")
    return Pairs(
        x, Operand(how.codes.name, how.codes.type), how.product, range_, code([], [], [how.codes, *how.arrays])
    )


def _approximate(step: Product, products: Approximate, scope: Scope) -> Pairs:
    name, multiplier = scope.names[step.value.name], products.multiplier
    what = f"the product of value {step.value.name!r}"
    x = _operand(step.x, products.x, scope, what)
    w, arrays = _operand(step.w, products.w, scope, what), ()
    constant = scope.constant(step.w)
    if constant is not None:
        held = constant.integers
        if products.w.operand.format is not None:
            held = products.w.patterns(held)
        codes = parameters(f"weights_{name}", held)
        w, arrays = Operand(codes.name, codes.type), (codes,)
    result, range_ = _product(products, scope.range(step.x), scope.range(step.w), what)
    head = f"inline {holding(range_, what)} product_{name}({x.type} x, {w.type} w)"
    body = f"{head} {{\n    return {result};\n}}"
    more = operator_code(multiplier) + code([], [body], arrays)
    return Pairs(x, w, f"{{sum}}(product_{name}({{x}}, {{w}}))", range_, more)


def _operand(name: str, words: Words, scope: Scope, what: str) -> Operand:
    """As it is for an integer operand; else to be encoded."""
    if words.operand.format is None:
        return Operand(scope.names[name], scope.type(name))
    low, high = scope.program.values[name].range
    width = max(abs(low), abs(high)).bit_length() + 1
    type = holding(Range(0, 2**words.operand.width - 1), what)
    return Operand(scope.names[name], type, code_expression(words.operand, "{n}", width, what))


def _product(products: Approximate, x: Range, w: Range, what: str) -> tuple[str, Range]:
    """T(a, b) - zw a - zx b + zx zw for words of a = x + zx and b = w + zw, in a type that holds all of its parts."""
    multiplier, zx, zw = products.multiplier, products.x.zero, products.w.zero
    call = f"{operator_name(multiplier)}({_word(products.x, 'x')}, {_word(products.w, 'w')})"
    if multiplier.product is None:
        result = whole = result_range(multiplier)
    else:
        result = whole = only(*numbers(multiplier.product).values())
        wide = holding(whole.magnitude | Range(0, 2 ** (whole.high.bit_length() + 1)), what)
        call = number_expression(multiplier.product, wide, call, what)
    excess = [(zw, products.x, x + only(zx), "x"), (zx, products.w, w + only(zw), "w")]
    for zero, _, words, _ in excess:
        result += only(-zero) * words
        whole |= result | only(-zero) * words | words | only(zero)
    whole |= result + only(zx * zw)
    type = holding(whole, what)
    text = f"{type}({call})"
    for zero, words, _, n in excess:
        if zero:
            text += f" - {type}({literal(zero)}) * {type}({_stands_for(words, n, type, what)})"
    return f"{type}({text}{f' + {type}({literal(zx * zw)})' if zx * zw else ''})", whole


def _stands_for(words: Words, n: str, type: str, what: str) -> str:
    """What the word of an operand stands for: the number of its code, or the number n with its zero."""
    format = words.operand.format
    number = n if format is None else number_expression(format, type, n, what)
    return _moved(number, words.zero)


def _word(words: Words, n: str) -> str:
    """The word of an operand, the lowest bits of a number as the hardware has them."""
    if words.operand.format is not None:
        return n
    signed = str(words.operand.signed).lower()
    return f"number_of<{words.operand.width}, {signed}>(std::int64_t({_moved(n, words.zero)}))"


def _moved(n: str, zero: int) -> str:
    return f"{n} + {zero}" if zero > 0 else f"{n} - {-zero}" if zero else n
