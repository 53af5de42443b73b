"""The only door for networks from files.

Each kind of file brings its reader along when it is first met: nobody waits for a library of another kind's.
"""

from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from adequate.design import Design
from adequate.network.network import Network
from adequate.network.trace import trace

Shape = tuple[int, ...]


def read(path: Path | str, *, weights: Path | str | None = None, shape: Shape | None = None) -> tuple[Network, Design]:
    """The network in a file, and the design that the file says: the formats of its quantised layers, often none.

    ``.onnx``: opsets as ``network.onnx`` has them; quantisers (QDQ, QCDQ, QONNX) become the design. ``.pt2``: what
    ``torch.export.save`` leaves. ``.prototxt``: Caffe's layers, with ``weights`` from a ``.caffemodel`` (else random);
    Ristretto's layers become the design. ``shape`` are the sizes of the first input without its batch, where the file
    leaves them free. The design is for the network as it is in the file, batch normalisation not folded. Nothing in a
    file is executed.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file of another kind, truncated or corrupt; layers that are not known, all of them listed; a
            shape or weights that do not fit.
    """
    path = Path(path)
    if path.suffix not in READERS:
        raise ValueError(f"{path}: networks are read from {', '.join(READERS)}")
    return READERS[path.suffix](path, None if weights is None else Path(weights), shape)


def _onnx(path: Path, weights: Path | None, shape: Shape | None) -> tuple[Network, Design]:
    from adequate.network.onnx import example_inputs, module_of, read_graph
    from adequate.network.onnx.quantized import design_of, take_formats

    _refuse_weights(path, weights)
    graph = read_graph(path)
    try:
        taken = take_formats(graph)
        example = example_inputs(taken.graph, None if shape is None else (1, *shape))
        network = trace(module_of(taken.graph), example)
        return network, design_of(taken.formats, network)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def _pt2(path: Path, weights: Path | None, shape: Shape | None) -> tuple[Network, Design]:
    from adequate.network.pt2 import read_pt2

    _refuse_weights(path, weights)
    program, example = read_pt2(path)
    _refuse_other_shape(path, example, shape)
    return trace(program, example), Design()


def _prototxt(path: Path, weights: Path | None, shape: Shape | None) -> tuple[Network, Design]:
    from adequate.network.caffe import read_prototxt

    model = read_prototxt(path, weights, shape=shape)
    design = Design()
    for name, slots in model.formats.items():
        design = design.with_layers(name, **slots)
    return trace(model.module, model.example), design


def _refuse_weights(path: Path, weights: Path | None) -> None:
    if weights is not None:
        raise ValueError(f"{path} has its own weights; {weights} is for a .prototxt")


def _refuse_other_shape(path: Path, example: tuple[Tensor, ...], shape: Shape | None) -> None:
    own = tuple(example[0].shape[1:]) if example else ()
    if shape is not None and shape != own:
        raise ValueError(f"{path} was exported for inputs of shape {own}, not {shape}")


READERS: dict[str, Callable[[Path, Path | None, Shape | None], tuple[Network, Design]]] = {
    ".onnx": _onnx,
    ".pt2": _pt2,
    ".prototxt": _prototxt,
}
"""Kinds of files, by the end of their names."""
