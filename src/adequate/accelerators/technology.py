"""What an addition, a multiplication and a byte of memory cost in a process, each constant with its source.

Marks as in the sources' own records: a constant is ``verified`` where it was read in the named source, otherwise it is
quoted from memory or assumed, and says so.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    """A number with its unit and where it was published."""

    value: float
    unit: str
    source: str
    verified: bool = True

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit} ({self.source}{'' if self.verified else '; not verified'})"


@dataclass(frozen=True, slots=True)
class Sram:
    """Energies of one size of memory, a word of ``port_bits`` at a time."""

    size_bytes: int
    read_pj: float
    write_pj: float
    leakage_mw: float
    area_mm2: float
    port_bits: int = 32


CACTI_45 = tuple(
    Sram(*row)
    for row in (
        (128, 0.684, 0.925, 0.250, 0.00150),
        (1024, 1.133, 3.296, 1.789, 0.00882),
        (2048, 1.903, 3.639, 3.230, 0.01513),
        (4096, 3.430, 4.310, 7.302, 0.03006),
        (8192, 6.392, 5.563, 13.694, 0.05751),
        (16384, 9.982, 8.421, 27.127, 0.10858),
    )
)
"""CACTI at 45 nm, 32-bit port: rows of hsharma35/bitfusion@04ec1c8 (verified there)."""

CACTI_SOURCE = "CACTI 45 nm, 32-bit port, rows of hsharma35/bitfusion@04ec1c8"
