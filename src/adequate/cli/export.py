"""``adequate export``: what a run found, as hardware, as a graph for other tools, or as integers."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adequate.cli.errors import Misuse
from adequate.cli.options import OutputOptions, data_dir_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adequate.exporters.verilog import Hardware

VERILOG = "Verilog"
"""A panel of the help page."""


class Target(StrEnum):
    """Kinds of exports."""

    HLS = "hls"
    VERILOG = "verilog"
    QONNX = "qonnx"
    ONNX = "onnx"
    NPZ = "npz"


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", exists=True, file_okay=False, help="Folder of a finished run.")],
    output: OutputOptions,
    to: Annotated[Target, typer.Option(metavar="KIND", help="hls, verilog, qonnx, onnx or npz.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", file_okay=False, help="Folder to write; whole or absent.")],
    images: Annotated[int, typer.Option(metavar="N", min=1, help="Test images to verify it on.")] = 10,
    data_dir: Annotated[Path | None, data_dir_option()] = None,
    rows: Annotated[
        int, typer.Option(metavar="N", min=1, help="Rows of processing elements.", rich_help_panel=VERILOG)
    ] = 4,
    columns: Annotated[
        int, typer.Option(metavar="N", min=1, help="Columns of processing elements.", rich_help_panel=VERILOG)
    ] = 4,
    area: Annotated[
        bool,
        typer.Option("--area", help="Cells of a processing element, by Yosys; minutes, once.", rich_help_panel=VERILOG),
    ] = False,
) -> None:
    """Writes the design and the weights that a run left, in a form that computes the very same numbers.

    hls is C++17 for g++ and for high-level synthesis, verilog an array of processing elements that runs the
    network from memory images, qonnx and onnx are graphs with quantisers, npz is the program of integers itself.
    Each folder holds test images and every layer's output for them: adequate verify compares.

    Example:
      adequate export runs/digits --to hls --out exports/digits
    """
    from adequate.cli.data_of_run import images_of
    from adequate.cli.models import network_of_run
    from adequate.cli.output import answer, answer_json, facts
    from adequate.cli.progress import Progress
    from adequate.design import Design
    from adequate.exporters import export_graph, export_hls, export_integers, export_onnx, export_qonnx, export_verilog
    from adequate.lowering import lower
    from adequate.run import Run

    if area and to is not Target.VERILOG:
        raise Misuse(f"--area goes with --to verilog, whose processing elements it is of, not with --to {to.value}")
    place, element = Run(run), dict[str, str | int | None]()
    with Progress() as progress:
        progress.stage("network")
        network = network_of_run(place)
        if network is None:
            raise Misuse(f"{run} is no finished run of a model that adequate knows by name or file")
        design = Design.load(place.design_file)
        batch = images_of(place, images, data_dir)
        if to in (Target.QONNX, Target.ONNX):
            progress.stage("graph")
            write = export_qonnx if to is Target.QONNX else export_onnx
            export_graph(network, design, out, to.value, write, images=batch)
        else:
            progress.stage("program of integers")
            program = lower(network, design)
            progress.stage(f"{to.value}, {len(batch)} images in Python integers")
            parts = batch.split(1)
            if to is Target.VERILOG:
                hardware = export_verilog(program, out, rows=rows, columns=columns, images=parts)
                if area:
                    progress.stage("synthesis of a processing element")
                    element = _element(hardware)
            else:
                integers = export_hls if to is Target.HLS else export_integers
                integers(program, out, images=[program.encode(image) for image in parts])
    if output.json:
        answer_json(
            {"export": str(out), "kind": to.value, "images": len(batch), **({"element": element} if area else {})}
        )
    else:
        answer(f"export  {out}\nverify  adequate verify {out}", *([facts(_told(element))] if area else ()))


def _element(hardware: "Hardware") -> dict[str, str | int | None]:
    """The cells of a processing element, and the tool that has chosen them."""
    from adequate.accelerators import Target as Cells
    from adequate.exporters.verilog.synthesis import synthesize_element

    try:
        fpga, gates, cmos = (synthesize_element(hardware, target=one) for one in (Cells.FPGA, Cells.GATES, Cells.CMOS))
    except FileNotFoundError as error:
        raise Misuse(f"--area: {error}") from None
    return {
        "luts": fpga.luts,
        "carries": fpga.carries,
        "flip_flops": fpga.flip_flops,
        "gates": gates.gates,
        "transistors": cmos.transistors,
        "synthesized_by": fpga.tool,
    }


def _told(element: "Mapping[str, str | int | None]") -> dict[str, str]:
    return {name.replace("_", " "): str(value) for name, value in element.items()}
