"""A study as one static HTML page: the tables, and the sweeps as plots."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from adequate.storage import write_atomically
from adequate.studies.table import Line, cells

COLOURS = ("#1f5fa8", "#b5761a", "#2b3542", "#8a94a1")

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:#1b2430;background:#fff}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{border-bottom:1px solid #d8dee6;padding:.3rem .5rem;text-align:left;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
"""


@dataclass(frozen=True)
class Figure:
    """Lines of points (x, y); with ``labels``, one for each point of every line, they are marks without a line.

    As it stands a sweep: accuracy divided by that of full precision, against word length, a line per arithmetic.
    """

    name: str
    title: str
    lines: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]
    x: str = "word length, bits"
    y: str = "accuracy / accuracy in full precision"
    labels: tuple[str, ...] = ()
    logarithmic: bool = False


def merged(figures: Sequence[Figure]) -> list[Figure]:
    """The figures by name, each once, with the lines of all that bear it."""
    found: dict[str, Figure] = {}
    for figure in figures:
        known = found.get(figure.name)
        found[figure.name] = figure if known is None else replace(known, lines=known.lines + figure.lines)
    return [found[name] for name in sorted(found)]


def write_page(path: Path, title: str, rows: Sequence[Line], figures: Sequence[Figure]) -> None:
    """Writes the page; it opens without a network."""
    heads, *body = cells(rows)
    table = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in body)
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>',
        f"<script>{get_plotlyjs()}</script><h1>{escape(title)}</h1>",
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{table}</tbody></table></div>',
    ]
    for figure in figures:
        parts.append(f"<h2>Figure {escape(figure.name)}: {escape(figure.title)}</h2>")
        parts.append(_plot(figure).to_html(full_html=False, include_plotlyjs=False))
    write_atomically(path, "".join([*parts, "</html>\n"]))


def _plot(figure: Figure) -> go.Figure:
    labels = [escape(label) for label in figure.labels]
    drawn = go.Figure(
        [
            go.Scatter(
                x=[x for x, _ in points],
                y=[y for _, y in points],
                name=escape(name),
                mode="markers" if labels else "lines+markers",
                marker={"color": colour, "size": 9},
                line={"color": colour},
                text=labels or None,
                hovertemplate="%{text}<br>%{x}<br>%{y}" if labels else None,
            )
            for (name, points), colour in zip(figure.lines, COLOURS * len(figure.lines), strict=False)
        ]
    )
    drawn.update_xaxes(title_text=escape(figure.x), type="log" if figure.logarithmic else "linear")
    drawn.update_yaxes(title_text=escape(figure.y), range=[0, 1.05])
    drawn.update_layout(
        height=360, showlegend=True, template="simple_white", margin={"t": 20}, font={"family": "system-ui, sans-serif"}
    )
    return drawn
