"""What every figure of a report is drawn with: marks, lines, hover texts and the look."""

from html import escape
from typing import Any

import plotly.graph_objects as go

INK, MUTED, RULE = "var(--ink)", "var(--muted)", "var(--rule)"
BLUE, DEEP, OCHRE = "var(--blue)", "var(--deep)", "var(--ochre)"
"""Names of the page's own colours, which its script puts in: they differ in the dark."""

Data = dict[str, Any]


def floor(data: Data) -> float:
    """The least accuracy drawn to scale: three times as far below the best as the margin is, or all."""
    wanted = data["wanted_validation_accuracy"]
    if wanted is None:
        return -1.0
    best = max(t["figures"].get("accuracy", 0.0) for t in data["trials"])
    return wanted - max(2 * (best - wanted), 0.01)


def fallen(figure: go.Figure, low: list[tuple[int, Data, float]], least: float) -> None:
    """Trials (number, trial, x) below ``least``, on the lower edge, so that the rest keeps its scale."""
    if low:
        figure.add_scatter(
            x=[x for _, _, x in low],
            y=[100 * least] * len(low),
            mode="markers",
            name=f"below {100 * least:.1f} %",
            marker={"size": 8, "symbol": "triangle-down", "color": MUTED},
            cliponaxis=False,
            **hover([(n, trial) for n, trial, _ in low]),
        )


def hover(trials: list[tuple[int, Data]]) -> Data:
    """Texts of the trials, and their numbers for what a click opens; names are escaped, for Plotly reads tags."""

    def text(number: int, trial: Data) -> str:
        setting = [trial["split"]] + [f"{trial['epochs']} epochs"] * bool(trial["epochs"])
        values = [f"{escape(name)} {value:.6g}" for name, value in trial["figures"].items() if value is not None]
        lines = [escape(each) for each in trial["summary"]]
        return "<br>".join([f"<b>trial {number}</b> · {', '.join(setting)}", *values, *lines])

    return {
        "hovertext": [text(n, trial) for n, trial in trials],
        "hoverinfo": "text",
        "customdata": [n for n, _ in trials],
    }


def steps(figure: go.Figure, x: list[int], y: list[float], name: str, axis: str) -> None:
    """A staircase of what was reached so far."""
    look = {"shape": "hv", "width": 1.4, "color": DEEP}
    figure.add_scatter(x=x, y=y, yaxis=axis, mode="lines", name=name, line=look, hoverinfo="skip")


def line(figure: go.Figure, **place: Any) -> None:
    """A dashed line of what is wanted."""
    figure.add_shape(type="line", line={"color": OCHRE, "width": 1.4, "dash": "4px,3px"}, **place)


def margin(figure: go.Figure, accuracy: float) -> None:
    """The wanted accuracy, in percent, across the first row."""
    line(figure, x0=0, x1=1, xref="x domain", y0=accuracy, y1=accuracy)
    note(figure, text="margin", x=1, xref="x domain", xanchor="right", y=accuracy, color=OCHRE)


def note(figure: go.Figure, color: str = MUTED, **place: Any) -> None:
    """A word on top of a place."""
    figure.add_annotation(showarrow=False, yanchor="bottom", font={"color": color, "size": 12}, **place)


def styled(figure: go.Figure, height: int) -> go.Figure:
    """The figure in the look of the page."""
    figure.update_layout(
        template=go.layout.Template(),
        height=height,
        margin={"l": 8, "r": 12, "t": 34, "b": 44},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "var(--sans)", "size": 12, "color": INK},
        showlegend=len(figure.data) > 1,  # type: ignore[arg-type]
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1 + 28 / height,
            "yanchor": "bottom",
            "font": {"color": MUTED},
        },
        hoverlabel={"bgcolor": "var(--paper)", "bordercolor": RULE, "font": {"color": INK}, "align": "left"},
        hovermode="closest",
        dragmode=False,
    )
    figure.update_xaxes(gridcolor=RULE, linecolor=RULE, zeroline=False, ticks="", automargin=True)
    figure.update_yaxes(gridcolor=RULE, linecolor=RULE, zeroline=False, ticks="", automargin=True)
    return figure
