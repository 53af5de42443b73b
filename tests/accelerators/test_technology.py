"""Energies of a process: published points, lines between them, refusals."""

from fractions import Fraction
from itertools import pairwise

import pytest

from adequate.accelerators.technology import (
    CACTI_45,
    EYERISS_NORMALISED,
    HOROWITZ_45,
    TECHNOLOGIES,
    TSMC_65,
    Technology,
)


@pytest.mark.parametrize(("bits", "published"), [(8, 0.03), (32, 0.1)])
def test_additions_go_through_the_published_points(bits: int, published: float) -> None:
    assert HOROWITZ_45.add_pj(bits) == pytest.approx(published, rel=1e-12)


@pytest.mark.parametrize(("bits", "published"), [(8, 0.2), (32, 3.1)])
def test_products_go_through_the_published_points(bits: int, published: float) -> None:
    assert HOROWITZ_45.multiply_pj(bits, bits) == pytest.approx(published, rel=1e-12)


def test_sixteen_bits_lie_near_the_quoted_addition_and_product() -> None:
    assert HOROWITZ_45.add_pj(16) == pytest.approx(0.05, rel=0.1)
    assert HOROWITZ_45.multiply_pj(16, 16) == pytest.approx(1.0, rel=0.25)  # quoted in one public repository only


@pytest.mark.parametrize("technology", TECHNOLOGIES, ids=lambda one: one.name)
def test_wider_and_larger_takes_more(technology: Technology) -> None:
    widths = range(1, 65)
    for energies in (
        [technology.add_pj(bits) for bits in widths],
        [technology.multiply_pj(bits, 8) for bits in widths],
        [technology.multiply_pj(bits, bits) for bits in widths],
    ):
        assert energies[0] > 0
        assert energies == sorted(set(energies))
    first, last = technology.memories[0].size_bytes, technology.memories[-1].size_bytes
    sizes = [first + (last - first) * step // 50 for step in range(51)]
    reads = [technology.sram_pj(size, 16) for size in sizes]
    assert all(low <= high * (1 + 1e-12) for low, high in pairwise(reads))


def test_memories_are_their_rows_and_lie_between_them() -> None:
    for row in CACTI_45:
        assert HOROWITZ_45.sram_pj(row.size_bytes, 32) == pytest.approx(row.read_pj, rel=1e-12)
        assert HOROWITZ_45.sram_pj(row.size_bytes, 64, write=True) == pytest.approx(2 * row.write_pj, rel=1e-12)
    middle = (Fraction("1.133") + Fraction("0.684")) / 2  # 362.04 is the geometric mean of 128 and 1024
    assert HOROWITZ_45.sram_pj((128 * 1024) ** 0.5, 32) == pytest.approx(float(middle), rel=1e-12)


@pytest.mark.parametrize("size", [127, (1 << 20) + 1])
def test_memories_outside_the_rows_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=rf"no energy of a memory of {size} bytes; its rows are of 128 to 1048576"):
        HOROWITZ_45.sram_pj(size, 16)


@pytest.mark.parametrize(
    ("technology", "levels"), [(EYERISS_NORMALISED, (1, 1, 2, 6, 200)), (TSMC_65, (2, 1, 4, 15, 460))]
)
def test_a_hierarchy_has_its_published_levels(technology: Technology, levels: tuple[float, ...]) -> None:
    found = (
        technology.mac_pj(16, 16),
        technology.sram_pj(512, 16),
        16 * technology.link.value,
        technology.sram_pj(108 << 10, 16),
        16 * technology.dram_pj_per_bit,
    )
    assert found == pytest.approx(levels, rel=1e-12)


def test_scaling_multiplies_all_but_the_dram() -> None:
    half = HOROWITZ_45.scaled("22", nm=45, to_nm=22.5, volts=0.9, to_volts=0.9)
    low = HOROWITZ_45.scaled("low", nm=45, to_nm=45, volts=0.9, to_volts=0.45)
    for scaled, factor in ((half, 1 / 2), (low, 1 / 4)):
        assert scaled.add_pj(12) == pytest.approx(factor * HOROWITZ_45.add_pj(12), rel=1e-12)
        assert scaled.float_mac.value == pytest.approx(factor * (0.9 + 3.7), rel=1e-12)
        assert scaled.multiply_pj(5, 7) == pytest.approx(factor * HOROWITZ_45.multiply_pj(5, 7), rel=1e-12)
        assert scaled.sram_pj(3000, 16) == pytest.approx(factor * HOROWITZ_45.sram_pj(3000, 16), rel=1e-12)
        assert scaled.dram_pj_per_bit == HOROWITZ_45.dram_pj_per_bit


def test_every_constant_tells_its_source() -> None:
    for technology in TECHNOLOGIES:
        assert all(constant.source for constant in technology.constants().values())
    names = [technology.name for technology in TECHNOLOGIES]
    assert len(set(names)) == len(names)
