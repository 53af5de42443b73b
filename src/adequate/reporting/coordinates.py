"""Parallel coordinates: every design a line through its choices and its figures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

import plotly.graph_objects as go

from adequate.reporting.marks import BLUE, MUTED, OCHRE, RULE, Data, floor, styled

LONGEST = 22
"""Characters of an axis' name; its end is kept, which says the slot."""


@dataclass(frozen=True)
class _Axis:
    """A name, what stands at its lower and its upper end, and each trial's place from 0 to 1; None: off the axis."""

    name: str
    low: str
    high: str
    places: Sequence[float | None]


def coordinates(data: Data) -> go.Figure | None:
    """Knobs from the narrowest choice to the widest, then the objectives, then the accuracy."""
    numbered = [(n, t) for n, t in enumerate(data["trials"], 1) if t["split"] == "validation" and not t["epochs"]]
    knobs = data["search"]["knobs"]
    if len(knobs) < 2 or len(numbered) < 2:
        return None
    least = floor(data)
    axes = [_knob(knob, [data["search"]["rows"][n - 1][at] for n, _ in numbered]) for at, knob in enumerate(knobs)]
    for name in data["front"]["objectives"]:
        axes.append(_figure(name, [t["figures"][name] for _, t in numbered], "{:.4g}"))
    accuracies = [100 * t["figures"]["accuracy"] for _, t in numbered]
    accuracy = _figure("accuracy, %", [max(value, 100 * least) for value in accuracies], "{:.2f}")
    axes.append(replace(accuracy, low=f"≤ {accuracy.low}") if min(accuracies) < 100 * least else accuracy)
    figure = go.Figure()
    figure.add_scatter(
        x=[x for at in range(len(axes)) for x in (at, at, None)],
        y=[0, 1, None] * len(axes),
        mode="lines",
        line={"color": RULE, "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )
    best = set(data["front"]["trials"])
    chosen = {n for n, t in numbered if t["digest"] == data["digest"]}
    for label, belongs, look in (
        ("tried", {n for n, _ in numbered} - best, {"color": MUTED, "width": 0.7}),
        ("front", best - chosen, {"color": BLUE, "width": 1.4}),
        ("this design", chosen, {"color": OCHRE, "width": 2.4}),
    ):
        drawn = [(n, at) for at, (n, _) in enumerate(numbered) if n in belongs]
        if drawn:
            _lines(figure, axes, drawn, label, look)
    for ends, y, position in (([a.low for a in axes], 0, "bottom center"), ([a.high for a in axes], 1, "top center")):
        figure.add_scatter(
            x=list(range(len(axes))),
            y=[y] * len(axes),
            mode="text",
            text=[escape(end) for end in ends],
            textposition=position,
            textfont={"size": 11, "color": MUTED},
            hoverinfo="skip",
            showlegend=False,
            cliponaxis=False,
        )
    names = [escape(axis.name if len(axis.name) <= LONGEST else "…" + axis.name[1 - LONGEST :]) for axis in axes]
    figure = styled(figure, height=420)
    figure.update_xaxes(
        tickvals=list(range(len(axes))), ticktext=names, tickangle=-60, range=[-0.5, len(axes) - 0.5], showgrid=False
    )
    figure.update_yaxes(range=[-0.12, 1.12], showgrid=False, showticklabels=False)
    return figure


def _knob(knob: Data, chosen: list[int]) -> _Axis:
    labels = [str(one["bits"] or one["text"]) for one in knob["choices"]]
    last = len(labels) - 1
    return _Axis(knob["name"], labels[0], labels[-1], [round(place / last, 4) for place in chosen])


def _figure(name: str, values: list[float | None], pattern: str) -> _Axis:
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = high - low or 1.0
    places = [None if value is None else round((value - low) / span, 4) for value in values]
    return _Axis(name, pattern.format(low), pattern.format(high), places)


def _lines(figure: go.Figure, axes: list[_Axis], drawn: list[tuple[int, int]], label: str, look: Data) -> None:
    """All designs of a kind as one trace, its lines apart by a gap."""
    count = len(axes)
    figure.add_scatter(
        x=[x for _ in drawn for x in (*range(count), None)],
        y=[y for _, at in drawn for y in (*(axis.places[at] for axis in axes), None)],
        customdata=[n for n, _ in drawn for _ in range(count + 1)],
        mode="lines",
        name=label,
        line=look,
        opacity=0.5 if look["color"] == MUTED else 1,
        hovertemplate="trial %{customdata}<extra></extra>",
    )
