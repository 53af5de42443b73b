"""What an export's README and Makefile say."""

from collections.abc import Iterator, Mapping

from adequate.exporters.names import plain_text
from adequate.exporters.verilog.assembly import Assembly, Pass
from adequate.exporters.verilog.cycles import cycles
from adequate.exporters.verilog.hardware import Function, Hardware, Mac, RoundingKind

MAKEFILE = """\
# make check simulates with Icarus Verilog, make check-verilator with Verilator.
SOURCES := $(wildcard *.v)
OPTIONS := --binary --timing -O3 -Wno-fatal -Wno-lint --top-module testbench

.PHONY: check check-verilator clean

check: build/icarus
\tvvp -n $< > build/report; cat build/report; grep -q "^0 mismatches" build/report

check-verilator: build/verilator/simulation
\t./$< > build/report; cat build/report; grep -q "^0 mismatches" build/report

build/icarus: $(SOURCES)
\tmkdir -p build
\tiverilog -g2012 -s testbench -o $@ $(SOURCES)

build/verilator/simulation: $(SOURCES)
\tmkdir -p build
\tverilator $(OPTIONS) -Mdir build/verilator -o simulation $(SOURCES)

clean:
\trm -rf build
"""

_TEXT = """\
# A network in Verilog

`machine.v` runs the network from the memory images in `memory/`: an array of {rows} x {columns} processing elements
(rows are output positions, columns output channels, each element keeps the sum of one output: output stationary), a
unit for everything else, one result a cycle, and a controller. `make check` simulates it with Icarus Verilog,
`make check-verilator` with Verilator: every layer's output, on {images} image(s), against the integers expected.

| | |
| --- | --- |
| activation | {word} bits, two's complement: the widest number that is stored |
| sum in a processing element | {sum} bits |
| weight, bias | {weight} bits, {bias} bits |
| multipliers and sums | {macs} |
| roundings | {roundings} |
| other functions | {functions} |
| data memory | {data} words, {ports} copies that are read at once |
| weight memory | {weights} words of {columns} weights |
| index, parameter, instruction memory | {indices}, {parameters}, {instructions} words |

The Verilog depends on word lengths, operators and the sizes of memories alone. Layers, shapes, weights, thresholds and
factors are in the images, so that networks share it. Padding is a copy of its own (`MOVE`), and a product whose sum
only a rounding reads is rounded on its way to memory (`ROUND`). A reshape moves nothing: what it gives is compared
where it was made.

## What it does, and how long

A cycle is one element fetched, one addition in every processing element, or one result; `cycles` follows from the
sizes, and the simulation counts the same. Results hold integers from `low` to `high`.

| layer | in Verilog | step | function | results | of elements | columns | low | high | cycles |
| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
{passes}

| layer | cycles |
| --- | ---: |
{layers}
| all | {total} |
"""


def readme(assembly: Assembly, hardware: Hardware, names: Mapping[str, str], images: int) -> str:
    """The README of an export."""
    layers: dict[str, int] = {}
    for one in assembly.passes:
        layers[one.step.layer] = layers.get(one.step.layer, 0) + _cycles(assembly, one)
    sizes = {f"{name}": f"{2**bits}" for name, bits in hardware.addresses._asdict().items()}
    return _TEXT.format(
        rows=hardware.rows,
        columns=hardware.columns,
        images=images,
        word=hardware.word,
        sum=hardware.sum,
        weight=hardware.weight,
        bias=hardware.bias,
        macs="; ".join(map(_mac, hardware.macs)) or "none",
        roundings="; ".join(map(_rounding, hardware.roundings)) or "none",
        functions=", ".join(one.name for one in sorted(hardware.functions) if one is not Function.ROUND),
        ports=hardware.ports,
        passes="\n".join(_rows(assembly, names)),
        layers="\n".join(f"| {plain_text(layer)} | {count} |" for layer, count in layers.items()),
        total=sum(layers.values()),
        **sizes,
    )


def _rows(assembly: Assembly, names: Mapping[str, str]) -> Iterator[str]:
    for one in assembly.passes:
        told = one.instruction
        ends = ["", ""] if one.value is None else map(str, assembly.program.values[one.value].range)
        row = [
            plain_text(one.step.layer),
            names.get(one.step.layer, ""),
            type(one.step).__name__,
            f"product, {told.function.name}" if told.product else told.function.name,
            *map(str, (told.outer, told.inner, told.columns or "")),
            *ends,
            str(_cycles(assembly, one)),
        ]
        yield f"| {' | '.join(row)} |"


def _cycles(assembly: Assembly, one: Pass) -> int:
    return cycles(one.instruction, assembly.rows, assembly.columns)


def _mac(mac: Mac) -> str:
    multiplier = "exact" if mac.multiplier is None else plain_text(mac.multiplier)
    if mac.sum is None:
        return f"{multiplier}, exact sum"
    rounder = mac.sum.rounder
    kind = f", {plain_text(mac.sum.adder)}" if mac.sum.adder else ", compensated" if mac.sum.compensated else ""
    return f"{multiplier}, sum rounded to {rounder.low} .. {rounder.high} ({_rounding(RoundingKind.of(rounder))}{kind})"


def _rounding(kind: RoundingKind) -> str:
    then = kind.overflow.value if kind.underflow is None else f"float, underflow {kind.underflow.value}"
    return f"{kind.rounding.value}, {then}"
