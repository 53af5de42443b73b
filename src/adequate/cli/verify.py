"""``adequate verify``: an export run on its test images, number by number."""

from pathlib import Path
from typing import Annotated

import typer

from adequate.cli.errors import Misuse
from adequate.cli.options import OutputOptions


def verify(
    folder: Annotated[
        Path, typer.Argument(metavar="EXPORT", exists=True, file_okay=False, help="What adequate export wrote.")
    ],
    output: OutputOptions,
) -> None:
    """Compiles or simulates an export and compares every number with what the design says.

    hls is compiled with g++, verilog simulated with Icarus Verilog, a graph read again and emulated, npz run in
    Python integers. Prints "0 mismatches of N values", or the first difference and exits with code 1. A graph is run
    by onnxruntime too, or by qonnx, where that is installed: a second line says what came of it.
    What is in the folder is compiled and run: verify only what you trust.

    Example:
      adequate verify exports/digits
    """
    from adequate.cli.output import answer, answer_json
    from adequate.cli.progress import Progress
    from adequate.exporters import kind_of, second_opinion, verify_graph, verify_hls, verify_integers, verify_verilog

    verifications = {
        "hls": verify_hls,
        "verilog": verify_verilog,
        "qonnx": verify_graph,
        "onnx": verify_graph,
        "npz": verify_integers,
    }
    kind = kind_of(folder)
    if kind not in verifications:
        raise Misuse(f"{folder} is no export; adequate export writes one")
    with Progress() as progress:
        progress.stage(f"{kind}: running it")
        found = verifications[kind](folder)
        second = second_opinion(folder) if found and verifications[kind] is verify_graph else None
    if output.json:
        first = found.mismatch
        differs = None if first is None else {"layer": first.layer, "index": first.index}
        ends = {} if first is None else {"expected": first.expected, "found": first.found}
        others = {} if second is None else {"second": {"agrees": second.agrees, "said": second.said}}
        mismatch = None if differs is None else {**differs, **ends}
        answer_json({"kind": kind, "values": found.values, "mismatch": mismatch, **others})
    else:
        answer(str(found) if second is None else f"{found}, read again and emulated\n{second}")
    if not found or (second is not None and not second):
        raise typer.Exit(1)
