"""``adequate cost``: what one image costs on accelerators."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from adequate.cli.compared import Compared, compared, write_costs
from adequate.cli.machines import machines
from adequate.cli.options import OUTPUT, ComputeOptions, DesignOptions, ModelOptions, OutputOptions, written_file_option
from adequate.cli.sampling import Sampled, SampleOptions, sampled

if TYPE_CHECKING:
    from adequate.accelerators import Accelerator, Cost
    from adequate.cli.progress import Progress

COLUMNS = ("MACs", "cycles", "time, ms", "used", "energy, uJ", "EDP, uJ ms", "DRAM, kB", "ops / byte", "area, mm2")

UNKNOWN = "unknown"
"""An area of which nothing was found."""


def cost(
    model: ModelOptions,
    design: DesignOptions,
    sample: SampleOptions,
    compute: ComputeOptions,
    output: OutputOptions,
    accelerator: Annotated[
        str, typer.Option(metavar="NAME[,NAME...]", help="Which machines: laconic,dadiannao, or all of them: all.")
    ],
    technology: Annotated[
        str | None, typer.Option(metavar="NAME", help="Unit energies other than each machine's own.")
    ] = None,
    synthesis: Annotated[
        bool, typer.Option("--synthesis", help="Energy of the design's multipliers by their transistors; needs Yosys.")
    ] = False,
    workload: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="The layers for SCALE-Sim (CSV), Timeloop and ZigZag (YAML), with word lengths.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    layers: Annotated[bool, typer.Option("--layers", help="Layer by layer as well.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="The constants behind the figures, with sources.")] = False,
    plot: Annotated[Path | None, written_file_option("The comparison as a page (.html).")] = None,
) -> None:
    """Says what one image costs in a design on named accelerators: cycles, time, energy, off-chip traffic.

    Of the sums of products alone; other layers are free in these models. Machines that skip zeros or bits read the
    operands of --images training images of --data; without data, machines that do not read values can be asked about
    any network, by its shapes and word lengths. Used is the share of the machine's lanes that did work; the area is
    that published. Published configurations; figures of different machines are comparable as far as their models and
    constants are (--explain).

    Example:
      adequate cost digits-cnn --data digits --bits 8 --accelerator dadiannao
    """
    from adequate.cli.output import answer, answer_json, facts
    from adequate.cli.progress import Progress

    chosen = machines(accelerator, technology)
    with Progress() as progress:
        found = sampled(model, sample, design, compute, progress)
        energies, told = _relative_energies(found, progress) if synthesis else ({}, _unknown(found))
        made = compared(found.network, found.design, found.operands, chosen, progress, energies)
    if plot is not None:
        write_costs(
            made,
            plot,
            title=f"{model.model}: what it costs",
            about=found.facts,
            network=found.network,
            design=found.design,
            operands=found.operands,
        )
    if workload is not None:
        from adequate.exporters.workloads import export_workload

        export_workload(found.network, found.design, workload)
    constants = {one.name(): one.constants() for one in chosen if explain}
    if output.json:
        answer_json(
            {
                "model": model.model,
                **found.named,
                "accelerators": _plain(made, layers),
                **({"refused": dict(made.refused)} if made.refused else {}),
                **({"relative_energies": energies} if energies else {}),
                **({"constants": _texts(constants)} if explain else {}),
            }
        )
        return
    answer(_table(made, layers))
    if explain:
        answer(_explained(chosen))
    refusals = {f"{name} refuses": why for name, why in made.refused.items()}
    rows = {**found.facts, **told, **made.areas, **refusals}
    files = {"page": plot, "workload": workload}
    answer(facts({**rows, **{what: str(path) for what, path in files.items() if path is not None}}))


def _relative_energies(found: "Sampled", progress: "Progress") -> tuple[dict[str, float], dict[str, str]]:
    """Of every multiplier in the design that has a circuit, and a line that says so."""
    from adequate.accelerators import Yosys, relative_energy
    from adequate.operators import Tabulated

    yosys = Yosys.installed()
    made: dict[str, float] = {}
    for one in {str(layer.multiplier): layer.multiplier for layer in found.design.values()}.values():
        if one is not None and not isinstance(one, Tabulated):
            progress.stage(f"synthesis of {one} by {yosys.version}")
            made[str(one)] = relative_energy(one, yosys)
    lines = [f"{escape(name)}: {energy:.3f} of an exact one's energy" for name, energy in made.items()]
    return made, {"multipliers": "\n".join([*lines, f"by {yosys.version}"])} if made else {}


def _unknown(found: "Sampled") -> dict[str, str]:
    if not any(layer.multiplier for layer in found.design.values()):
        return {}
    return {"multipliers": "taken to need the energy of exact ones; --synthesis estimates it"}


def _plain(made: Compared, layers: bool) -> dict[str, Any]:
    from adequate.accelerators import total

    found: dict[str, Any] = {}
    for name, of_layers in made.costs.items():
        area = made.machines[name].area
        found[name] = _figures(total(of_layers.values())) | {"area_mm2": None if area is None else area.value}
        if layers:
            found[name]["layers"] = {layer: _figures(one) for layer, one in of_layers.items()}
    return found


def _figures(one: "Cost") -> dict[str, Any]:
    from adequate.accelerators.cost import FIGURES

    parts = {"traffic_bytes": dict(one.traffic_bytes), "energy_parts_pj": dict(one.energy_parts_pj)}
    return {name: getattr(one, name) for name in FIGURES} | parts


def _texts(constants: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {name: {what: str(one) for what, one in known.items()} for name, known in constants.items()}


def _table(made: Compared, layers: bool) -> Any:
    from adequate.accelerators import total
    from adequate.cli.output import table

    shown = table("accelerator", *(("layer",) if layers else ()), *COLUMNS, numbers=COLUMNS)
    for name, of_layers in made.costs.items():
        area = made.machines[name].area
        if layers:
            for layer, one in of_layers.items():
                shown.add_row(name, layer, *_cells(one), "")
        whole = ("all",) if layers else ()
        cells = *_cells(total(of_layers.values())), UNKNOWN if area is None else f"{area.value:.3g}"
        shown.add_row(name, *whole, *cells, style="bold" if layers else None)
    return shown


def _cells(one: "Cost") -> tuple[str, ...]:
    intensity = one.operational_intensity
    return (
        f"{one.macs:,.0f}",
        f"{one.cycles:,.0f}",
        f"{1e3 * one.seconds:.4g}",
        f"{100 * one.utilisation:.1f} %" if one.capacity else "-",
        f"{1e-6 * one.energy_pj:.4g}" if one.energy_parts_pj else "-",
        f"{1e-3 * one.edp:.4g}" if one.energy_parts_pj else "-",
        f"{1e-3 * one.dram_bytes:,.1f}" if one.traffic_bytes else "-",
        f"{intensity:.3g}" if one.dram_bytes else "-",
    )


def _explained(chosen: "list[Accelerator]") -> Any:
    from adequate.cli.output import table

    shown = table("accelerator", "constant", "value", "source", numbers=("value",))
    for machine in chosen:
        for what, one in machine.constants().items():
            source = one.source if one.verified else f"{one.source} (not verified)"
            shown.add_row(machine.name(), what, f"{one.value:g} {one.unit}", source)
    return shown
