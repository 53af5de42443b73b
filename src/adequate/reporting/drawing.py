"""Formats and ranges as inline SVG, on one axis of binary weights: bit k stands at 2**k, large weights to the left."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log2

from markupsafe import Markup, escape

from adequate.formats import Format
from adequate.profiling import LOWEST_EXPONENT, Range
from adequate.reporting.anatomy import KINDS, bit_kinds, window

WIDTH = 336.0
"""Of every drawing, in its own units; the page scales it."""
CELL, BARS = 10.0, 44.0
"""Heights of a bit cell and of a histogram."""
FARTHEST = 24
"""Exponents an axis is stretched to for formats whose bits have no place on it; their spans may run out of it."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Binary weights from 2**top at the left edge down to 2**bottom at the right one."""

    top: int
    bottom: int

    @staticmethod
    def over(formats: Iterable[Format], ranges: Iterable[Range] = ()) -> "Axis":
        """The axis on which all formats and all but the rarest values have a place."""
        tops, bottoms = [1.0], [-1.0]
        for format in formats:
            kinds, top = bit_kinds(format)
            ends = window(format)
            if top is not None:
                tops.append(top + 1)
                bottoms.append(top + 1 - len(kinds))
            elif ends is not None:
                tops.append(min(log2(ends[1]), FARTHEST))
                bottoms.append(max(log2(ends[0]) - 1, -FARTHEST))
        for one in ranges:
            seen = sum(one.octaves)
            octaves = [LOWEST_EXPONENT - 1 + i for i, count in enumerate(one.octaves) if count > seen * 0.002]
            tops += [octave + 1 for octave in octaves]
            bottoms += octaves
        return Axis(ceil(max(tops)), floor(min(bottoms)))

    def x(self, exponent: float) -> float:
        """Where 2**exponent stands, the edges being the last places."""
        return min(max((self.top - exponent) * self.unit, 0.0), WIDTH)

    @property
    def unit(self) -> float:
        """Width of an octave."""
        return WIDTH / (self.top - self.bottom)

    def ticks(self) -> list[int]:
        """The exponents to label."""
        step = 2 ** max(0, ceil(log2((self.top - self.bottom) / 8)))
        return [exponent for exponent in range(self.bottom, self.top + 1) if exponent % step == 0]


def strip(format: Format, axis: Axis) -> Markup:
    """The bits of a format: each at its weight where it has one, else a word over the span of its values."""
    body = _cells(format, axis, y=3.0) + _point(axis, 0.0, CELL + 6)
    return _svg(body, CELL + 6, _words(format), "strip")


def scale(axis: Axis) -> Markup:
    """The axis alone, for the head of a table."""
    return _svg(_labels(axis, 9.0), 12.0, f"binary weights from 2^{axis.top} to 2^{axis.bottom}", "strip")


def panel(seen: Range, format: Format | None, axis: Axis) -> Markup:
    """The log2 histogram of a tensor over the bits of its format; what the format does not reach is set apart."""
    counts = [0] * (axis.top - axis.bottom)
    for i, count in enumerate(seen.octaves):
        counts[min(max(axis.top - (LOWEST_EXPONENT + i), 0), len(counts) - 1)] += count
    ends = window(format) if format is not None else None
    highest, lowest = (log2(ends[1]), log2(ends[0])) if ends else (float("inf"), float("-inf"))
    tallest = max(counts) or 1
    bars = {"": "", " beyond": "", " below": ""}
    for place, count in enumerate(counts):
        octave = axis.top - 1 - place
        kind = " beyond" if octave >= highest else " below" if octave < lowest - 1 else ""
        if count:
            height = max(BARS * count / tallest, 0.8)
            x, w = place * axis.unit + 0.5, axis.unit - 1
            bars[kind] += f"M{x:.1f} {BARS - height + 4:.1f}h{w:.1f}v{height:.1f}h{-w:.1f}z"
    body = ""
    if ends:
        left, right = axis.x(highest), axis.x(lowest)
        body += f'<rect class="window" x="{left:.1f}" y="0" width="{right - left:.1f}" height="{BARS + 4:.0f}"/>'
    body += "".join(f'<path class="bar{kind}" d="{path}"/>' for kind, path in bars.items() if path)
    body += f'<path class="line" d="M0 {BARS + 4.5:.1f}h{WIDTH:.0f}"/>'
    if format is not None:
        body += _cells(format, axis, y=BARS + 8)
    body += _point(axis, 0.0, BARS + CELL + 12) + _labels(axis, BARS + CELL + 22)
    described = f"histogram of log2 of magnitudes, format {_words(format) if format else 'float32'}"
    return _svg(body, BARS + CELL + 25, described, "panel")


def _cells(format: Format, axis: Axis, y: float) -> str:
    kinds, top = bit_kinds(format)
    ends = window(format)
    unit = axis.unit
    if top is not None:
        left = (axis.top - top - 1) * unit
    else:
        unit = min(unit, WIDTH / len(kinds))
        left = min(axis.x(log2(ends[1])) if ends else 0.0, WIDTH - unit * len(kinds))
    drawn = "".join(
        f'<rect class="bit {kind}" x="{left + i * unit + 0.5:.1f}" y="{y:.1f}" width="{unit - 1:.1f}" '
        f'height="{CELL:.0f}" rx="1"/>'
        for i, kind in enumerate(kinds)
    )
    if top is None and ends:
        x, right = axis.x(log2(ends[1])), axis.x(log2(ends[0]))
        drawn += f'<path class="span" d="M{x:.1f} {y + CELL + 1.5:.1f}H{max(right, x + 2):.1f}"/>'
    return drawn


def _point(axis: Axis, start: float, end: float) -> str:
    """The binary point: between 2**0 and 2**-1."""
    if not axis.bottom < 0 <= axis.top:
        return ""
    return f'<path class="point" d="M{axis.x(0):.1f} {start:.1f}V{end:.1f}"/>'


def _labels(axis: Axis, y: float) -> str:
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "".join(
        f'<text x="{axis.x(exponent):.1f}" y="{y:.1f}" text-anchor="{_anchor(axis, exponent)}">'
        f"2{str(exponent).translate(raised)}</text>"
        for exponent in axis.ticks()
    )


def _anchor(axis: Axis, exponent: int) -> str:
    return "start" if exponent == axis.top else "end" if exponent == axis.bottom else "middle"


def _words(format: Format) -> str:
    kinds, _ = bit_kinds(format)
    parts = (f"{kinds.count(kind)} {name}" for kind, name in KINDS.items() if kind in kinds)
    return f"{format}: {', '.join(parts)} bits"


def _svg(body: str, height: float, label: str, kind: str) -> Markup:
    """The one place where drawn marks, numbers all of them, become markup; ``label`` is escaped."""
    box = f"0 0 {WIDTH:.0f} {height:.0f}"
    return Markup(f'<svg class="{kind}" viewBox="{box}" role="img" aria-label="{escape(label)}">{body}</svg>')
