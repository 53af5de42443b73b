"""A program as passes of the machine, and what its memories hold."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np

from adequate.exporters.verilog.allocation import Buffer, allocate
from adequate.exporters.verilog.array_passes import (
    array_pass,
    contraction,
    convolution,
    loading,
    rounds_columns,
    weights_of,
)
from adequate.exporters.verilog.element_passes import element_pass, move, padded, padding
from adequate.exporters.verilog.instruction import Instruction
from adequate.exporters.verilog.pools import Pools
from adequate.exporters.verilog.refusal import Refusal
from adequate.program import Program
from adequate.program.steps import (
    Concat,
    Constant,
    Contract,
    Convolve,
    Input,
    Pool,
    Product,
    Rearrange,
    Round,
    Step,
)


@dataclass(frozen=True, eq=False)
class Pass:
    """An instruction, the step it is part of, and the value whose elements it makes (None: an intermediate copy)."""

    instruction: Instruction
    step: Step
    value: str | None


@dataclass(frozen=True, eq=False)
class Assembly:
    """A program for an array of ``rows`` x ``columns`` processing elements.

    ``same`` names the value in whose place another one lies, having its elements in the same order.
    """

    program: Program
    rows: int
    columns: int
    passes: tuple[Pass, ...]
    pools: Pools
    buffers: tuple[Buffer, ...]
    same: Mapping[str, str]

    @property
    def addresses(self) -> Mapping[str, int]:
        """Where each buffer lies."""
        return allocate(self.buffers)

    @property
    def size(self) -> int:
        """Words of data memory that are used."""
        addresses = self.addresses
        return max(addresses[one.name] + one.size for one in self.buffers)


def assemble(program: Program, rows: int, columns: int) -> Assembly:
    """The program's passes.

    Raises:
        ValueError: a step that the machine cannot run, by name; the array has no processing element.
    """
    if rows < 1 or columns < 1:
        raise ValueError(f"an array has at least 1 x 1 processing elements, not {rows} x {columns}")
    return _Assembler(program, rows, columns).assembly()


@dataclass
class _Assembler:
    program: Program
    rows: int
    columns: int
    same: dict[str, str] = field(default_factory=dict[str, str])
    passes: list[Pass] = field(default_factory=list[Pass])
    sizes: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        self.steps = {step.value.name: step for step in self.program.steps}
        self.values = dict(self.program.values)
        longest = max(prod(step.value.shape) for step in self.program.steps if not isinstance(step, Constant))
        self.pools = Pools(longest)

    def assembly(self) -> Assembly:
        reasons: list[str] = []
        done: set[str] = set()
        for step in self.program.steps:
            if step.value.name in done:
                continue
            try:
                for one in self._passes(step):
                    self.passes.append(one)
                    done.add(one.value or "")
            except Refusal as refusal:
                reasons.append(str(refusal))
        if reasons:
            raise ValueError(f"no Verilog for this program: {'; '.join(reasons)}")
        return Assembly(
            self.program,
            self.rows,
            self.columns,
            tuple(self.passes),
            self.pools,
            tuple(self._buffers()),
            self.same,
        )

    def _passes(self, step: Step) -> Iterator[Pass]:
        z = step.value.name
        match step:
            case Input():
                self.sizes[z] = prod(step.value.shape)
            case Constant():
                pass
            case Rearrange(index=None):
                self.same[z] = self._place(step.x)
            case Convolve() | Contract():
                yield from self._product(step)
            case Concat():
                yield from self._concat(step)
            case Pool():
                first = self.values[step.x].low if step.largest else 0
                x, _ = yield from self._padded(step, first)
                yield self._made(element_pass(step, self.values, (x,), z, self.pools), step)
            case _:
                buffers = tuple(self._place(one) for one in step.operands)
                yield self._made(element_pass(step, self.values, buffers, z, self.pools), step)

    def _product(self, step: Convolve | Contract) -> Iterator[Pass]:
        w = self.steps[step.w]
        if isinstance(step, Convolve):
            x, shape = yield from self._padded(step, 0)
            tiles = list(convolution(step, shape, w.value.shape[2:], w.value.shape[0]))
        else:
            x, shape = self._place(step.x), self.values[step.x].shape
            tiles = list(contraction(step, shape, w.value.shape))
        then = self._follower(step)
        if then is not None and any(rounds_columns(step, tile, then) is None for tile in tiles):
            then = None
        target = step.value.name if then is None else then.value.name
        for tile in tiles:
            if isinstance(w, Constant):
                weights = weights_of(step, tile, w, self.pools, self.columns)
            else:
                load = loading(step, tile, w.value, self._place(step.w), self.pools, self.columns)
                yield Pass(load, step, None)
                weights = load.weights
            made = array_pass(step, tile, weights, then, (x, target), self.pools, self.columns)
            yield self._made(made, step, target)

    def _follower(self, step: Product) -> Round | None:
        """The rounding that is the only reader of the sums, which then need no memory."""
        name = step.value.name
        readers = [one for one in self.program.steps if name in one.operands]
        shown = {*self.program.outputs, *self.program.layers.values()}
        match readers:
            case [Round() as one] if name not in shown:
                return one
            case _:
                return None

    def _padded(self, step: Convolve | Pool, first: int) -> Generator[Pass, None, tuple[str, tuple[int, ...]]]:
        """The buffer and the shape of x with its padding, ``first`` in it; a copy where there is padding."""
        shape, place = self.values[step.x].shape, self._place(step.x)
        dims = len(step.window.padding)
        if not any(map(any, step.window.padding)):
            return place, shape
        copy = self._unnamed(f"{step.value.name} padded")
        index = padding(shape, step.window, dims)
        self.sizes[copy] = len(index)
        yield Pass(move(place, copy, index, self.pools, first=first), step, None)
        return copy, padded(shape, step.window, dims)

    def _concat(self, step: Concat) -> Iterator[Pass]:
        """The parts one after the other; and then, where they are not so in the result, in its order."""
        shapes, along = [self.values[one].shape for one in step.parts], step.along % len(step.value.shape)
        ends = np.cumsum([0, *map(prod, shapes)])
        pieces = [np.arange(prod(shape)).reshape(shape) + begin for shape, begin in zip(shapes, ends, strict=False)]
        order = np.concatenate(pieces, axis=along).reshape(-1)
        straight = np.array_equal(order, np.arange(len(order)))
        target = step.value.name if straight else self._unnamed(f"{step.value.name} in parts")
        self.sizes[target] = len(order)
        for part, begin, shape in zip(step.parts, ends, shapes, strict=False):
            index = np.arange(prod(shape), dtype=np.int64)
            one = move(self._place(part), target, index, self.pools, offset=int(begin))
            yield self._made(one, step) if straight else Pass(one, step, None)
        if not straight:
            yield self._made(move(target, step.value.name, order, self.pools), step)

    def _made(self, instruction: Instruction, step: Step, value: str | None = None) -> Pass:
        name = value or step.value.name
        self.sizes[name] = prod(self.values[name].shape)
        return Pass(instruction, step, name)

    def _unnamed(self, name: str) -> str:
        """A buffer's name that no value has."""
        while name in self.values:
            name += "'"
        return name

    def _place(self, name: str) -> str:
        """The buffer that has a value's elements; a constant is put into data memory when it is first read there."""
        name = self.same.get(name, name)
        self.sizes.setdefault(name, prod(self.values[name].shape))
        return name

    def _buffers(self) -> Iterator[Buffer]:
        """Inputs first, then constants, which stay; then what the passes make, in their order."""
        end = len(self.passes)
        first, last = dict[str, int](), dict[str, int]()
        for number, one in enumerate(self.passes):
            instruction = one.instruction
            for place in (instruction.z, instruction.x, instruction.y):
                if place.buffer:
                    last[place.buffer] = number
            if not instruction.stationary:
                first.setdefault(instruction.z.buffer, number)
        kept = {self.same.get(name, name) for name in self.program.outputs}
        given = [one for one in self.sizes if one in self.steps and isinstance(self.steps[one], Input)]
        constants = [one for one in self.sizes if one in self.steps and isinstance(self.steps[one], Constant)]
        for name in given:
            yield Buffer(name, self.sizes[name], -1, end if name in kept else last.get(name, -1))
        for name in constants:
            yield Buffer(name, self.sizes[name], -1, end)
        for name in first:
            yield Buffer(name, self.sizes[name], first[name], end if name in kept else last[name])
