"""What other tools make of an exported graph, as a second opinion on it."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

from adequate.design import Design
from adequate.exporters.folder import kind_of
from adequate.exporters.graph_folder import GRAPH, VECTORS
from adequate.exporters.onnx_running import run_onnx, run_qonnx
from adequate.formats import Scaled
from adequate.lowering import lower
from adequate.network import Network
from adequate.network.reading import read
from adequate.program.steps import Divide, Table
from adequate.program.value import exponent
from adequate.storage import load_tensors

SIGNIFICAND = 2**24
"""Integers up to here are float32 numbers, and so are their sums: IEEE 754, binary32."""


@dataclass(frozen=True)
class Opinion:
    """Whether a tool's outputs contradict an export's, and in a line what came of comparing them."""

    agrees: bool
    said: str

    def __bool__(self) -> bool:
        return self.agrees

    def __str__(self) -> str:
        return self.said


def second_opinion(folder: Path) -> Opinion:
    """What onnxruntime, or for QONNX its executor, makes of an export of ``export_graph``.

    It contradicts where the outputs differ though float32 computes the design exactly. Elsewhere, as where the tool is
    not installed, it only says what it found.

    Raises:
        OSError: a file is missing.
        ValueError: a file is damaged.
    """
    tool, run = ("qonnx", run_qonnx) if kind_of(folder) == "qonnx" else ("onnxruntime", run_onnx)
    vectors, _ = load_tensors(folder / VECTORS)
    try:
        outputs = run(folder / GRAPH, vectors["images"])
    except ImportError:
        return Opinion(True, f"{tool} is not installed: it could run the graph too")
    except ValueError as error:
        return Opinion(True, f"not run by {error}")
    name = f"{tool} {version(tool)}"
    wanted = torch.cat([vectors[f"output {at}"].flatten() for at in range(len(outputs))])
    apart = (torch.cat([one.flatten() for one in outputs]) - wanted).abs()
    count = int((apart != 0).sum())
    if not count:
        return Opinion(True, f"0 mismatches of {len(apart)} values in {name}")
    said = f"{count} of {len(apart)} values differ in {name}, by at most {float(apart.max()):g}"
    if _exact_in_float32(*read(folder / GRAPH)):
        return Opinion(False, said)
    return Opinion(True, f"{said}: it computes in float32, which rounds this design's sums")


def _exact_in_float32(network: Network, design: Design) -> bool:
    """Whether every number on the way, partial sums included, is a float32 number, and nothing is a table."""
    try:
        program = lower(network, design)
    except ValueError:
        return False
    formats = [format for chosen in design.values() for format in chosen.slots().values()]
    return not any(isinstance(one, Scaled) and one.zero != 0 for one in formats) and all(
        max(map(abs, step.value.range)) <= SIGNIFICAND
        and all(exponent(unit) is not None for unit in step.value.unit)
        and not isinstance(step, Divide | Table)
        for step in program.steps
    )
