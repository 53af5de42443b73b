"""``adequate cost``: what one image costs on accelerators."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from adequate.cli.machines import machines
from adequate.cli.options import OUTPUT, ComputeOptions, DesignOptions, ModelOptions, OutputOptions
from adequate.cli.sampling import Sampled, SampleOptions, sampled

if TYPE_CHECKING:
    from adequate.accelerators import Accelerator, Cost
    from adequate.cli.progress import Progress

WIDEST_WORK = 16
"""Bits up to which work is counted in terms."""

COLUMNS = ("MACs", "cycles", "time, ms", "used", "energy, uJ", "EDP, uJ ms", "DRAM, kB", "ops / byte")


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
            help="The layers for SCALE-Sim (CSV) and Timeloop (YAML), with word lengths.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    layers: Annotated[bool, typer.Option("--layers", help="Layer by layer as well.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="The constants behind the figures, with sources.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="The comparison as a page (.html).", rich_help_panel=OUTPUT),
    ] = None,
) -> None:
    """Says what one image costs in a design on named accelerators: cycles, time, energy, off-chip traffic.

    Of the sums of products alone; other layers are free in these models. Machines that skip zeros or bits read the
    operands of --images training images of --data; without data, machines that do not read values can be asked about
    any network, by its shapes and word lengths. Used is the share of the machine's lanes that did work. Published
    configurations; figures of different machines are comparable as far as their models and constants are (--explain).

    Example:
      adequate cost digits-cnn --data digits --bits 8 --accelerator dadiannao
    """
    from adequate.accelerators import layer_costs
    from adequate.cli.output import answer, answer_json, facts
    from adequate.cli.progress import Progress

    chosen = machines(accelerator, technology)
    with Progress() as progress:
        found = sampled(model, sample, design, compute, progress)
        energies, told = _relative_energies(found, progress) if synthesis else ({}, _unknown(found))
        costs: dict[str, dict[str, Cost]] = {}
        refused: dict[str, str] = {}
        for done, machine in enumerate(chosen):
            progress.advance("machines", done, len(chosen))
            try:
                costs[machine.name()] = layer_costs(found.network, found.design, machine, found.operands, energies)
            except ValueError as error:
                if len(chosen) == 1:
                    raise
                refused[machine.name()] = str(error)
    if not costs:
        raise ValueError("; ".join(refused.values()))
    if plot is not None:
        from adequate.accelerators.memory import bytes_per_second
        from adequate.reporting.costs import costs_page

        costs_page(
            costs,
            plot,
            title=f"{model.model}: what it costs",
            about=found.facts,
            reductions=_reductions(found),
            bandwidths={one.name(): speed for one in chosen if (speed := bytes_per_second(one)) is not None},
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
                "accelerators": {name: _plain(of_layers, layers) for name, of_layers in costs.items()},
                **({"refused": refused} if refused else {}),
                **({"relative_energies": energies} if energies else {}),
                **({"constants": _texts(constants)} if explain else {}),
            }
        )
        return
    answer(_table(costs, layers))
    if explain:
        answer(_explained(chosen))
    rows = {**found.facts, **told, **{f"{name} refuses": why for name, why in refused.items()}}
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


def _reductions(found: "Sampled") -> dict[str, float]:
    """How many times less work zeros and terms leave, where there are integers to count; infinite ones left out."""
    from adequate.accelerators import work_of
    from adequate.accelerators.work_reduction import KINDS_TOLD, BitWork, bit_work

    if not found.operands:
        return {}
    works = [work_of(found.network[name], found.design[name], one) for name, one in found.operands.items()]
    bits = max(max(one.activation_width, one.weight_width) for one in works)
    if bits > WIDEST_WORK:
        return {}
    left = sum((bit_work(one, bits) for one in works), BitWork()).reductions
    return {KINDS_TOLD[kind]: value for kind, value in left.items() if value != float("inf")}


def _plain(of_layers: "Mapping[str, Cost]", layers: bool) -> dict[str, Any]:
    from adequate.accelerators import total

    whole = _figures(total(of_layers.values()))
    return {**whole, "layers": {name: _figures(one) for name, one in of_layers.items()}} if layers else whole


def _figures(one: "Cost") -> dict[str, Any]:
    from adequate.accelerators.cost import FIGURES

    parts = {"traffic_bytes": dict(one.traffic_bytes), "energy_parts_pj": dict(one.energy_parts_pj)}
    return {name: getattr(one, name) for name in FIGURES} | parts


def _texts(constants: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {name: {what: str(one) for what, one in known.items()} for name, known in constants.items()}


def _table(costs: "Mapping[str, Mapping[str, Cost]]", layers: bool) -> Any:
    from adequate.accelerators import total
    from adequate.cli.output import table

    shown = table("accelerator", *(("layer",) if layers else ()), *COLUMNS, numbers=COLUMNS)
    for name, of_layers in costs.items():
        if layers:
            for layer, one in of_layers.items():
                shown.add_row(name, layer, *_cells(one))
        whole = ("all",) if layers else ()
        shown.add_row(name, *whole, *_cells(total(of_layers.values())), style="bold" if layers else None)
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
