"""Convolutions and contractions as C++: one nest of loops for both."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from adequate.exporters.hls.geometry import MOST_SUMS, Geometry, contraction, convolution
from adequate.exporters.hls.loops import broadcast, merged, nest, place, row_major
from adequate.exporters.hls.parameters import Parameters, parameters
from adequate.exporters.hls.products import Operand, Pairs, pairs
from adequate.exporters.hls.register import Additions, additions
from adequate.exporters.hls.scope import Code, Scope, code
from adequate.exporters.hls.signs import both_signs, counted
from adequate.exporters.hls.types import holding
from adequate.operators import Order
from adequate.program.steps import Contract, Convolve, Product


def sum_of_products(step: Convolve | Contract, scope: Scope) -> Code:
    """The lines of a convolution or a contraction."""
    if both_signs(step, scope):
        return counted(step, scope)
    found = pairs(step, scope)
    made = found.code
    if isinstance(step, Convolve):
        geometry, shape, padding = convolution(step, scope, 1 if _is_tree(step) else MOST_SUMS)
    else:
        geometry, shape, padding = contraction(step, scope), scope.shape(step.x), ()
    x, before = _prepared(found.x, step.x, f"x_{scope.names[step.value.name]}", scope, shape, padding)
    w, more = _prepared(found.w, step.w, f"w_{scope.names[step.value.name]}", scope, scope.shape(step.w), ())
    bias = _bias(step, scope)
    lines = _Sum(step, scope, replace(found, x=x, w=w), geometry, bias).lines()
    return code([*before, *more], [], [] if bias is None else [bias]) + made + lines


def _is_tree(step: Product) -> bool:
    return step.register is not None and step.register.accumulator.order is Order.TREE


def _prepared(
    operand: Operand, name: str, copy: str, scope: Scope, shape: tuple[int, ...], padding: Sequence[tuple[int, int]]
) -> tuple[Operand, list[str]]:
    """The operand as the sum reads it: encoded and padded, in an array of its own if need be.

    That array is static: what lies outside the edges is 0 from the start and stays so.
    """
    if operand.encoded is None and not any(map(any, padding)):
        return operand, []
    own = scope.shape(name)
    inside = row_major(shape)
    start = sum(pad[0] * stride for pad, stride in zip(padding, inside, strict=False))
    loops, (from_, to) = merged(own, [row_major(own), inside])
    element = f"{operand.array}[{place(loops, from_)}]"
    value = element if operand.encoded is None else operand.encoded.format(n=element)
    body = [f"{copy}[{place(loops, to, start)}] = {operand.type}({value});"]
    lines = [f"static {operand.type} {copy}[{prod(shape)}];", *nest(loops, body, pipelined=True)]
    return replace(operand, array=copy, encoded=None), lines


def _bias(step: Product, scope: Scope) -> Parameters | None:
    return None if step.bias is None else parameters(f"biases_{scope.names[step.value.name]}", step.bias)


@dataclass(frozen=True)
class _Sum:
    """The lines of one sum of products."""

    step: Product
    scope: Scope
    pairs: Pairs
    geometry: Geometry
    bias: Parameters | None

    def lines(self) -> Code:
        step, g = self.step, self.geometry
        bias = None if self.bias is None else self.bias.within
        register = None
        if step.register is not None:
            what = f"value {step.value.name!r}"
            register = additions(step.register, self.name, self.pairs.range, bias, what)
        if register is None:
            turn = self._exact()
        elif _is_tree(step):
            turn = self._tree(register)
        elif step.register is not None and step.register.accumulator.compensated:
            turn = self._compensated(register)
        else:
            turn = self._in_turn(register)
        made = Code() if register is None else register.code
        return made + code(nest(g.outer, [*turn, *self._finished(register)]))

    @property
    def name(self) -> str:
        return self.scope.names[self.step.value.name]

    @property
    def type(self) -> str:
        return self.scope.type(self.step.value.name)

    @property
    def at(self) -> str:
        """The place of a sum among those of one turn of the outer loops."""
        steps = row_major([loop.size for loop in self.geometry.inner])
        return place(self.geometry.inner, {loop.counter: s for loop, s in zip(self.geometry.inner, steps, strict=True)})

    @property
    def terms(self) -> int:
        return prod(loop.size for loop in self.geometry.summed)

    @property
    def count(self) -> str:
        """Which of the products it is."""
        loops = self.geometry.summed
        steps = row_major([loop.size for loop in loops])
        return place(loops, {loop.counter: step for loop, step in zip(loops, steps, strict=True)})

    def _declared(self, name: str, type: str) -> list[str]:
        size = prod(loop.size for loop in self.geometry.inner)
        inner = self.geometry.inner
        return [f"{type} {name}[{size}];", *nest(inner, [f"{name}[{self.at}] = 0;"], pipelined=True)]

    def _product(self, type: str) -> str:
        g = self.geometry
        loops = (*g.outer, *g.summed, *g.inner)
        x = f"{self.pairs.x.array}[{place(loops, g.x)}]"
        return self.pairs.product.format(x=x, w="weight", sum=type)

    def _each(self, inside: list[str], after: list[str] | None = None) -> list[str]:
        """Lines for every product, in their order: ``inside`` for each sum, ``after`` for all of one weight."""
        g = self.geometry
        weight = f"const {self.pairs.w.type} weight = {self.pairs.w.array}[{place((*g.outer, *g.summed), g.w)}];"
        inner = nest(g.inner, inside, pipelined=True)
        whole = [weight, *inner, *(after or [])]
        return nest(g.summed, whole, pipelined=not any(loop.size > 1 for loop in g.inner))

    def _exact(self) -> list[str]:
        sums = f"sums[{self.at}]"
        add = f"{sums} = {self.type}({sums} + {self._product(self.type)});"
        return [*self._declared("sums", self.type), *self._each([add])]

    def _in_turn(self, register: Additions) -> list[str]:
        """In the order sequential, or in blocks."""
        assert self.step.register is not None
        block, held = self.step.register.accumulator.block, register.held
        into = "sums" if block is None else "part"
        sums, one = f"sums[{self.at}]", f"{into}[{self.at}]"
        term = register.term(self._product(self._product_type))
        add = f"{one} = {register.add(one, term)};"
        lines = self._declared("sums", held)
        if block is None:
            return [*lines, *self._each([add])]
        merge = nest(self.geometry.inner, [f"{sums} = {register.merge(sums, one)};", f"{one} = 0;"], pipelined=True)
        full = f"if (({self.count} + 1) % {block} == 0 || {self.count} + 1 == {self.terms}) {{"
        return [*lines, *self._declared("part", held), *self._each([add], [full, *(f"    {m}" for m in merge), "}"])]

    def _compensated(self, register: Additions) -> list[str]:
        held, at = register.held, self.at
        term = register.term(self._product(self._product_type))
        inside = [
            f"const {held} y = {register.add(f'{held}(-error[{at}])', term)};",
            f"const {held} t = {register.merge(f'sums[{at}]', 'y')};",
            f"const {held} lost = {register.merge('t', f'{held}(-sums[{at}])')};",
            f"error[{at}] = {register.merge('lost', f'{held}(-y)')};",
            f"sums[{at}] = t;",
        ]
        return [*self._declared("sums", held), *self._declared("error", held), *self._each(inside)]

    def _tree(self, register: Additions) -> list[str]:
        held, count = register.held, self.terms
        leaf = f"level[{self.count}] = {register.enter(register.term(self._product(self._product_type)))};"
        lines = [f"{held} level[{max(count, 1)}];", "level[0] = 0;", *self._each([leaf])]
        while count > 1:
            half = count // 2
            pair = f"level[j] = {register.merge('level[2 * j]', 'level[2 * j + 1]')};"
            lines += [f"for (int j = 0; j < {half}; ++j) {{", "    HLS(PIPELINE II = 1)", f"    {pair}", "}"]
            if count % 2:
                lines.append(f"level[{half}] = level[{count - 1}];")
            count -= half
        return [*lines, f"const {held} *const sums = level;"]

    @property
    def _product_type(self) -> str:
        return holding(self.pairs.range, f"a product of value {self.step.value.name!r}")

    def _finished(self, register: Additions | None) -> list[str]:
        """The sums with their biases, in the value's array."""
        g = self.geometry
        loops = (*g.outer, *g.inner)
        result = f"sums[{self.at}]"
        if self.bias is not None:
            assert self.step.bias is not None
            strides = broadcast(np.shape(self.step.bias), self.step.value.shape)
            one = f"{self.bias.name}[{place(loops, g.of_output(strides))}]"
            result = f"{result} + {one}" if register is None else register.bias(result, one)
        y = g.of_output(row_major(self.step.value.shape))
        line = f"{self.name}[{place(loops, y)}] = {self.type}({result});"
        return nest(g.inner, [line], pipelined=True)
