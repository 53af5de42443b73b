"""A quantised ONNX graph in a folder, with images and what the emulation makes of them."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from adequate.design import Design
from adequate.emulation import emulate
from adequate.exporters.folder import whole_folder, write_manifest
from adequate.exporters.verification import Mismatch, Verification
from adequate.network import Network
from adequate.network.reading import read
from adequate.storage import load_tensors, save_tensors

GRAPH, VECTORS = "network.onnx", "vectors.safetensors"


def export_graph(
    network: Network,
    design: Design,
    folder: Path,
    kind: str,
    write: Callable[[Network, Design, Path], None],
    *,
    images: Tensor,
) -> None:
    """Writes the graph by ``write`` (``export_qonnx``, ``export_onnx``), the images and the emulated outputs for them.

    The folder is whole or absent; equal arguments give equal bytes.

    Raises:
        OSError: it cannot be written.
        ValueError: the graph cannot say the design, or the folder holds something else.
    """
    with whole_folder(folder) as made, torch.no_grad():
        write(network, design, made / GRAPH)
        outputs = _outputs(emulate(network, design)(images))
        named = {f"output {at}": one for at, one in enumerate(outputs)}
        save_tensors(made / VECTORS, {"images": images, **named}, {})
        write_manifest(made, kind, images=len(images))


def verify_graph(folder: Path) -> Verification:
    """Reads the graph again, emulates the design that it brings along and compares the outputs, bit for bit.

    Raises:
        OSError: a file is missing.
        ValueError: a file is damaged.
    """
    vectors, _ = load_tensors(folder / VECTORS)
    if "images" not in vectors:
        raise ValueError(f"{folder / VECTORS} has no images")
    network, design = read(folder / GRAPH)
    with torch.no_grad():
        found = _outputs(emulate(network, design)(vectors["images"]))
    compared = 0
    for at, output in enumerate(found):
        wanted = vectors.get(f"output {at}")
        if wanted is None or wanted.shape != output.shape:
            raise ValueError(f"{folder / VECTORS} has no output {at} of this network")
        differing = (wanted != output).flatten().nonzero().flatten()
        if len(differing):
            first = int(differing[0])
            ends = float(wanted.flatten()[first]), float(output.flatten()[first])
            return Verification(compared, Mismatch(f"output {at}", first, *ends))
        compared += output.numel()
    return Verification(compared, None)


def _outputs(result: object) -> list[Tensor]:
    return [result] if isinstance(result, Tensor) else list(cast(tuple[Tensor, ...], result))
