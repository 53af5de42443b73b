"""What is drawn of a format is what the format is."""

import re
from math import log2

import pytest
import torch

from adequate.formats import (
    E2M1,
    E4M3,
    E5M2,
    Binary,
    Codebook,
    Fixed,
    Format,
    Minifloat,
    PowerOfTwo,
    Scaled,
    SharedExponent,
    Ternary,
    Underflow,
)
from adequate.profiling import Range
from adequate.reporting.anatomy import below, beyond, bit_kinds, window
from adequate.reporting.drawing import BARS, WIDTH, Axis, panel, strip

WEIGHTED = [
    Fixed(8, 4),
    Fixed(8, 4, signed=False),
    Fixed(4, -2),
    Fixed(3, 7),
    Fixed(1, 0, signed=False),
    Scaled(Fixed(6, 0), 0.25),
    Scaled(Fixed(6, 0), 0.75),
]
OTHERS = [
    E4M3,
    E5M2,
    E2M1,
    Minifloat(4, 3, underflow=Underflow.FLUSH),
    Minifloat(3, 2, underflow=Underflow.NEAREST),
    PowerOfTwo(4),
    PowerOfTwo(4, zero=True),
    Binary(),
    Ternary(),
    Codebook((-0.5, 0.25, 4.0)),
    Scaled(Binary(), 0.375),
    Scaled(E2M1, (0.5, 0.125), axis=0),
]


@pytest.mark.parametrize("format", WEIGHTED, ids=str)
def test_a_bit_stands_at_the_value_of_its_code(format: Format) -> None:
    """The code with one bit set alone has the bit's weight (the sign's in two's complement, so by magnitude)."""
    kinds, top = bit_kinds(format)
    assert top is not None
    assert len(kinds) == format.bits
    for place, kind in enumerate(kinds):
        code = 1 << (format.bits - 1 - place)
        value = format.decode(code if code in format.word else code - 2**format.bits)
        assert log2(abs(value)) == pytest.approx(top - place, abs=1e-12)
        assert (kind == "s") == (value < 0)
        assert kind == "s" or (kind == "i") == (abs(value) >= 1)


@pytest.mark.parametrize("format", WEIGHTED + OTHERS, ids=str)
def test_the_window_is_over_the_values(format: Format) -> None:
    values: list[float] = []
    for one in [format.channel(i) for i in range(2)] if isinstance(format, Scaled) and format.axis == 0 else [format]:
        for code in one.word:
            try:
                values.append(abs(float(one.decode(code))))
            except ValueError:  # NaN or infinity
                assert format in (E4M3, E5M2)
    assert window(format) == (min(value for value in values if value), max(values))


def test_a_window_that_depends_on_data_is_none() -> None:
    assert window(Scaled(E2M1, SharedExponent(32), axis=-1)) is None


@pytest.mark.parametrize("format", [Fixed(4, 2), Fixed(6, -1), PowerOfTwo(3), Minifloat(3, 1)], ids=str)
def test_shares_are_counted(format: Format) -> None:
    x = torch.randn(1000, generator=torch.Generator().manual_seed(0)) * 4
    x[:100] = 0
    smallest, largest = window(format) or (0.0, 0.0)
    octave = 2.0 ** (-(-log2(largest) // 1))
    assert beyond(Range.of(x), format) == pytest.approx(float((x.abs() >= octave).double().mean()), abs=1e-9)
    lost = (x.abs() < smallest / 2) & (x != 0)
    assert below(Range.of(x), format) == pytest.approx(float(lost.double().mean()), abs=1e-9)


def bars(svg: str, kind: str) -> list[tuple[float, float]]:
    """Left edge and height of each bar of a kind."""
    found = re.search(rf'<path class="{kind}" d="([^"]*)"', svg)
    places = re.findall(r"M([\d.]+) [\d.]+h[\d.]+v([\d.]+)h", found[1]) if found else []
    return [(float(x), float(height)) for x, height in places]


def test_bars_stand_over_the_bits_of_their_octave() -> None:
    """fixed(4,2) reaches 2**-2 to 2: 3 is beyond, 0.1 below half a step, 0.2 is rounded to a step."""
    x = torch.tensor([3.0, 1.5, 1.2, 1.1, 1.9, 0.2, 0.1, 0.1])
    svg = str(panel(Range.of(x), Fixed(4, 2), Axis(3, -5)))
    unit = WIDTH / 8  # octaves 2**2..2**3 down to 2**-5..2**-4, from the left
    assert bars(svg, "bar beyond") == [(round(1 * unit + 0.5, 1), BARS / 4)]
    assert bars(svg, "bar") == [(round(2 * unit + 0.5, 1), BARS), (round(5 * unit + 0.5, 1), BARS / 4)]
    assert bars(svg, "bar below") == [(round(6 * unit + 0.5, 1), BARS / 2)]
    cells = re.findall(r'<rect class="bit (\w)" x="([\d.]+)"', svg)
    assert cells == [(kind, f"{(i + 1) * unit + 0.5:.1f}") for i, kind in enumerate("siff")]
    shaded = re.search(r'class="window" x="([\d.]+)" y="0" width="([\d.]+)"', svg)
    assert shaded is not None
    assert (float(shaded[1]), float(shaded[2])) == (2 * unit, 3 * unit)


def test_values_off_the_axis_are_in_its_outermost_bars() -> None:
    svg = str(panel(Range.of(torch.tensor([100.0, 1.0, 2.0**-20])), None, Axis(2, -2)))
    assert [x for x, _ in bars(svg, "bar")] == [0.5, WIDTH / 4 + 0.5, 3 * WIDTH / 4 + 0.5]


def test_an_axis_holds_its_formats() -> None:
    formats = [Fixed(8, 4), Fixed(4, 9), E4M3]
    axis = Axis.over(formats)
    for format in formats:
        for _, x, width in re.findall(
            r'<rect class="bit (\w)" x="([\d.-]+)" y="[\d.]+" width="([\d.]+)"', strip(format, axis)
        ):
            assert 0 <= float(x) <= float(x) + float(width) <= WIDTH
    assert Axis.over([Fixed(64, 60), Minifloat(8, 23)]) == Axis(24, -60)
    assert all(2 <= len(Axis(top, -5).ticks()) <= 9 for top in range(1, 200))


def test_what_is_drawn_is_said() -> None:
    assert 'aria-label="fixed(8,4): 1 sign, 3 integer, 4 fraction bits"' in strip(Fixed(8, 4), Axis(4, -4))
    assert 'aria-label="float(4,3,specials=nan): 1 sign, 4 exponent, 3 mantissa bits"' in strip(E4M3, Axis(9, -9))
