"""Listed multipliers with what synthesis makes of their circuits."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adequate.accelerators import Yosys
    from adequate.cli.progress import Progress
    from adequate.operators import Multiplier
    from adequate.operators.listing import Listed
    from adequate.operators.published import Published


def synthesized(
    rows: "Sequence[Listed]", multipliers: "Sequence[Multiplier | Published]", progress: "Progress"
) -> "tuple[list[Listed], str | None, dict[str, str]]":
    """The rows, their circuits synthesized; name and version of the tool; and a line that says it.

    Without the tool the rows are as they were, and the line says what is missing.
    """
    from adequate.accelerators import Yosys

    try:
        yosys = Yosys.installed()
        progress.stage(f"synthesis by {yosys.version}, seconds each, once")
        made: list[Listed] = []
        for row, multiplier in zip(rows, multipliers, strict=True):
            made.append(_filled(row, multiplier, yosys))
            progress.advance("multipliers", len(made), len(rows))
    except FileNotFoundError as error:
        return list(rows), None, {"synthesized by": f"nothing: {error}"}
    return made, yosys.version, {"synthesized by": yosys.version}


def _filled(row: "Listed", multiplier: "Multiplier | Published", yosys: "Yosys") -> "Listed":
    from adequate.accelerators import Target, synthesize
    from adequate.operators import Multiplier, Tabulated

    if isinstance(multiplier, Tabulated) or not isinstance(multiplier, Multiplier):
        return row
    circuit = multiplier.circuit()
    fpga, gates, cmos = (
        synthesize(circuit, target=target, yosys=yosys) for target in (Target.FPGA, Target.GATES, Target.CMOS)
    )
    return replace(row, luts=fpga.luts, mapped_gates=gates.gates, transistors=cmos.transistors)
