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

    hls is compiled with g++, verilog simulated with Verilator or Icarus Verilog, a graph read again and emulated,
    npz run in Python integers. Prints "0 mismatches of N values", or the first difference and exits with code 1.
    What is in the folder is compiled and run: verify only what you trust.

    Example:
      adequate verify exports/digits
    """
    from adequate.cli.output import answer, answer_json
    from adequate.cli.progress import Progress
    from adequate.exporters import kind_of, verify_graph, verify_hls, verify_integers, verify_verilog

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
    if output.json:
        first = found.mismatch
        differs = None if first is None else {"layer": first.layer, "index": first.index}
        ends = {} if first is None else {"expected": first.expected, "found": first.found}
        answer_json(
            {"kind": kind, "values": found.values, "mismatch": None if differs is None else {**differs, **ends}}
        )
    else:
        answer(str(found))
    if not found:
        raise typer.Exit(1)
