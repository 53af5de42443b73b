"""A network's sums of products as workloads of outside tools: of SCALE-Sim, Timeloop and ZigZag."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adequate.accelerators.loop_nest import LoopNest, loop_nest
from adequate.accelerators.work import FLOAT_BITS, Work, work_of
from adequate.design import Design
from adequate.exporters.folder import whole_folder, write_manifest
from adequate.network import Network
from adequate.network.layer import Layer

LONGEST_NAME = 60
"""Characters of a layer's name in a file's."""

CONVOLUTIONS = (
    "Layer name",
    "IFMAP Height",
    "IFMAP Width",
    "Filter Height",
    "Filter Width",
    "Channels",
    "Num Filter",
    "Strides",
)


def scalesim_convolutions(network: Network) -> str:
    """SCALE-Sim's topology (CSV) of one image: a row for every group of every layer, once for each call.

    Padding is part of the activations, and rows and columns that no window reads are left out, for SCALE-Sim rounds the
    number of windows up. A layer that is dilated, or has two strides, stands as the matrix product it is, as SCALE-Sim
    takes those: its rows have one stride.

    Source: scalesim 3.0.0, topology_utils.py, which reads all of it.

    Raises:
        ValueError: a layer has no loops (see ``loop_nest``).
    """
    rows = [(name, *_convolution(loops)) for name, loops in _groups(network)]
    return _table(CONVOLUTIONS, rows)


def scalesim_products(network: Network) -> str:
    """SCALE-Sim's topology (CSV) as matrix products, M windows by N filters by K summed; rows as above.

    Raises:
        ValueError: as ``scalesim_convolutions``.
    """
    rows = [(name, loops.windows, loops.filters, loops.channels * loops.taps) for name, loops in _groups(network)]
    return _table(("Layer", "M", "N", "K"), rows)


def timeloop_problem(layer: Layer) -> str:
    """Timeloop's problem (YAML, written as the JSON it contains) of one call of a layer on one image.

    Dimensions: G groups, C channels and M filters of one, R x S taps, P x Q windows, N = 1 images.

    The keys are those of Timeloop's own CNN shapes (dimensions, coefficients, data-spaces); not run through Timeloop.

    Raises:
        ValueError: as ``scalesim_convolutions``.
    """
    loops = loop_nest(layer)
    sizes = {"N": 1, "G": loops.groups, "C": loops.channels, "M": loops.filters}
    sizes |= dict(zip("RSPQ", (*loops.kernel, *loops.output), strict=True))
    names = ("Hstride", "Wstride", "Hdilation", "Wdilation")
    values = (*loops.stride, *loops.dilation)
    rows, columns = [["R", "Hdilation"], ["P", "Hstride"]], [["S", "Wdilation"], ["Q", "Wstride"]]
    spaces = [
        {"name": "Weights", "projection": [[[one]] for one in "GMCRS"]},
        {"name": "Inputs", "projection": [*([[one]] for one in "NGC"), rows, columns]},
        {"name": "Outputs", "projection": [[[one]] for one in "NGMPQ"], "read-write": True},
    ]
    shape = {
        "name": layer.name,
        "dimensions": list(sizes),
        "coefficients": [{"name": name, "default": value} for name, value in zip(names, values, strict=True)],
        "data-spaces": spaces,
    }
    return json.dumps({"problem": {"shape": shape, "instance": sizes}}, indent=2) + "\n"


def zigzag_workload(network: Network, design: Design) -> str:
    """ZigZag's workload (YAML, written as the JSON it contains) of one image: every call of every layer.

    Dimensions: G groups, C channels and K filters of one, FX x FY taps, OX x OY windows, B = 1 images. Precisions are
    the design's word lengths, 32 bits without a format; that of a partial sum is what the exact sum of integers takes.
    Every operand comes from the outermost memory: layers in between are not among them.

    ZigZag takes this as well as an ONNX model, of which it reads word lengths in attributes of its own alone and swaps
    the sides of kernels that are not square. Source: zigzag-dse 3.9.1, workload_validator.py, conv_parser.py.

    Raises:
        ValueError: as ``scalesim_convolutions``.
    """
    layers = (layer for layer in network.layers if layer.multiplies for _ in range(layer.calls))
    found = [_zigzag(at, layer, work_of(layer, design[layer.name])) for at, layer in enumerate(layers)]
    return json.dumps(found, indent=2) + "\n"


def export_workload(network: Network, design: Design, folder: Path) -> None:
    """Writes ``convolutions.csv`` and ``products.csv`` for SCALE-Sim, Timeloop's problems, and ``zigzag.yaml``.

    And ``bits.json``, which has the word lengths of every layer's input, weight and output, null without a format. The
    same bytes for the same network and design.

    Raises:
        OSError: the folder cannot be written.
        ValueError: it holds something else than an export, or as ``scalesim_convolutions``.
    """
    multiplying = [layer for layer in network.layers if layer.multiplies]
    bits = {
        layer.name: {
            slot: None if (format := getattr(design[layer.name], slot)) is None else format.bits
            for slot in ("input", "weight", "output")
        }
        for layer in multiplying
    }
    with whole_folder(folder) as made:
        (made / "convolutions.csv").write_text(scalesim_convolutions(network), encoding="utf-8")
        (made / "products.csv").write_text(scalesim_products(network), encoding="utf-8")
        (made / "timeloop").mkdir()
        for at, layer in enumerate(multiplying, 1):
            name = re.sub(r"[^\w-]", "_", layer.name)[:LONGEST_NAME]
            (made / "timeloop" / f"{at:03}-{name}.yaml").write_text(timeloop_problem(layer), encoding="utf-8")
        (made / "zigzag.yaml").write_text(zigzag_workload(network, design), encoding="utf-8")
        (made / "bits.json").write_text(json.dumps(bits, indent=2) + "\n", encoding="utf-8")
        write_manifest(made, "workload")


def _zigzag(at: int, layer: Layer, work: Work) -> dict[str, Any]:
    loops = work.loops
    (rows, columns), (height, width), (top, bottom, left, right) = loops.output, loops.kernel, loops.padding
    sizes = {"B": 1, "G": loops.groups, "K": loops.filters, "C": loops.channels}
    sizes |= {"OX": columns, "OY": rows, "FX": width, "FY": height}
    sums = work.activation_width + work.weight_width + (loops.channels * loops.taps - 1).bit_length()
    return {
        "id": at,
        "name": layer.name,
        "operator_type": "Gemm" if layer.contraction is not None else "Conv",
        "equation": "O[b][g][k][oy][ox]+=W[g][k][c][fy][fx]*I[b][g][c][iy][ix]",
        "dimension_relations": [
            f"ix={loops.stride[1]}*ox+{loops.dilation[1]}*fx",
            f"iy={loops.stride[0]}*oy+{loops.dilation[0]}*fy",
        ],
        "loop_dims": list(sizes),
        "loop_sizes": list(sizes.values()),
        "operand_precision": {
            "W": work.weight_bits,
            "I": work.activation_bits,
            "O": sums if work.integers else FLOAT_BITS,
            "O_final": work.output_bits,
        },
        "operand_source": {"W": at, "I": at},
        "pr_loop_dims": ["IX", "IY"],
        "pr_loop_sizes": [loops.unpadded[1], loops.unpadded[0]],
        "padding": [[left, right], [top, bottom]],
    }


def _groups(network: Network) -> Iterator[tuple[str, LoopNest]]:
    """Every group of every call, by a name without what SCALE-Sim reads in one: commas, and DP for depthwise."""
    for layer in network.layers:
        if layer.multiplies:
            loops = loop_nest(layer)
            name = re.sub(r"[^\w.#-]", "_", layer.name).replace("DP", "Dp")
            for call in range(layer.calls):
                for group in range(loops.groups):
                    called = f"{name}@{call}" if layer.calls > 1 else name
                    yield (f"{called}/{group}" if loops.groups > 1 else called), loops


def _convolution(loops: LoopNest) -> tuple[int, ...]:
    summed = loops.channels * loops.taps
    if loops.stride[0] != loops.stride[1] or (loops.dilation != (1, 1) and loops.taps > 1):
        return loops.windows, summed, 1, summed, 1, loops.filters, 1
    read = [
        stride * (count - 1) + kernel
        for stride, count, kernel in zip(loops.stride, loops.output, loops.kernel, strict=True)
    ]
    return *read, *loops.kernel, loops.channels, loops.filters, loops.stride[0]


def _table(header: tuple[str, ...], rows: list[tuple[str | int, ...]]) -> str:
    """Every line ends with a comma, as SCALE-Sim drops what is behind the last."""
    return "".join(",".join(map(str, line)) + ",\n" for line in [header, *rows])
