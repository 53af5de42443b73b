"""The area of a processing element, by synthesis."""

from pathlib import Path

from adequate.accelerators import Area, Clocked, Target, Yosys, synthesize
from adequate.exporters.verilog.hardware import Hardware
from adequate.operators import Tabulated


def synthesize_element(
    hardware: Hardware,
    *,
    target: Target = Target.CMOS,
    liberty: Path | None = None,
    yosys: Yosys | None = None,
) -> Area:
    """How large one processing element of the hardware is: ``processing_element.v`` as it is exported, by Yosys.

    Multipliers, adder, rounding and the flip-flops of its sums; no memory, no controller. See ``synthesize``, whose
    cache it shares.

    Raises:
        FileNotFoundError: Yosys or Amaranth is not installed.
        OSError, ValueError: as ``synthesize``; there is no processing element, or one of its multipliers is a table.
    """
    if not hardware.macs:
        raise ValueError("the hardware has no processing element: no layer of its programs sums products")
    for one in hardware.macs:
        if isinstance(one.multiplier, Tabulated):
            raise ValueError(f"{one.multiplier} is a table: there is no circuit to synthesize")
    try:
        from adequate.exporters.verilog.processing_element import processing_element
    except ModuleNotFoundError:
        raise FileNotFoundError("synthesis needs Amaranth: pip install 'adequate[synthesis]'") from None
    element = Clocked("processing_element", processing_element(hardware))
    return synthesize(element, target=target, liberty=liberty, yosys=yosys)
