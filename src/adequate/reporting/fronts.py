"""Accuracy against every objective of a search: the designs that were tried, and those that none beats."""

from html import escape

import plotly.graph_objects as go

from adequate.reporting.marks import BLUE, MUTED, OCHRE, Data, fallen, floor, hover, margin, note, styled

Point = tuple[int, Data, float]
"""Number of a trial, the trial, where it stands."""


def fronts(data: Data) -> dict[str, go.Figure]:
    """A figure per objective, by its place: ``front-1``, ``front-2``, ..."""
    objectives = data["front"]["objectives"] if data["front"]["trials"] else []
    return {f"front-{at}": _front(data, name) for at, name in enumerate(objectives, 1)}


def _front(data: Data, name: str) -> go.Figure:
    """The line joins those of the front that no other beats in accuracy and in this objective."""
    weights = (data["memory"] or {}).get("weights") if name == "stored_bits" else None
    least = floor(data)
    numbered = [(n, t) for n, t in enumerate(data["trials"], 1) if t["split"] == "validation"]
    places = [(n, t, t["figures"][name] / (weights or 1)) for n, t in numbered if t["figures"][name] is not None]
    shown = [one for one in places if one[1]["figures"]["accuracy"] >= least]
    guessed = data["search"]["estimated"]
    best = sorted((one for one in shown if one[0] in data["front"]["trials"]), key=_cheapest_first)
    here = _unbeaten(best)
    groups = (
        (
            "given up on",
            [one for one in shown if one[0] in guessed],
            {"size": 6, "symbol": "circle-open", "color": MUTED},
        ),
        (
            "tried",
            [one for one in shown if one[0] not in guessed and one not in best],
            {"size": 6, "color": MUTED, "opacity": 0.6},
        ),
        (
            "front overall",
            [one for one in best if one not in here],
            {"size": 8, "symbol": "circle-open", "color": BLUE},
        ),
    )
    figure = go.Figure()
    for label, points, look in groups:
        if points:
            figure.add_scatter(**_places(points), name=label, mode="markers", marker=look)
    figure.add_scatter(
        **_places(here),
        name="front",
        mode="lines+markers",
        marker={"size": 8, "color": BLUE},
        line={"shape": "hv", "width": 1.2, "color": BLUE},
    )
    fallen(figure, [one for one in places if one[1]["figures"]["accuracy"] < least], least)
    chosen = [one for one in places if one[1]["digest"] == data["digest"] and not one[1]["epochs"]]
    if chosen:
        ring = {"size": 15, "symbol": "circle-open", "color": OCHRE, "line": {"width": 2}}
        figure.add_scatter(**_places(chosen), name="this design", mode="markers", marker=ring)
    if data["wanted_validation_accuracy"] is not None:
        margin(figure, 100 * data["wanted_validation_accuracy"])
    note(figure, text="accuracy, %", x=0, xref="paper", xanchor="left", y=1, yref="paper")
    figure.update_xaxes(title_text="bits per weight" if weights else escape(name), rangemode="tozero")
    return styled(figure, height=340)


def _unbeaten(cheapest_first: list[Point]) -> list[Point]:
    """Those more accurate than all that cost no more, or like one of these."""
    found: list[Point] = []
    for one in cheapest_first:
        accuracy, before = one[1]["figures"]["accuracy"], found[-1][1]["figures"]["accuracy"] if found else -1.0
        if accuracy > before or (found and _cheapest_first(one) == _cheapest_first(found[-1])):
            found.append(one)
    return found


def _cheapest_first(point: Point) -> tuple[float, float]:
    return point[2], -point[1]["figures"]["accuracy"]


def _places(points: list[Point]) -> Data:
    return {
        "x": [x for _, _, x in points],
        "y": [100 * t["figures"]["accuracy"] for _, t, _ in points],
        **hover([(n, t) for n, t, _ in points]),
    }
