"""``adequate multipliers``: multipliers side by side, how wrong they are and what is known of their cost."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adequate.cli.errors import Misuse
from adequate.cli.options import ComputeOptions, OutputOptions, written_file_option
from adequate.cli.synthesized import synthesized
from adequate.cli.weighting import LayerOptions, weighting

if TYPE_CHECKING:
    from rich.table import Table

    from adequate.operators import Multiplier
    from adequate.operators.listing import Listed
    from adequate.operators.published import Published

TABLE_BITS = 8
"""Of either operand of a published table."""

WIDTH_OF_FIGURE = 12
"""Characters that a column takes, at most."""

FOLDER = "multipliers"
"""Of the published tables, among the data sets."""


class Field(StrEnum):
    """Figures of a multiplier, by the names of ``Listed.figures``."""

    EP = "ep"
    MAE = "mae"
    NMED = "nmed"
    MRED = "mred"
    WCE = "wce"
    WCRE = "wcre"
    MSE = "mse"
    BIAS = "bias"
    VARIANCE = "variance"
    NM = "nm"
    NA = "na"
    POWER_MW = "power_mw"
    AREA_UM2 = "area_um2"
    DELAY_NS = "delay_ns"
    GATES = "gates"
    LUTS = "luts"
    MAPPED_GATES = "mapped_gates"
    TRANSISTORS = "transistors"


def multipliers(
    layer: LayerOptions,
    compute: ComputeOptions,
    output: OutputOptions,
    bits: Annotated[int, typer.Option(metavar="B", min=4, max=16, help="Of either operand.")] = TABLE_BITS,
    signed: Annotated[bool, typer.Option("--signed", help="Of two's complement operands.")] = False,
    tables: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Published 8x8-bit tables and their metrics.csv (else the folder multipliers among the data sets).",
        ),
    ] = None,
    only: Annotated[str | None, typer.Option(metavar="PATTERN", help="Those of such names: 'drum*'.")] = None,
    sort: Annotated[
        Field | None, typer.Option(metavar="FIELD", help="By the magnitude of this figure, smallest first.")
    ] = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="What is known of their cost as well; needs Yosys for all of it.")
    ] = False,
    plot: Annotated[Path | None, written_file_option("Error against cost, as a page (.html).")] = None,
) -> None:
    """Lists multipliers with the statistics of their error: our families at a few settings, and published tables.

    Over all pairs of operands; beyond 24 operand bits over 2^20 drawn ones, with 95 % intervals. With --model,
    --data and --layer a pair counts as often as the layer's codes occur on 1,000 training images. Power, area
    and delay are published ones (PDK45, 45 nm); gates as written are counted in our circuits before any synthesis;
    look-up tables (6 inputs, Xilinx's 7 series), two-input gates and CMOS transistors are those of Yosys, which takes
    seconds for each multiplier, once. What is not known is -.

    Example:
      adequate multipliers --only 'drum*' --sort mae --cost
    """
    from torch import Generator

    from adequate.cli.output import answer, answer_json, facts
    from adequate.cli.progress import Progress
    from adequate.operators.listing import listing
    from adequate.reporting.multipliers import multipliers_page

    kind = f"{'signed' if signed else 'unsigned'} {bits}x{bits} bits"
    with Progress() as progress:
        folder = _folder(tables, layer.data_dir, bits)
        if folder is not None:
            progress.stage(f"tables of {folder}")
        chosen = _chosen(bits, signed, folder, only)
        histograms, weighted = weighting(layer, bits, signed, compute, progress)
        progress.stage(f"multipliers, {kind}")
        rows: list[Listed] = []
        for row in listing(chosen, histograms, generator=Generator().manual_seed(compute.seed)):
            rows.append(row)
            progress.advance("multipliers", len(rows), len(chosen))
        tool, said = None, {}
        if cost:
            rows, tool, said = synthesized(rows, chosen, progress)
        if sort is not None:
            rows = _sorted(rows, sort.value)
        about = _about(kind, folder, weighted, rows) | said
        if plot is not None:
            multipliers_page(rows, plot, title=f"Multipliers, {kind}", about=about)
    if output.json:
        answer_json(
            {
                "bits": bits,
                "signed": signed,
                "tables": None if folder is None else str(folder),
                "weighted_by": weighted or None,
                **({"synthesized_by": tool} if cost else {}),
                "multipliers": [_plain(row, cost) for row in rows],
                **({"plot": str(plot)} if plot is not None else {}),
            }
        )
        return
    answer(*_tables(rows, cost), facts(about | ({"plot": str(plot)} if plot is not None else {})))


def _folder(given: Path | None, data_dir: Path | None, bits: int) -> Path | None:
    """Where the published tables are: as given, else among the data sets, if they are there."""
    from adequate.data.load import places
    from adequate.operators.published import METRICS

    if given is not None:
        if bits != TABLE_BITS:
            raise Misuse(f"--tables has multipliers of {TABLE_BITS}x{TABLE_BITS} bits, not of --bits {bits}")
        return given
    found = (place for place in places(FOLDER, data_dir) if (place / METRICS).is_file())
    return next(found, None) if bits == TABLE_BITS else None


def _chosen(bits: int, signed: bool, folder: Path | None, only: str | None) -> "list[Multiplier | Published]":
    from fnmatch import fnmatchcase

    from adequate.operators import catalog
    from adequate.operators.listing import name_of
    from adequate.operators.published import load_published

    published = load_published(folder) if folder is not None else ()
    every = [*catalog(bits, signed=signed), *(one for one in published if one.multiplier.signed_a == signed)]
    chosen = [one for one in every if only is None or fnmatchcase(name_of(one), only)]
    if not chosen:
        raise Misuse(f"no multiplier is named like {only!r}; there are {', '.join(map(name_of, every))}")
    return chosen


def _sorted(rows: "Sequence[Listed]", name: str) -> "list[Listed]":
    """What is not known comes last."""
    return sorted(rows, key=lambda row: (row.figures()[name] is None, abs(row.figures()[name] or 0)))


def _about(kind: str, folder: Path | None, weighted: dict[str, Any], rows: "Sequence[Listed]") -> dict[str, str]:
    pairs = max(row.errors.pairs for row in rows)
    drawn = any(row.errors.intervals for row in rows)
    by = (
        f"the codes of {weighted['layer']} in {weighted['model']}, {weighted['images']:,} images of {weighted['data']}"
        if weighted
        else "all alike"
    )
    return {
        "operands": kind,
        "pairs": f"{pairs:,} drawn; ± a 95 % interval" if drawn else f"{pairs:,}, all there are",
        "weighted by": by,
        **({"published": f"{folder}, equal to what they state"} if folder is not None else {}),
    }


def _plain(row: "Listed", cost: bool) -> dict[str, Any]:
    from adequate.operators.listing import COSTS

    figures = {name: value for name, value in row.figures().items() if cost or name not in COSTS}
    intervals = {name: [low, high] for name, low, high in row.errors.intervals}
    return {"name": row.name, **figures, "pairs": row.errors.pairs, **({"intervals": intervals} if intervals else {})}


def _tables(rows: "Sequence[Listed]", cost: bool) -> "list[Table]":
    """One table, or where lines are short several, each with some of the figures."""
    from adequate.cli.output import width
    from adequate.operators.listing import COSTS
    from adequate.reporting.multipliers import HEADS

    names = [name for name in HEADS if cost or name not in COSTS]
    room = (width() - max(len(row.name) for row in rows)) // WIDTH_OF_FIGURE
    parts = -(-len(names) // max(room, 1))
    size = -(-len(names) // parts)
    return [_table(rows, names[start : start + size]) for start in range(0, len(names), size)]


def _table(rows: "Sequence[Listed]", names: "Sequence[str]") -> "Table":
    from adequate.cli.output import table
    from adequate.reporting.multipliers import HEADS, shown

    heads = [HEADS[name] for name in names]
    made = table("multiplier", *heads, numbers=heads)
    made.padding = (0, 1)
    for row in rows:
        figures = row.figures()
        made.add_row(row.name, *(shown(name, figures[name]) for name in names))
        halves = {name: (high - low) / 2 for name, low, high in row.errors.intervals}
        if not halves.keys().isdisjoint(names):
            made.add_row(
                "", *(f"±{shown(name, halves[name])}" if name in halves else "" for name in names), style="dim"
            )
    return made
