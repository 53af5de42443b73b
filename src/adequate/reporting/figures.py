"""The interactive figures of a report, as Plotly's data and layout: accuracy and trials here, and all others."""

import json
from html import escape
from itertools import accumulate

import plotly.graph_objects as go

from adequate.reporting.coordinates import coordinates
from adequate.reporting.fronts import fronts
from adequate.reporting.marks import (
    BLUE,
    DEEP,
    INK,
    MUTED,
    OCHRE,
    Data,
    fallen,
    floor,
    hover,
    line,
    margin,
    note,
    steps,
    styled,
)


def figures(data: Data) -> dict[str, Data]:
    """Name -> figure, of those that the contents of a report allow."""
    drawn = {
        "accuracy": _accuracy(data),
        **fronts(data),
        "search": _search(data),
        "growth": _growth(data),
        "coordinates": coordinates(data),
    }
    return {name: json.loads(str(figure.to_json())) for name, figure in drawn.items() if figure is not None}


def _accuracy(data: Data) -> go.Figure | None:
    """Measured accuracies as points with 95 % intervals, and the margin they were held to."""
    accuracy = data["accuracy"]
    if accuracy is None:
        return None
    rows = accuracy["measured"]
    values = [100 * row["accuracy"] for row in rows]
    intervals = [[100 * end for end in row.get("interval", (row["accuracy"],) * 2)] for row in rows]
    figure = go.Figure(
        go.Scatter(
            x=values,
            y=[escape(row["label"]) for row in rows],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - value for value, (_, high) in zip(values, intervals, strict=True)],
                "arrayminus": [value - low for value, (low, _) in zip(values, intervals, strict=True)],
                "color": BLUE,
                "thickness": 1.5,
                "width": 5,
            },
            mode="markers+text",
            text=[f"{value:.2f}" for value in values],
            textposition="top center",
            marker={"size": 9, "color": [INK] + [BLUE] * (len(rows) - 1)},
            hovertemplate="%{y}: %{x:.2f} %<extra></extra>",
            cliponaxis=False,
        )
    )
    ends = [end for pair in intervals for end in pair]
    if data["margin_points"] is not None and accuracy["baseline"] is not None:
        wanted = 100 * accuracy["baseline"] - data["margin_points"]
        ends.append(wanted)
        line(figure, x0=wanted, x1=wanted, y0=0, y1=1, yref="paper")
        note(figure, text="margin", x=wanted, y=1, yref="paper", color=OCHRE)
    pad = max(0.12 * (max(ends) - min(ends)), 0.05)
    figure.update_xaxes(range=[min(ends) - pad, max(ends) + pad], title_text=f"accuracy on {accuracy['split']}, %")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return styled(figure, height=96 + 44 * len(rows))


def _search(data: Data) -> go.Figure | None:
    """The trials in their order: accuracy, storage, and the calibration loss where a search descended it."""
    numbered = list(enumerate(data["trials"], 1))
    scored = [(n, t) for n, t in numbered if "accuracy" in t["figures"] and t["split"] != "calibration"]
    losses = [(n, t) for n, t in numbered if "loss" in t["figures"] and t["split"] == "calibration"]
    if not scored:
        return None
    weights = (data["memory"] or {}).get("weights")
    stored = [(n, t) for n, t in scored if t["stored_bits"] is not None]
    rows: dict[str, Data] = {"accuracy, %": {}}
    if stored:
        rows["bits per weight" if weights else "stored bits"] = {"rangemode": "tozero"}
    if losses:
        rows["calibration loss"] = {"type": "log"}
    figure = go.Figure()
    _accuracies(figure, scored, data)
    if stored:
        _storage(figure, stored, data, weights or 1)
    if losses:
        figure.add_scatter(
            x=[n for n, _ in losses],
            y=[t["figures"]["loss"] for _, t in losses],
            yaxis=f"y{len(rows)}",
            mode="markers",
            name="calibration",
            marker={"size": 4, "color": MUTED},
            **hover(losses),
        )
    height = 290 + 130 * (len(rows) - 1)
    _stack(figure, rows, height)
    figure.update_xaxes(title_text="trial", anchor=f"y{len(rows)}", range=[0.3, len(data["trials"]) + 0.7])
    return styled(figure, height=height)


def _stack(figure: go.Figure, rows: dict[str, Data], height: int) -> None:
    """One y axis a row, the first twice as high, each named above its upper left corner."""
    gap = 40 / height
    unit = (1 - gap * (len(rows) - 1)) / (len(rows) + 1)
    top = 1.0
    for index, (title, options) in enumerate(rows.items()):
        bottom = max(top - (2 if index == 0 else 1) * unit, 0.0)
        figure.update_layout({f"yaxis{index + 1 if index else ''}": {"domain": [bottom, top], **options}})
        note(figure, text=title, x=0, xref="paper", xanchor="left", y=top, yref="paper")
        top = bottom - gap


def _accuracies(figure: go.Figure, scored: list[tuple[int, Data]], data: Data) -> None:
    least = floor(data)
    low = [(n, t) for n, t in scored if t["figures"]["accuracy"] < least]
    kinds = {
        "validation": (BLUE, "circle", lambda t: t["split"] == "validation" and not t["epochs"]),
        "fine-tuned": (DEEP, "diamond", lambda t: t["split"] == "validation" and t["epochs"]),
        "test": (INK, "square", lambda t: t["split"] == "test"),
    }
    for name, (color, symbol, belongs) in kinds.items():
        seen = [(n, t) for n, t in scored if (n, t) not in low and belongs(t)]
        if seen:
            figure.add_scatter(
                x=[n for n, _ in seen],
                y=[100 * t["figures"]["accuracy"] for _, t in seen],
                mode="markers",
                name=name,
                marker={"size": 8, "symbol": symbol, "color": color},
                **hover(seen),
            )
    fallen(figure, [(n, t, n) for n, t in low], least)
    wanted = data["wanted_validation_accuracy"]
    if wanted is None:
        reached = accumulate((100 * t["figures"]["accuracy"] for _, t in scored), max)
        steps(figure, [n for n, _ in scored], list(reached), "best so far", "y")
    else:
        margin(figure, 100 * wanted)


def _storage(figure: go.Figure, stored: list[tuple[int, Data]], data: Data, unit: int) -> None:
    """What each design stores, in ``unit`` bits, and the least of those that kept the margin so far."""
    figure.add_scatter(
        x=[n for n, _ in stored],
        y=[t["stored_bits"] / unit for _, t in stored],
        yaxis="y2",
        mode="markers",
        name="stored",
        showlegend=False,
        marker={"size": 6, "color": OCHRE},
        **hover(stored),
    )
    wanted = data["wanted_validation_accuracy"]
    if wanted is None:
        return
    kept = [(n, t) for n, t in stored if t["split"] == "validation" and t["figures"]["accuracy"] >= wanted]
    if kept:
        narrowest = list(accumulate((t["stored_bits"] / unit for _, t in kept), min))
        x = [*(n for n, _ in kept), len(data["trials"])]
        steps(figure, x, [*narrowest, narrowest[-1]], "narrowest within the margin", "y2")


def _growth(data: Data) -> go.Figure | None:
    """The hypervolume of the front so far."""
    series = data["search"]["growth"]
    if len(series) < 2:
        return None
    figure = go.Figure()
    figure.add_scatter(
        x=[n for n, _ in series],
        y=[value for _, value in series],
        mode="lines",
        line={"shape": "hv", "width": 1.4, "color": DEEP},
        customdata=[n for n, _ in series],
        hovertemplate="after trial %{x}: %{y:.4f}<extra></extra>",
    )
    note(figure, text="hypervolume", x=0, xref="paper", xanchor="left", y=1, yref="paper")
    figure.update_xaxes(title_text="trial", range=[0.3, len(data["trials"]) + 0.7])
    figure.update_yaxes(rangemode="tozero")
    return styled(figure, height=240)
