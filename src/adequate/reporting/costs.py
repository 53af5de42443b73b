"""What a network costs on several accelerators, as one static HTML page."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from itertools import cycle
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from adequate.accelerators import Cost, total
from adequate.accelerators.cost import FIGURES
from adequate.accelerators.technology import Constant
from adequate.reporting.marks import BLUE, DEEP, MUTED, OCHRE, Data, note, styled
from adequate.reporting.page import write_page

HEADS = {
    "roofline": "Every layer under the roof",
    "cycles": "Cycles, layer by layer",
    "energy": "Energy, part by part",
    "work": "Work that values leave",
}
"""Headings of the figures."""

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon", "pentagon", "triangle-down")
"""Marks of the machines in one figure."""

SHADES = (BLUE, DEEP, OCHRE, "var(--sky)", "var(--slate)", MUTED)
"""Colours of the parts of a bar."""


def costs_page(
    costs: Mapping[str, Mapping[str, Cost]],
    path: str | Path,
    *,
    title: str,
    about: Mapping[str, str],
    bandwidths: Mapping[str, float] | None = None,
    reductions: Mapping[str, float] | None = None,
    areas: Mapping[str, Constant] | None = None,
) -> None:
    """Writes a page that needs no network and no server.

    ``costs`` are those of every layer on every machine, ``bandwidths`` the bytes a second of the machines' off-chip
    links, ``reductions`` the factors by which skipping kinds of ineffectual work reduces it, by what is skipped,
    ``areas`` those of the machines whose area is known, in mm2. The numbers are in the page as JSON too, under the id
    ``adequate-data``.

    Raises:
        OSError: the file cannot be written; what was there before stays.
    """
    known = areas or {}
    drawn = {
        "roofline": _roofline(costs, bandwidths or {}),
        "cycles": _cycles(costs),
        "energy": _energy(costs),
        "work": _work(reductions or {}),
    }
    figures = {name: json.loads(str(one.to_json())) for name, one in drawn.items() if one is not None}
    write_page(
        "costs.html.j2",
        path,
        title=title,
        about=about,
        heads={name: HEADS[name] for name in figures},
        rows=[(name, (*_cells(total(layers.values())), _area(known.get(name)))) for name, layers in costs.items()],
        areas={name: str(one) for name, one in known.items() if name in costs},
        data=_data(costs, title, about, reductions or {}, known),
        figures=figures,
    )


def _roofline(costs: Mapping[str, Mapping[str, Cost]], bandwidths: Mapping[str, float]) -> go.Figure | None:
    """What every layer reaches against its operational intensity; a machine's roof where it is known."""
    figure = go.Figure()
    for (name, layers), symbol in zip(costs.items(), cycle(SYMBOLS), strict=False):
        points = [(layer, one) for layer, one in layers.items() if one.dram_bytes and one.seconds]
        if not points:
            continue
        figure.add_scatter(
            x=[one.operational_intensity for _, one in points],
            y=[2e-9 * one.macs / one.seconds for _, one in points],
            mode="markers",
            name=name,
            marker={"size": 8, "symbol": symbol, "opacity": 0.8},
            hovertext=[f"<b>{escape(layer)}</b> on {name}<br>{_hover(one)}" for layer, one in points],
            hoverinfo="text",
        )
        if name in bandwidths:
            _roof(figure, [one for _, one in points], bandwidths[name])
    if not figure.data:
        return None
    figure.update_xaxes(type="log", dtick=1, title_text="operations a byte of off-chip traffic")
    figure.update_yaxes(type="log", dtick=1)
    note(figure, text="10⁹ operations a second", x=0, xref="paper", xanchor="left", y=1, yref="paper")
    return styled(figure, height=420)


def _roof(figure: go.Figure, costs: Sequence[Cost], bandwidth: float) -> None:
    """Bandwidth times intensity up to the peak; the peak where every operation is a product."""
    ends = [one.operational_intensity for one in costs]
    dense = all(one.operations == one.macs for one in costs)
    peak = max(2 * one.capacity / one.seconds for one in costs) if dense else float("inf")
    low, high = min(ends) / 2, max(ends) * 2
    corner = min(max(peak / bandwidth, low), high)
    x = [low, corner, high]
    figure.add_scatter(
        x=x,
        y=[1e-9 * min(peak, bandwidth * one) for one in x],
        mode="lines",
        line={"width": 1.2, "color": MUTED},
        hoverinfo="skip",
        showlegend=False,
    )


def _cycles(costs: Mapping[str, Mapping[str, Cost]]) -> go.Figure:
    names = dict.fromkeys(layer for layers in costs.values() for layer in layers)
    parts = {layer: [layers.get(layer, Cost()).cycles for layers in costs.values()] for layer in names}
    return _stacked(list(costs), parts, "cycles for one image")


def _energy(costs: Mapping[str, Mapping[str, Cost]]) -> go.Figure | None:
    whole = {name: total(layers.values()) for name, layers in costs.items()}
    known = {name: one for name, one in whole.items() if one.energy_parts_pj}
    if not known:
        return None
    names = dict.fromkeys(part for one in known.values() for part in one.energy_parts_pj)
    parts = {part: [1e-6 * one.energy_parts_pj.get(part, 0.0) for one in known.values()] for part in names}
    return _stacked(list(known), parts, "μJ for one image")


def _stacked(machines: list[str], parts: Mapping[str, list[float]], unit: str) -> go.Figure:
    """One bar a machine, its parts in turn in the colours of the page; named where each has its own."""
    figure = go.Figure()
    for (part, amounts), color in zip(parts.items(), cycle(SHADES), strict=False):
        figure.add_bar(
            y=machines,
            x=amounts,
            name=escape(part),
            orientation="h",
            marker={"color": color, "line": {"width": 1, "color": "var(--paper)"}},
            hovertemplate=f"<b>{escape(part)}</b><br>%{{y}}: %{{x:,.4g}} {unit}<extra></extra>",
            showlegend=len(parts) <= len(SHADES),
        )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text=unit)
    styled(figure, height=120 + 34 * len(machines))
    return figure.update_layout(barmode="stack", bargap=0.35, legend_traceorder="normal")


def _work(reductions: Mapping[str, float]) -> go.Figure | None:
    if not reductions:
        return None
    figure = go.Figure(
        go.Bar(
            y=[escape(name) for name in reductions],
            x=list(reductions.values()),
            orientation="h",
            marker={"color": BLUE},
            text=[f"{value:.1f}×" for value in reductions.values()],
            textposition="outside",
            hoverinfo="skip",
            cliponaxis=False,
        )
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text="bit products over those that are left", rangemode="tozero")
    return styled(figure, height=110 + 30 * len(reductions))


def _hover(one: Cost) -> str:
    lines = [f"{one.macs:,.0f} MACs", f"{one.cycles:,.0f} cycles"]
    if one.capacity:
        lines.append(f"{100 * one.utilisation:.1f} % used")
    return "<br>".join(lines)


def _cells(one: Cost) -> tuple[str, ...]:
    return (
        f"{one.cycles:,.0f}",
        f"{1e3 * one.seconds:.4g}",
        f"{100 * one.utilisation:.1f} %" if one.capacity else "-",
        f"{1e-6 * one.energy_pj:.4g}" if one.energy_parts_pj else "-",
        f"{1e-3 * one.dram_bytes:,.1f}" if one.traffic_bytes else "-",
    )


def _area(known: Constant | None) -> str:
    return "unknown" if known is None else f"{known.value:.3g}"


def _data(
    costs: Mapping[str, Mapping[str, Cost]],
    title: str,
    about: Mapping[str, str],
    reductions: Mapping[str, float],
    areas: Mapping[str, Constant],
) -> Data:
    def plain(one: Cost) -> dict[str, Any]:
        parts = {"traffic_bytes": dict(one.traffic_bytes), "energy_parts_pj": dict(one.energy_parts_pj)}
        return {name: getattr(one, name) for name in FIGURES} | parts

    machines = {name: {layer: plain(one) for layer, one in layers.items()} for name, layers in costs.items()}
    return {
        "adequate_costs": 1,
        "title": title,
        **about,
        "accelerators": machines,
        "work_reduction": dict(reductions),
        "area_mm2": {name: areas[name].value if name in areas else None for name in costs},
    }
