"""Which results of the machine are compared: every layer's output."""

from dataclasses import dataclass
from math import prod

from adequate.exporters.verilog.assembly import Assembly


@dataclass(frozen=True)
class Check:
    """A layer's output, ``size`` elements of an image's expected values from ``begin`` on."""

    layer: str
    value: str
    size: int
    begin: int


def checks_of(assembly: Assembly) -> tuple[Check, ...]:
    """One for each layer whose output the machine makes.

    A layer that moves nothing (a reshape) has the output of the one before it, which is compared once.
    """
    made = dict.fromkeys(one.value for one in assembly.passes if one.value is not None)
    found: dict[str, Check] = {}
    begin = 0
    for layer, name in assembly.program.layers.items():
        value = assembly.same.get(name, name)
        if value in made and value not in found:
            found[value] = Check(layer, value, prod(assembly.program.values[value].shape), begin)
            begin += found[value].size
    return tuple(found.values())
