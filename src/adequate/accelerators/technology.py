"""What an addition, a multiplication and a bit of memory cost in a process, each constant with its source.

Marks as in the sources' own records: a constant is ``verified`` where it was read in the named source, otherwise it is
quoted from memory or assumed, and says so.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import log2


@dataclass(frozen=True, slots=True)
class Constant:
    """A number with its unit and where it was published."""

    value: float
    unit: str
    source: str
    verified: bool = True

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit} ({self.source}{'' if self.verified else '; not verified'})"

    def __mul__(self, factor: float) -> "Constant":
        return replace(self, value=factor * self.value)


@dataclass(frozen=True, slots=True)
class Sram:
    """Energies of one size of memory, a word of ``port_bits`` at a time."""

    size_bytes: int
    read_pj: float
    write_pj: float
    leakage_mw: float | None = None
    area_mm2: float | None = None
    port_bits: int = 32
    source: str = ""
    verified: bool = True

    def __mul__(self, factor: float) -> "Sram":
        """The same memory where reading and writing take ``factor`` times the energy; leakage and area unknown."""
        energies = {"read_pj": factor * self.read_pj, "write_pj": factor * self.write_pj}
        return replace(self, **energies, leakage_mw=None, area_mm2=None)


@dataclass(frozen=True, slots=True)
class Technology:
    """A process: energies of integer arithmetic, of memories on the chip by size, and off the chip.

    The energy of an addition is linear in its width and that of a product in the product of its widths: the lines
    through the 8-bit and the 32-bit constants (assumed between and beyond). Memories are interpolated in the logarithm
    of their size and refused outside the rows.
    """

    name: str
    add_8: Constant
    add_32: Constant
    multiply_8: Constant
    multiply_32: Constant
    float_mac: Constant
    """A product and an addition of float32."""
    link: Constant
    """One bit from a processing element to its neighbour."""
    dram: Constant
    """One bit off the chip."""
    memories: tuple[Sram, ...]
    """Rows by size, smallest first."""

    def add_pj(self, bits: float) -> float:
        """An addition of integers of ``bits`` bits, in pJ."""
        return _line(bits, (8, self.add_8.value), (32, self.add_32.value))

    def multiply_pj(self, a_bits: float, b_bits: float) -> float:
        """A product of integers, in pJ."""
        return _line(a_bits * b_bits, (8 * 8, self.multiply_8.value), (32 * 32, self.multiply_32.value))

    def mac_pj(self, a_bits: float, b_bits: float) -> float:
        """A product and its addition to a sum, which is taken to be as wide as the product (assumed), in pJ."""
        return self.multiply_pj(a_bits, b_bits) + self.add_pj(a_bits + b_bits)

    def sram_pj(self, size_bytes: float, bits: float, *, write: bool = False) -> float:
        """``bits`` bits read from a memory of this size, or written to it, in pJ.

        Raises:
            ValueError: there is no constant for memories so small or so large.
        """
        energies = [(one.size_bytes, (one.write_pj if write else one.read_pj) / one.port_bits) for one in self.memories]
        if not energies[0][0] <= size_bytes <= energies[-1][0]:
            raise ValueError(
                f"{self.name} has no energy of a memory of {size_bytes:.0f} bytes; its rows are of"
                f" {energies[0][0]} to {energies[-1][0]} bytes"
            )
        for (small, low), (large, high) in pairwise(energies):
            if size_bytes <= large:
                return bits * _line(log2(size_bytes), (log2(small), low), (log2(large), high))
        return bits * energies[-1][1]

    @property
    def dram_pj_per_bit(self) -> float:
        """One bit off the chip, in pJ."""
        return self.dram.value

    def scaled(self, name: str, *, nm: float, to_nm: float, volts: float, to_volts: float) -> "Technology":
        """The same circuits in another process: energies times to_nm / nm * (to_volts / volts)^2, but for the DRAM.

        Capacitance is taken to go with the feature size and energy with capacitance times voltage squared (Dennard's
        scaling, assumed); leakage is not scaled.
        """
        factor = to_nm / nm * (to_volts / volts) ** 2
        return replace(
            self,
            name=name,
            add_8=self.add_8 * factor,
            add_32=self.add_32 * factor,
            multiply_8=self.multiply_8 * factor,
            multiply_32=self.multiply_32 * factor,
            float_mac=self.float_mac * factor,
            link=self.link * factor,
            memories=tuple(one * factor for one in self.memories),
        )

    def constants(self) -> dict[str, Constant]:
        """Every constant by name, each with its source."""
        found = {
            "addition, 8 bits": self.add_8,
            "addition, 32 bits": self.add_32,
            "product, 8 x 8 bits": self.multiply_8,
            "product, 32 x 32 bits": self.multiply_32,
            "MAC of float32": self.float_mac,
            "hop between neighbours": self.link,
            "DRAM": self.dram,
        }
        for one in self.memories:
            unit = f"pJ/{one.port_bits} bits"
            found[f"read of {one.size_bytes} B"] = Constant(one.read_pj, unit, one.source, one.verified)
        return found


def _line(x: float, a: tuple[float, float], b: tuple[float, float]) -> float:
    return a[1] + (x - a[0]) * (b[1] - a[1]) / (b[0] - a[0])


_CACTI = "CACTI, rows of github hsharma35/bitfusion@04ec1c8"
CACTI_45 = tuple(
    Sram(*row, source=_CACTI)
    for row in (
        (128, 0.684, 0.925, 0.250, 0.00150),
        (1024, 1.133, 3.296, 1.789, 0.00882),
        (2048, 1.903, 3.639, 3.230, 0.01513),
        (4096, 3.430, 4.310, 7.302, 0.03006),
        (8192, 6.392, 5.563, 13.694, 0.05751),
        (16384, 9.982, 8.421, 27.127, 0.10858),
    )
)
"""CACTI at 45 nm, 32-bit port: size, read and write in pJ, leakage in mW, area in mm2."""

_ISSCC = "Horowitz, ISSCC 2014, fig. 1.1.9, 45 nm, 0.9 V"
HOROWITZ_CACHES = tuple(
    Sram(size, energy, energy, port_bits=64, source=f"{_ISSCC}, caches", verified=False)
    for size, energy in ((32 << 10, 20), (1 << 20, 100))
)
"""Two caches at 45 nm, a write taken as a read (assumed); the 8 KB one, 10 pJ, has a CACTI row that says 12.8."""

HOROWITZ_DRAM = Constant(20, "pJ/bit", "Horowitz, ISSCC 2014: 640 pJ for 32 bits")
HBM2 = Constant(3.97, "pJ/bit", "HBM2, O'Connor et al., MICRO 2017, as quoted in a public repository", verified=False)
GDDR5 = Constant(14, "pJ/bit", "GDDR5, O'Connor et al., MICRO 2017, as quoted in a public repository", verified=False)
BITFUSION_DRAM = Constant(15, "pJ/bit", "github hsharma35/bitfusion@04ec1c8, code; its comment says 6")

HOROWITZ_45 = Technology(
    "horowitz_45",
    add_8=Constant(0.03, "pJ", _ISSCC),
    add_32=Constant(0.1, "pJ", _ISSCC),
    multiply_8=Constant(0.2, "pJ", _ISSCC),
    multiply_32=Constant(3.1, "pJ", _ISSCC),
    float_mac=Constant(4.6, "pJ", f"{_ISSCC}: 3.7 and 0.9"),
    link=Constant(0.06, "pJ/bit", "assumed: twice a read of 512 B, as in Eyeriss", verified=False),
    dram=HOROWITZ_DRAM,
    memories=CACTI_45 + HOROWITZ_CACHES,
)
"""45 nm, 0.9 V."""

_EYERISS = "Eyeriss, Chen et al., ISCA 2016: MAC 1, register file 1, array 2, buffer 6, DRAM 200, a word of 16 bits"
_CHIP = "github stanford-mast/nn_dataflow@198a527, test of the 65 nm chip: 2, 1, 4, 15, 460 pJ, a word of 16 bits"


def _hierarchy(
    name: str, source: str, *, mac: float, register: float, link: float, buffer: float, dram: float
) -> Technology:
    """A process of which the energies of a 16-bit MAC and of 16-bit words are known, by level of the hierarchy.

    Additions, products and floats stand to the MAC as at 45 nm, a memory between register file and buffer is
    interpolated, and their sizes are 0.5 to 1 KiB and 100 to 512 KiB (all assumed).
    """
    share = mac / HOROWITZ_45.mac_pj(16, 16)
    told = f"{source}; split as at 45 nm, assumed"
    at_45 = HOROWITZ_45
    arithmetic = (at_45.add_8, at_45.add_32, at_45.multiply_8, at_45.multiply_32, at_45.float_mac)
    sizes = ((512, register), (1024, register), (100 << 10, buffer), (512 << 10, buffer))
    return Technology(
        name,
        *(Constant(share * one.value, "pJ", told, verified=False) for one in arithmetic),
        link=Constant(link / 16, "pJ/bit", source),
        dram=Constant(dram / 16, "pJ/bit", source),
        memories=tuple(Sram(size, energy, energy, port_bits=16, source=source) for size, energy in sizes),
    )


EYERISS_NORMALISED = _hierarchy("eyeriss_normalised", _EYERISS, mac=1, register=1, link=2, buffer=6, dram=200)
"""Energies in 16-bit multiply-accumulates: what a machine calls pJ is then such a MAC's energy."""

TSMC_65 = _hierarchy("tsmc_65", _CHIP, mac=2, register=1, link=4, buffer=15, dram=460)
"""65 nm, 200 MHz; by its source within 0.6 to 1.0 of the power measured on the chip. The static 30 mW are left out."""

TECHNOLOGIES = (
    HOROWITZ_45,
    replace(HOROWITZ_45, name="horowitz_45_hbm2", dram=HBM2),
    replace(HOROWITZ_45, name="horowitz_45_gddr5", dram=GDDR5),
    replace(HOROWITZ_45, name="horowitz_45_bitfusion", dram=BITFUSION_DRAM),
    EYERISS_NORMALISED,
    TSMC_65,
)
"""What can be asked for by name."""
