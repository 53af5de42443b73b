"""The whole machine: memories, the array of processing elements, the function unit, and what joins them."""

from itertools import pairwise

from adequate.exporters.verilog.cycles import STAGES
from adequate.exporters.verilog.hardware import Function, Hardware
from adequate.exporters.verilog.hdl import (
    Array,
    Cat,
    ClockSignal,
    Const,
    Instance,
    Module,
    Mux,
    ResetSignal,
    Signal,
    Value,
    View,
    module_text,
    signed,
)
from adequate.exporters.verilog.records import layout, parameter_bits
from adequate.exporters.verilog.rounding import float_place, named
from adequate.exporters.verilog.sequencer import Sequencer, binary, bundle, issue

NEVER = (Const(0), Const(0), Const(0))
"""Nothing is written."""


def machine(hardware: Hardware) -> str:
    """A Verilog module that runs a program from memory images.

    While ``busy`` is 0 the data memory is read and written through ``host_...``; ``start`` begins a run. ``written``
    says that a result is written in this cycle: ``value``, ``offset`` elements behind the z of instruction ``step``.
    """
    m = Module()
    at = hardware.addresses
    start, host_write = Signal(name="start"), Signal(name="host_write")
    host_address = Signal(at.data, name="host_address")
    host_data, host_read = (Signal(signed(hardware.word), name=name) for name in ("host_data", "host_read"))
    instruction = bundle(layout(hardware), "instruction")
    control = Sequencer(m, hardware, instruction, start)
    stages = [bundle(issue(hardware), f"stage_{number}") for number in range(STAGES + 1)]
    m.d.comb += stages[0].eq(control.issued.bits)
    m.d.sync += [after.eq(before) for before, after in pairwise(stages)]
    _memory(m, "instructions", "instructions", at.instructions, control.pc, instruction)

    first, second = (Signal(at.data + 1, name=name) for name in ("place", "term"))
    for address, index in ((stages[0].place, first), (stages[0].term, second)):
        _memory(m, f"{index.name}s", "indices", at.indices, address, index)

    made, write, offset = Signal(name="made"), Signal(name="write"), Signal(at.data, name="offset")
    result = Signal(signed(hardware.word), name="result")
    address = Signal(at.data, name="write_address")
    m.d.comb += [
        made.eq(stages[3].final & (stages[3].element | stages[3].drain)),
        write.eq(made & ~instruction.stationary),
        address.eq(Mux(control.busy, instruction.z + offset, host_address)),
    ]
    fetched = [Signal(signed(hardware.word), name=f"fetched_{port}") for port in range(hardware.ports)]
    starts = _row_addresses(m, hardware, stages[1], first)
    for port, data in enumerate(fetched):
        chosen = Signal(at.data, name=f"read_address_{port}")
        m.d.comb += chosen.eq(_address(hardware, instruction, port, starts, first, second))
        if port == 0:
            with m.If(~control.busy):
                m.d.comb += chosen.eq(host_address)
        writing = (Mux(control.busy, write, host_write), address, Mux(control.busy, result, host_data))
        _memory(m, f"data_{port}", "data", at.data, chosen, data, writing)
    m.d.comb += host_read.eq(fetched[0])

    load = _loading(m, hardware, instruction, control.restart, made, result) if hardware.loads else NEVER
    sums = _array(m, hardware, instruction, stages, fetched, load)
    parameter = Signal(parameter_bits(hardware), name="fetched_parameter")
    where = Signal(at.parameters, name="parameter_address")
    m.d.comb += where.eq(instruction.parameters + stages[2].parameter)
    for one in hardware.functions:
        if one.looks_up:
            with m.If(instruction.function == one):
                m.d.comb += where.eq(instruction.parameters + _entry(m, one, instruction, fetched[0]))
    _memory(m, "parameters", "parameters", at.parameters, where, parameter)

    x = Signal(signed(hardware.operand), name="x", reset_less=True)
    y, so_far = (Signal(signed(hardware.word), name=name, reset_less=True) for name in ("y", "so_far"))
    missing, nothing = Signal(name="missing", reset_less=True), Signal(name="nothing", reset_less=True)
    m.d.sync += missing.eq(first[-1])
    with m.If(stages[2].element | stages[2].drain):
        m.d.sync += [x.eq(Mux(stages[2].drain, sums, fetched[0])), nothing.eq(missing & ~stages[2].drain)]
        m.d.sync += y.eq(fetched[min(hardware.ports, 2) - 1])
    with m.If(stages[3].element):
        m.d.sync += so_far.eq(result)
    _count(m, hardware, control, stages, second, offset)
    m.submodules.function_unit = Instance(
        "function_unit",
        i_instruction=instruction,
        i_x=x,
        i_y=y,
        i_so_far=so_far,
        i_constants=parameter,
        i_fresh=stages[3].first,
        i_nothing=nothing,
        o_result=result,
        **({"i_clk": ClockSignal(), "i_rst": ResetSignal()} if Function.DIVIDE in hardware.functions else {}),
    )
    written, value = Signal(name="written"), Signal(signed(hardware.word), name="value")
    m.d.comb += [written.eq(write), value.eq(result)]
    host = [start, control.busy, host_write, host_address, host_data, host_read]
    ports = [*host, written, value, control.pc, offset]
    return module_text(m, "machine", ports)


def _memory(
    m: Module, name: str, file: str, bits: int, address: Value, data: Value, write: tuple[Value, Value, Value] = NEVER
) -> None:
    width = len(data.as_value() if isinstance(data, View) else data)
    m.submodules[name] = Instance(
        "memory",
        p_WIDTH=width,
        p_ADDRESS=bits,
        p_FILE=f"memory/{file}.hex",
        i_clk=ClockSignal(),
        i_write=write[0],
        i_write_address=_exactly(write[1], bits),
        i_write_data=_exactly(write[2], width),
        i_address=_exactly(address, bits),
        o_data=data,
    )


def _exactly(value: Value, width: int) -> Value:
    """The value's lowest bits."""
    return Const(0, width) if isinstance(value, Const) else value[:width]


def _row_addresses(m: Module, hardware: Hardware, stage: View, first: Signal) -> list[Signal]:
    """Where the elements of each row of the array begin."""
    starts = [
        Signal(hardware.addresses.data, name=f"start_{row}", reset_less=True)
        for row in range(hardware.rows if hardware.macs else 0)
    ]
    for row, one in enumerate(starts):
        with m.If(stage.load & (stage.row == row)):
            m.d.sync += one.eq(first)
    return starts


def _address(
    hardware: Hardware, instruction: View, port: int, starts: list[Signal], first: Signal, second: Signal
) -> Value:
    """What a port of the data memory reads."""
    two = binary(hardware, instruction)
    element = instruction.x + first + Mux(two, 0, second) if port == 0 else instruction.y + second
    if port >= len(starts):
        return element
    product = instruction.x + starts[port] + second
    return Mux(instruction.product, product, element) if port < 2 else product


def _entry(m: Module, function: Function, instruction: View, x: Signal) -> Value:
    """Which entry of a table is that of x."""
    if function is Function.TABLE:
        return x - instruction.low
    negative = x < 0
    place = named(m, float_place(m, named(m, Mux(negative, -x, x)[: len(x)], "size"), instruction.mantissa), "place")
    return Mux(negative, -place, place) - instruction.low


def _loading(
    m: Module, hardware: Hardware, instruction: View, restart: Signal, made: Signal, result: Signal
) -> tuple[Value, Value, Value]:
    """When, where and what is written to the weight memory: a word once all of its lanes are there."""
    lane, count = (
        Signal(range(max(hardware.columns, 2)), name="lane", reset_less=True),
        Signal(hardware.addresses.weights, name="word", reset_less=True),
    )
    lanes = Signal(hardware.columns * hardware.weight, name="lanes", reset_less=True)
    joined = Signal(hardware.columns * hardware.weight, name="joined")
    last = Signal(name="last_lane")
    m.d.comb += [
        last.eq(lane == hardware.columns - 1),
        joined.eq(Cat(lanes[hardware.weight :], result[: hardware.weight])),
    ]
    with m.If(restart):
        m.d.sync += [lane.eq(0), count.eq(0)]
    with m.Elif(made & instruction.stationary):
        m.d.sync += [lanes.eq(joined), lane.eq(Mux(last, 0, lane + 1)), count.eq(count + last)]
    return made & instruction.stationary & last, instruction.weights + count, joined


def _array(
    m: Module,
    hardware: Hardware,
    instruction: View,
    stages: list[View],
    fetched: list[Signal],
    load: tuple[Value, Value, Value],
) -> Value:
    """The processing elements, and the sum that is drained."""
    if not hardware.macs:
        return fetched[0]
    at, now = hardware.addresses, stages[2]
    weights = Signal(hardware.columns * hardware.weight, name="fetched_weights")
    biases = Signal(hardware.columns * hardware.bias, name="fetched_biases")
    _memory(m, "weights", "weights", at.weights, (instruction.weights + stages[1].weight)[: at.weights], weights, load)
    _memory(m, "biases", "biases", at.biases, (instruction.biases + stages[1].bias)[: at.biases], biases)
    sums: list[Array] = []
    for row in range(hardware.rows):
        sums.append(Array(Signal(signed(hardware.sum), name=f"sum_{row}_{one}") for one in range(hardware.columns)))
        for column, one in enumerate(sums[row]):
            m.submodules[f"element_{row}_{column}"] = Instance(
                "processing_element",
                i_clk=ClockSignal(),
                i_rst=ResetSignal(),
                i_x=fetched[row],
                i_w=weights.word_select(column, hardware.weight),
                i_b=biases.word_select(column, hardware.bias),
                i_zero_x=instruction.zero_x,
                i_zero_w=instruction.zero_w,
                i_mac=instruction.mac,
                i_add=now.add,
                i_fresh=now.fresh,
                i_merge=now.merge,
                i_biasing=now.biasing,
                i_direct=now.direct,
                i_keep=now.keep,
                i_read_level=now.read_level,
                i_write_level=now.write_level,
                o_sum=one,
            )
    return Array(sums)[now.row][now.column]


def _count(
    m: Module, hardware: Hardware, control: Sequencer, stages: list[View], second: Signal, offset: Signal
) -> None:
    """Where the result goes, relative to z: one element behind the last one, or to the place of a row and a column."""
    counter = Signal(hardware.addresses.data, name="counter", reset_less=True)
    m.d.comb += offset.eq(counter)
    with m.If(control.restart):
        m.d.sync += counter.eq(0)
    with m.Elif(stages[3].element & stages[3].final):
        m.d.sync += counter.eq(counter + 1)
    if not hardware.macs:
        return
    targets = Array(
        Signal(hardware.addresses.data, name=f"target_{row}", reset_less=True) for row in range(hardware.rows)
    )
    for row, one in enumerate(targets):
        with m.If(stages[1].load & (stages[1].row == row)):
            m.d.sync += one.eq(second)
    along, drained = (Signal(hardware.addresses.data, name=name, reset_less=True) for name in ("along", "drained"))
    m.d.sync += [along.eq(second), drained.eq(targets[stages[2].row] + along)]
    with m.If(stages[3].drain):
        m.d.comb += offset.eq(drained)
