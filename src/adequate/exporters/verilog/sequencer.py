"""The controller: which element, which product, which result is next, one of them in every cycle."""

from functools import reduce
from operator import or_

from adequate.exporters.verilog.cycles import STAGES
from adequate.exporters.verilog.hardware import Hardware, Order
from adequate.exporters.verilog.hdl import Cat, Const, Module, Mux, Signal, StructLayout, Value, View, unsigned
from adequate.exporters.verilog.rounding import named


def issue(hardware: Hardware) -> StructLayout:
    """What the controller says in a cycle, and what goes through the pipeline with it.

    ``element``: fetch an element of a tensor; ``load``: the addresses of a row of the array; ``add``: an addition in
    every processing element; ``drain``: the sum of the element at ``row`` and ``column``. The others belong to one of
    these.
    """
    at = hardware.addresses
    flags = ("element", "load", "add", "drain", "first", "final", "fresh", "merge", "biasing", "direct", "keep")
    return StructLayout(
        dict.fromkeys(flags, unsigned(1))
        | {
            "read_level": unsigned(level_bits(hardware)),
            "write_level": unsigned(level_bits(hardware)),
            "row": unsigned(max((hardware.rows - 1).bit_length(), 1)),
            "column": unsigned(max((hardware.columns - 1).bit_length(), 1)),
            "parameter": unsigned(at.parameters),
            "weight": unsigned(at.weights),
            "bias": unsigned(at.biases),
            "place": unsigned(at.indices),
            "term": unsigned(at.indices),
        }
    )


def bundle(record: StructLayout, name: str) -> View:
    """A record in one signal, without a signal for each of its fields."""
    return View(record, Signal(record.size, name=name, reset_less=True))


class Issued:
    """A record as a signal for each field: of one signal, bits that are always 0 would be unknown to simulators."""

    def __init__(self, record: StructLayout) -> None:
        self._signals = {str(name): Signal(field.shape, name=f"issued_{name}") for name, field in record}

    def __getattr__(self, name: str) -> Signal:
        return self._signals[name]

    @property
    def bits(self) -> Value:
        """The record in one value."""
        return Cat(*self._signals.values())


def level_bits(hardware: Hardware) -> int:
    """Bits of the number of a kept partial sum."""
    return max((hardware.levels - 1).bit_length(), 1)


def binary(hardware: Hardware, instruction: View) -> Value:
    """Whether the instruction's function takes an element from each of two tensors."""
    chosen = [instruction.function == one for one in hardware.functions if one.binary]
    return reduce(or_, chosen, Const(0, 1))


class Sequencer:
    """Runs the instructions one after the other.

    ``FETCH`` and ``DECODE`` take a cycle each and ``FLUSH`` as many as the pipeline has stages. Between them
    ``ELEMENT`` counts the elements of a pass; for a product ``LOAD`` takes a cycle for each row of the array, then for
    each tile of columns ``ADD`` and ``BIAS`` make the additions, and ``DRAIN`` takes a cycle for each result. A reset
    stops it; all else begins anew in ``FETCH``.
    """

    def __init__(self, m: Module, hardware: Hardware, instruction: View, start: Value) -> None:
        self._m, self._hardware, self._told = m, hardware, instruction
        at, count = hardware.addresses, len(instruction.outer)
        self.issued = Issued(issue(hardware))
        self.pc = Signal(at.instructions, name="step")
        self.busy, self.restart = Signal(name="busy"), Signal(name="restart")
        self._outer, self._inner, self._within, self._channel, self._tile, self._block = (
            Signal(count, name=f"count_{name}", reset_less=True)
            for name in ("outer", "inner", "within", "channel", "tile", "block")
        )
        self._row = Signal(len(self.issued.row), name="count_row", reset_less=True)
        self._column = Signal(len(self.issued.column), name="count_column", reset_less=True)
        self._parameter = Signal(at.parameters, name="count_parameter", reset_less=True)
        self._weight, self._bias = (
            Signal(at.weights, name="count_weight", reset_less=True),
            Signal(at.biases, name="count_bias", reset_less=True),
        )
        self._later_block = Signal(name="later_block", reset_less=True)
        self._pending = Signal(max(hardware.levels, 1), name="pending", reset_less=True)
        self._flushed = Signal(range(STAGES), name="flushed", reset_less=True)
        self._next_inner = named(m, self._inner + 1, "next_inner")
        self._last_inner = named(m, self._next_inner == instruction.inner, "last_inner")
        self._this_row = named(m, self._outer + self._row, "this_row")
        with m.FSM(name="phase") as machine:
            with m.State("IDLE"):
                m.d.sync += self.pc.eq(0)
                with m.If(start):
                    m.next = "FETCH"
            with m.State("FETCH"):
                self._clear()
                m.next = "DECODE"
            with m.State("DECODE"):
                m.next = "ELEMENT"
                if hardware.macs:
                    with m.If(instruction.product):
                        m.next = "LOAD"
                with m.If(instruction.halt):
                    m.next = "IDLE"
            with m.State("ELEMENT"):
                self._element()
            if hardware.macs:
                with m.State("LOAD"):
                    self._load()
                with m.State("ADD"):
                    self._add()
                with m.State("BIAS"):
                    m.d.comb += [self.issued.add.eq(1), self.issued.biasing.eq(1), self.issued.bias.eq(self._bias)]
                    m.next = "DRAIN"
                with m.State("DRAIN"):
                    self._drain()
            with m.State("FLUSH"):
                m.d.sync += self._flushed.eq(self._flushed + 1)
                with m.If(self._flushed == STAGES - 1):
                    m.d.sync += self.pc.eq(self.pc + 1)
                    m.next = "FETCH"
        m.d.comb += [self.busy.eq(~machine.ongoing("IDLE")), self.restart.eq(machine.ongoing("FETCH"))]

    def _clear(self) -> None:
        counters = [self._outer, self._inner, self._within, self._channel, self._tile, self._parameter]
        array = [self._row, self._column, self._weight, self._bias, self._block, self._later_block, self._pending]
        self._m.d.sync += [one.eq(0) for one in (*counters, *array, self._flushed)]

    def _element(self) -> None:
        m, now, told = self._m, self.issued, self._told
        m.d.comb += [
            now.element.eq(1),
            now.first.eq(self._inner == 0),
            now.final.eq(self._last_inner),
            now.parameter.eq(self._parameter + self._inner),
            now.place.eq(told.places + self._outer),
            now.term.eq(told.terms + Mux(binary(self._hardware, told), self._outer, self._inner)),
        ]
        m.d.sync += self._inner.eq(self._next_inner)
        with m.If(self._last_inner):
            m.d.sync += [self._inner.eq(0), self._outer.eq(self._outer + 1), self._within.eq(self._within + 1)]
            with m.If(self._within + 1 == told.channel_size):
                m.d.sync += [self._within.eq(0), self._channel.eq(self._channel + 1)]
                m.d.sync += self._parameter.eq(self._parameter + told.inner)
                with m.If(self._channel + 1 == told.channels):
                    m.d.sync += [self._channel.eq(0), self._parameter.eq(0)]
            with m.If(self._outer + 1 == told.outer):
                m.next = "FLUSH"

    def _load(self) -> None:
        m, now, told = self._m, self.issued, self._told
        m.d.comb += [
            now.load.eq(1),
            now.row.eq(self._row),
            now.place.eq(told.places + self._this_row),
            now.term.eq(told.rows + self._this_row),
        ]
        m.d.sync += self._row.eq(self._row + 1)
        with m.If(self._row == self._hardware.rows - 1):
            m.d.sync += self._row.eq(0)
            m.next = "ADD"

    def _add(self) -> None:
        """A product, or one of the partial sums that wait to be merged."""
        m, now, told = self._m, self.issued, self._told
        orders = {one: Const(0, 1) for one in Order} | {one: told.order == one for one in self._hardware.orders}
        tree, blocked = orders[Order.TREE], orders[Order.BLOCKED]
        m.d.comb += [now.add.eq(1), now.term.eq(told.terms + self._inner), now.weight.eq(self._weight)]
        over: Value = Const(1, 1)
        if self._hardware.levels:
            over = self._merging(tree, blocked)
        else:
            m.d.comb += now.fresh.eq(self._inner == 0)
        with m.If(over):
            m.d.sync += [self._inner.eq(self._next_inner), self._weight.eq(self._weight + 1)]
            with m.If(self._last_inner):
                m.d.sync += self._inner.eq(0)
                m.next = "DRAIN"
                with m.If(told.biased):
                    m.next = "BIAS"

    def _merging(self, tree: Value, blocked: Value) -> Value:
        """Says of an addition whether it is a product or a merge; whether no merge is left after it.

        A tree keeps the sum of 2**level products at each level where the count of products has a 1: after product k a
        merge for each 1 at the end of k, after the last one for every 1. A block's sum is merged at its end.
        """
        m, now, told = self._m, self.issued, self._told
        ones = self._inner & ~self._next_inner[: len(self._inner)]
        level, above = Signal(len(now.read_level), name="level"), Signal(len(now.write_level), name="above")
        for place in reversed(range(len(self._pending))):
            with m.If(self._pending[place]):
                m.d.comb += level.eq(place)
            with m.If(~self._inner[place]):
                m.d.comb += above.eq(place)
        block_ends = named(m, (self._block + 1 == told.block) | self._last_inner, "block_ends")
        left = Signal(len(self._pending), name="left")
        with m.If(self._pending == 0):
            m.d.comb += [
                now.fresh.eq(tree | (self._block == 0)),
                now.direct.eq(tree),
                now.keep.eq(tree & ~self._last_inner),
            ]
            m.d.comb += left.eq(Mux(tree, Mux(self._last_inner, self._inner, ones), blocked & block_ends))
        with m.Else():
            m.d.comb += [now.merge.eq(1), now.read_level.eq(level), now.keep.eq(blocked | ~self._last_inner)]
            m.d.comb += [
                now.fresh.eq(blocked & ~self._later_block),
                left.eq(self._pending & (self._pending - 1)[: len(left)]),
            ]
            m.d.sync += self._later_block.eq(1)
        m.d.comb += now.write_level.eq(Mux(tree, above, 0))
        m.d.sync += self._pending.eq(left)
        over = named(m, left == 0, "over")
        with m.If(over):
            m.d.sync += self._block.eq(Mux(blocked & block_ends, 0, self._block + 1))
            with m.If(self._last_inner):
                m.d.sync += [self._block.eq(0), self._later_block.eq(0)]
        return over

    def _drain(self) -> None:
        m, now, told, array = self._m, self.issued, self._told, self._hardware
        this_column = named(m, self._tile + self._column, "this_column")
        next_tile, next_outer = self._tile + array.columns, self._outer + array.rows
        last_row = (self._row == array.rows - 1) | (self._this_row + 1 == told.outer)
        last_column = (self._column == array.columns - 1) | (this_column + 1 == told.columns)
        m.d.comb += [
            now.drain.eq(1),
            now.first.eq(1),
            now.final.eq(1),
            now.row.eq(self._row),
            now.column.eq(self._column),
        ]
        m.d.comb += [now.term.eq(told.along + this_column), now.parameter.eq(Mux(told.channels > 1, this_column, 0))]
        m.d.sync += self._row.eq(self._row + 1)
        with m.If(last_row):
            m.d.sync += [self._row.eq(0), self._column.eq(self._column + 1)]
            with m.If(last_column):
                m.d.sync += [self._column.eq(0), self._tile.eq(next_tile), self._bias.eq(self._bias + 1)]
                m.next = "ADD"
                with m.If(next_tile >= told.columns):
                    m.d.sync += [self._tile.eq(0), self._bias.eq(0), self._weight.eq(0), self._outer.eq(next_outer)]
                    m.next = "LOAD"
                    with m.If(next_outer >= told.outer):
                        m.next = "FLUSH"
