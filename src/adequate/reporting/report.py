"""One static HTML file that says what was found, how, and with which numbers."""

from pathlib import Path
from typing import Any

from adequate.design import Design
from adequate.exploration import Result
from adequate.network import Network
from adequate.profiling import Ranges
from adequate.reporting.anatomy import KINDS, bit_kinds
from adequate.reporting.contents import SLOTS, contents
from adequate.reporting.drawing import Axis, panel, scale, strip
from adequate.reporting.facts import Facts
from adequate.reporting.figures import figures
from adequate.reporting.page import write_page
from adequate.reporting.tables import sensitivity_map, word_lengths

COLOURS = {"s": "slate", "i": "deep", "f": "sky", "e": "ochre", "m": "sky", "c": "blue"}
"""Of the kinds of bits, as named in the style sheet."""


def report(
    result: Result,
    path: str | Path,
    *,
    network: Network | None = None,
    ranges: Ranges | None = None,
    facts: Facts | None = None,
    design: Design | None = None,
    baseline: float | None = None,
) -> None:
    """Writes a search and its design as one HTML file that needs no network and no server.

    ``design`` is what the report is about (default: the search's choice). What is not given is left out: ``network``
    gives shapes and memory, ``ranges`` the dynamic ranges, ``facts`` names, margin, accuracies and commands.
    ``baseline`` is the accuracy in full precision, best a ``Score``, on the same images as the accuracies of ``facts``.
    Equal arguments give equal bytes. The numbers are in the page as JSON too, under the id ``adequate-data``.

    Raises:
        OSError: the file cannot be written; what was there before stays.
    """
    chosen = design or result.best or Design()
    data = contents(result, network, ranges, facts or Facts(), chosen, baseline)
    write_page(
        "report.html.j2",
        path,
        data=data,
        figures=figures(data),
        images=ranges.images if ranges is not None else 0,
        word_lengths=word_lengths(data),
        sensitivity=sensitivity_map(data),
        **_drawings(data, chosen, ranges),
    )


def _drawings(data: dict[str, Any], design: Design, ranges: Ranges | None) -> dict[str, Any]:
    """The layers with their formats and ranges drawn, each kind on one axis."""
    approximated = [layer for layer in data["layers"] if layer["approximated"]]
    formats = [one for name in design for slot in SLOTS if (one := getattr(design[name], slot)) is not None]
    shown = approximated or [layer for layer in data["layers"] if layer["slots"]["weight"]["range"]]
    seen = [
        one
        for layer in shown
        for slot in SLOTS
        if ranges is not None and layer["name"] in ranges and (one := getattr(ranges[layer["name"]], slot)) is not None
    ]
    table, histograms = Axis.over(formats), Axis.over(formats, seen)

    def drawn(layer: dict[str, Any]) -> dict[str, Any]:
        slots = []
        for name, slot in layer["slots"].items():
            format = getattr(design[layer["name"]], name)
            range_ = None if ranges is None or slot["range"] is None else getattr(ranges[layer["name"]], name)
            slots.append(
                slot
                | {
                    "name": name,
                    "strip": None if format is None else strip(format, table),
                    "panel": None if range_ is None else panel(range_, format, histograms),
                }
            )
        return layer | {"slots": slots, "about": _about(layer)}

    floating = [layer for layer in data["layers"] if layer["float_inside"]]
    passing = [layer for layer in data["layers"] if not layer["float_inside"] and not layer["approximated"]]
    used = {kind for format in formats for kind in bit_kinds(format)[0]}
    return {
        "layers": [drawn(layer) for layer in approximated],
        "panels": [drawn(layer) for layer in shown] if seen else [],
        "passing": _by_operation(passing),
        "floating": _by_operation(floating),
        "kinds": [(kind, name, COLOURS[kind]) for kind, name in KINDS.items() if kind in used],
        "head": scale(table),
    }


def _about(layer: dict[str, Any]) -> str:
    parts = [layer["operation"]] if layer["operation"] else []
    if layer["weights"]:
        parts.append(f"{layer['weights']:,} weights")
    if layer["macs"]:
        parts.append(f"{layer['macs']:,} MACs")
    if layer["output_shape"]:
        parts.append("output " + "×".join(map(str, layer["output_shape"])))
    return " · ".join(parts)


def _by_operation(layers: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    operations = dict.fromkeys(layer["operation"] for layer in layers)
    return [(each, [layer["name"] for layer in layers if layer["operation"] == each]) for each in operations]
