"""A list of multipliers as one static HTML page: error against cost, and all figures."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from adequate.operators.listing import COSTS, Listed
from adequate.reporting.marks import BLUE, MUTED, OCHRE, Data, note, styled
from adequate.reporting.page import write_page

HEADS = {
    "ep": "EP, %",
    "mae": "MAE",
    "nmed": "NMED",
    "mred": "MRED, %",
    "wce": "WCE",
    "wcre": "WCRE, %",
    "mse": "MSE",
    "bias": "bias",
    "variance": "variance",
    "nm": "NM",
    "na": "NA",
    "power_mw": "power, mW",
    "area_um2": "area, μm²",
    "delay_ns": "delay, ns",
    "gates": "gates as written",
    "luts": "LUTs",
    "mapped_gates": "gates",
    "transistors": "transistors",
}
"""What a figure is called above its column, with its unit."""

AXES = {
    "power_mw": ("power, mW", "Power, published"),
    "area_um2": ("area, μm²", "Area, published"),
    "delay_ns": ("delay, ns", "Delay, published"),
    "gates": ("two-input gates", "Gates as written"),
    "luts": ("6-input look-up tables", "Look-up tables, synthesized"),
    "mapped_gates": ("two-input gates", "Gates, synthesized"),
    "transistors": ("transistors", "Transistors, synthesized"),
}
"""What a cost is called on its axis, and above its figure."""

EDGE = 2.0
"""How far below the smallest error, as a factor, multipliers without an error are drawn."""


def multipliers_page(
    rows: Sequence[Listed],
    path: str | Path,
    *,
    title: str,
    about: Mapping[str, str],
) -> None:
    """Writes a page that needs no network and no server: mean absolute error against every cost that is known.

    ``about`` says what was measured, in words. The numbers are in the page as JSON too, under the id ``adequate-data``.

    Raises:
        OSError: the file cannot be written; what was there before stays.
        ValueError: no multiplier has a cost that is known.
    """
    known = [cost for cost in COSTS if any(getattr(row, cost) is not None for row in rows)]
    if not known:
        raise ValueError("no multiplier in the list has a cost to draw its error against")
    figures = {cost: json.loads(str(_figure(rows, cost).to_json())) for cost in known}
    columns = [name for name in HEADS if name not in COSTS or name in known]
    write_page(
        "multipliers.html.j2",
        path,
        title=title,
        about=about,
        heads={cost: AXES[cost][1] for cost in known},
        heads_of_columns=[HEADS[name] for name in columns],
        rows=[(row.name, [shown(name, row.figures()[name]) for name in columns]) for row in rows],
        data={"adequate_multipliers": 1, "title": title, **about, "multipliers": [_plain(row) for row in rows]},
        figures=figures,
    )


def shown(name: str, value: float | None) -> str:
    """A figure as tables have it, in the unit of its head.

    >>> shown("ep", 0.0625), shown("mse", 5576768.0), shown("bias", -0.125), shown("gates", None)
    ('6.25', '5,576,768', '-0.125', '-')
    """
    if value is None:
        return "-"
    value *= 100 if HEADS[name].endswith("%") else 1
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e8 else f"{value:.4g}"


def front(rows: Sequence[Listed], cost: str) -> list[Listed]:
    """Those of known cost that no other beats in both, cheapest first: less error at no more cost, or the reverse."""
    best: list[Listed] = []
    for row in sorted(
        (r for r in rows if getattr(r, cost) is not None), key=lambda r: (getattr(r, cost), r.errors.mae)
    ):
        if not best or row.errors.mae < best[-1].errors.mae:
            best.append(row)
    return best


def _figure(rows: Sequence[Listed], cost: str) -> go.Figure:
    drawn = [row for row in rows if getattr(row, cost) is not None]
    wrong = [row.errors.mae for row in drawn if row.errors.mae > 0]
    edge = min(wrong, default=1.0) / EDGE

    def places(some: Sequence[Listed]) -> Data:
        return {
            "x": [getattr(row, cost) for row in some],
            "y": [row.errors.mae or edge for row in some],
            "hovertext": [_hover(row) for row in some],
            "hoverinfo": "text",
        }

    best = front(drawn, cost)
    figure = go.Figure()
    others = [row for row in drawn if row not in best and row.errors.mae]
    exact = [row for row in drawn if not row.errors.mae]
    figure.add_scatter(
        **places(best), name="none better in both", mode="lines", line={"shape": "hv", "width": 1.2, "color": BLUE}
    )
    marks = (
        ("front", [row for row in best if row.errors.mae], {"size": 9, "color": BLUE}),
        ("others", others, {"size": 7, "color": MUTED, "opacity": 0.7}),
        ("no error", exact, {"size": 9, "symbol": "triangle-down", "color": OCHRE}),
    )
    for name, some, look in marks:
        if some:
            figure.add_scatter(**places(some), name=name, mode="markers", marker=look, cliponaxis=False)
    figure.update_traces(selector={"mode": "lines"}, hoverinfo="skip", showlegend=False)
    figure.update_yaxes(type="log", exponentformat="power", dtick=1)
    figure.update_xaxes(title_text=AXES[cost][0], rangemode="tozero")
    note(figure, text="mean absolute error", x=0, xref="paper", xanchor="left", y=1, yref="paper")
    return styled(figure, height=380)


def _hover(row: Listed) -> str:
    """Name and figures; the name is escaped, for Plotly reads tags."""
    lines = [f"<b>{escape(row.name)}</b>"]
    for name, value in row.figures().items():
        if value is not None:
            label, _, unit = HEADS[name].partition(", ")
            lines.append(f"{label} {shown(name, value)} {unit}".rstrip())
    return "<br>".join(lines)


def _plain(row: Listed) -> dict[str, Any]:
    return {"name": row.name, **row.figures()}
